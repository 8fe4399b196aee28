"""`/livez`, `/readyz` and the platform profile merchants fetch. Needs no key and says nothing about anybody."""

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse, Response
from pydantic import ConfigDict
from sqlalchemy import text

from checkout.api.calling import Using
from checkout.api.documented import answers
from checkout.api.replies import Reply

router = APIRouter(tags=["Service"])

# Merchants may keep our profile for an hour; its keys change with a release.
PROFILE_SECONDS = 3600


Version = Annotated[str | None, Query(max_length=32, description="A version of the Universal Commerce Protocol.")]


class Health(Reply):
    """The service answers."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"status": "ok"}]})

    status: str


class PlatformProfile(Reply):
    """Who we are towards merchants, in the Universal Commerce Protocol's form."""

    model_config = ConfigDict(extra="allow", json_schema_extra={"examples": [{"ucp": {"version": "2026-08-25"}}]})


@router.get("/livez", operation_id="livez", response_model=Health, responses=answers())
def livez() -> Response:
    """The process runs."""
    return JSONResponse({"status": "ok"})


@router.get("/readyz", operation_id="readyz", response_model=Health, responses=answers())
def readyz(using: Using) -> Response:
    """The process can serve: its database answers."""
    with using.database.read() as session:
        session.connection().execute(text("SELECT 1")).scalar_one()
    return JSONResponse({"status": "ok"})


@router.get(
    "/.well-known/ucp-agent.json",
    operation_id="platform_profile",
    response_model=PlatformProfile,
    responses=answers("invalid_request"),
)
def platform_profile(using: Using, version: Version = None) -> Response:
    """The profile that our `UCP-Agent` header points to, as the protocol version asked for writes it."""
    headers = {"Cache-Control": f"public, max-age={PROFILE_SECONDS}"}
    return JSONResponse(dict(using.platform_profile(version)), headers=headers)
