"""The OpenAPI document: one entry per status and operation, with its problem codes.

Knows the table of problems. A route names the codes of its own; those every route may answer are added here.
"""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from checkout.api.envelopes import Problem
from checkout.api.kinds import KINDS
from checkout.api.problems import MEDIA_TYPE

DESCRIPTION = """Buy a product from its URL: create a checkout intent, poll it to an offer, confirm it with a payment
token, poll it to an order. The wire is that of Rye's checkout intents, so their client works with `base_url` set.

Every error is a problem (RFC 9457) with a stable `code`, a sentence in `detail`, and what to do in `next_step`. Every
POST may carry an `Idempotency-Key`. Amounts are integers in the currency's smallest unit."""

EVERYWHERE = ("bad_request", "method_not_allowed", "internal_error", "unavailable")
WITH_KEY = ("unauthenticated", "missing_scope", "rate_limited", "invalid_request")
WITH_BODY = ("malformed_json", "body_too_large", "unsupported_media_type", "card_number_refused")
ONCE = ("idempotency_conflict", "idempotency_in_flight")


def answers(*codes: str) -> dict[int | str, dict[str, Any]]:
    """`responses=` for a route that may answer with these problem codes."""
    by_status: dict[int, list[str]] = {}
    for code in dict.fromkeys((*codes, *EVERYWHERE)):
        by_status.setdefault(KINDS[code].status, []).append(code)
    return {
        status: {
            "model": Problem,
            "description": ", ".join(f"`{code}`" for code in known),
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status, known in sorted(by_status.items())
    }


def reads(*codes: str) -> dict[int | str, dict[str, Any]]:
    """For a route that reads with an API key."""
    return answers(*WITH_KEY, *codes)


def writes(*codes: str) -> dict[int | str, dict[str, Any]]:
    """For a route that changes something with an API key and a JSON body."""
    return answers(*WITH_KEY, *WITH_BODY, *codes)


def document(app: FastAPI) -> dict[str, Any]:
    """The document of `app`, made once. A problem is only ever sent as problem details, so only that is shown."""
    if app.openapi_schema is None:
        made = get_openapi(
            title=app.title,
            version=app.version,
            description=DESCRIPTION,
            routes=app.routes,
            separate_input_output_schemas=False,
        )
        for path in made["paths"].values():
            for operation in path.values():
                for status, response in operation["responses"].items():
                    if status.isdigit() and int(status) >= 400:  # noqa: PLR2004 (HTTP's first error status)
                        response.get("content", {}).pop("application/json", None)
        app.openapi_schema = made
    return app.openapi_schema
