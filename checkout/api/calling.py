"""Who calls and what they sent: the API key, the pace, the JSON body, the idempotency key, as FastAPI dependencies.

Order matters and is fixed here: key, scope, pace, media type, card numbers; only then is a body validated, so a card
number is refused before anything could keep or report it.
"""

import base64
import binascii
import email.message
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Header, Request
from fastapi.security import HTTPBearer

from checkout.api.cards import where_card_number
from checkout.api.idempotency import Idempotency
from checkout.api.keys import PREFIX, Scope, find_key
from checkout.api.pacing import Pace
from checkout.api.problems import ProblemError
from checkout.api.services import Services
from checkout.api.waiting import Waiting

# Only for the OpenAPI document; the header is read below, since Rye's own pages show the key with `Basic` too.
API_KEY = HTTPBearer(scheme_name="ApiKey", auto_error=False, description="An API key: `Authorization: Bearer ck_…`.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """What one running API keeps in memory beside its services; losing it loses no promise."""

    services: Services
    pace: Pace
    idempotency: Idempotency
    waiting: Waiting


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who calls: a key, its tenant, and what it may do."""

    key_id: str
    tenant: str
    scopes: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request that may change something: who sent it, where to, which JSON, under which idempotency key."""

    caller: Caller
    method: str
    path: str
    sent: Any
    idempotency_key: str | None


# Those that only look something up are asynchronous: FastAPI runs the others each in a thread of its pool, and two
# switches of threads cost more than what they do.
async def running(request: Request) -> Running:
    """The running API."""
    state: Running = request.app.state.running
    return state


Live = Annotated[Running, Depends(running)]


async def services(live: Live) -> Services:
    """The parts behind the API."""
    return live.services


Using = Annotated[Services, Depends(services)]


def needs(scope: Scope) -> Callable[..., Caller]:
    """A dependency: the caller, who must hold `scope`. Counts the request against the key's pace."""

    def caller(request: Request, live: Live, _documented: Annotated[Any, Depends(API_KEY)]) -> Caller:
        plaintext = _api_key(request.headers.get("authorization", ""))
        with live.services.database.glance() as driver:
            key = find_key(driver, plaintext) if plaintext else None
        if key is None:
            raise ProblemError(
                code="unauthenticated",
                detail="the Authorization header holds no API key that is valid here",
                headers={"WWW-Authenticate": "Bearer"},
            )
        found = Caller(key_id=key.id, tenant=key.tenant, scopes=key.scopes)
        request.state.caller = found
        paced = live.pace.count(found.key_id, request.method)
        request.state.pace = paced.headers
        paced.refuse_if_early()
        if scope.value not in found.scopes:
            raise ProblemError(code="missing_scope", detail=f"this needs the scope {scope.value}")
        return found

    return caller


async def sent_json_of_a_worker(request: Request) -> Any:
    """The JSON body as sent, or None; refused if it is not declared as JSON.

    An agent's evidence holds a merchant's own long numbers, and an order that stands must not be lost over one: card
    numbers are taken out where the answer is kept.
    """
    if not await request.body():
        return None
    declared = email.message.Message()
    declared["content-type"] = request.headers.get("content-type", "")
    if declared.get_content_type() != "application/json" and not declared.get_content_subtype().endswith("+json"):
        raise ProblemError(
            code="unsupported_media_type", detail="the body must be declared with Content-Type: application/json"
        )
    return await request.json()  # read and cached by FastAPI, which has answered malformed JSON before


def sent_json(sent: Annotated[Any, Depends(sent_json_of_a_worker)]) -> Any:
    """The JSON body as sent, or None; refused if a card number is anywhere in it."""
    if (path := where_card_number(sent)) is not None:
        raise ProblemError(code="card_number_refused", detail=f"a card number was found at {path}", param=path)
    return sent


IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=255,
        pattern=r"^[\x20-\x7e]*$",
        description="Any unique string. The same key and body again give the first answer, for at least 24 hours.",
        examples=["6e9e8c43-order-1"],
    ),
]


def calls(scope: Scope) -> Callable[..., Awaitable[Call]]:
    """A dependency: the whole call of a request that may change something."""

    async def call(
        request: Request,
        caller: Annotated[Caller, Depends(needs(scope))],
        sent: Annotated[Any, Depends(sent_json)],
        idempotency_key: IdempotencyKey = None,
    ) -> Call:
        return Call(
            caller=caller,
            method=request.method,
            path=request.url.path,
            sent=sent,
            idempotency_key=idempotency_key,
        )

    return call


def _api_key(authorization: str) -> str | None:
    """The key in `Bearer ck_…`, `Basic ck_…`, or HTTP's own Basic with the key as user, as curl -u sends it."""
    scheme, _, credentials = authorization.strip().partition(" ")
    credentials = credentials.strip()
    if scheme.lower() not in ("bearer", "basic"):
        return None
    if scheme.lower() == "basic" and not credentials.startswith(PREFIX):
        try:
            credentials = base64.b64decode(credentials, validate=True).decode().partition(":")[0]
        except (binascii.Error, UnicodeDecodeError):
            return None
    return credentials if credentials.startswith(PREFIX) else None
