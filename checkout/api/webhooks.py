"""`/api/v1/webhook-endpoints`: where a tenant wants to be told, what each place was told, and telling it again.

A secret leaves in one answer. The record of that answer, for whoever sends the same request again, holds it sealed.
"""

import json
from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.responses import JSONResponse, Response
from sqlmodel import Session, col
from sqlmodel.sql.expression import SelectOfScalar

from checkout.api.calling import Call, Caller, Live, Using, calls, needs
from checkout.api.documented import ONCE, reads, writes
from checkout.api.idempotency import Done, identify
from checkout.api.keys import Scope
from checkout.api.paging import Page, page, read_page
from checkout.api.services import Services
from checkout.api.webhook_bodies import (
    CreateWebhookEndpoint,
    DeliveryStatus,
    RedeliverWebhook,
    RotateWebhookSecret,
    UpdateWebhookEndpoint,
    WebhookDeliveryOut,
    WebhookDeliveryPage,
    WebhookEndpointDeleted,
    WebhookEndpointList,
    WebhookEndpointOut,
    WebhookEndpointSecret,
    delivery,
    endpoint,
)
from checkout.store.vault import Vault
from checkout.store.webhooks import WebhookDelivery, WebhookEndpoint
from checkout.webhooks.endpoints import Endpoints

router = APIRouter(prefix="/api/v1/webhook-endpoints", tags=["Webhooks"])

Writing = Annotated[Call, Depends(calls(Scope.WEBHOOKS))]
Reading = Annotated[Caller, Depends(needs(Scope.WEBHOOKS))]
KNOWN = ("webhook_endpoint_not_found",)


@router.post(
    "",
    operation_id="webhook_endpoints.create",
    status_code=201,
    response_model=WebhookEndpointSecret,
    responses=writes("webhook_url_refused", "webhook_endpoints_full", *ONCE),
)
def create(body: CreateWebhookEndpoint, call: Writing, live: Live) -> Response:
    """Have events sent to a URL, signed with the secret in this answer. Nothing that happened before is sent."""
    endpoints = _endpoints(live.services)

    def work(session: Session) -> Done:
        made = endpoints.create(session, call.caller.tenant, body.url, body.event_types, body.description)
        return _with_secret(201, made, live.services.vault)

    return _showing_secret(_once(live, call, work), live.services.vault)


@router.get("", operation_id="webhook_endpoints.list", response_model=WebhookEndpointList, responses=reads())
def list_endpoints(caller: Reading, using: Using) -> Response:
    """The tenant's endpoints, oldest first; there are ten at most."""
    with using.database.read() as session:
        rows = _endpoints(using).of_tenant(session, caller.tenant)
    return JSONResponse({"data": [endpoint(row) for row in rows]})


@router.get(
    "/{endpoint_id}",
    operation_id="webhook_endpoints.retrieve",
    response_model=WebhookEndpointOut,
    responses=reads(*KNOWN),
)
def retrieve(endpoint_id: str, caller: Reading, using: Using) -> Response:
    """One endpoint; whether it is disabled, and why."""
    with using.database.read() as session:
        return JSONResponse(endpoint(_endpoints(using).find(session, caller.tenant, endpoint_id)))


@router.patch(
    "/{endpoint_id}",
    operation_id="webhook_endpoints.update",
    response_model=WebhookEndpointOut,
    responses=writes(*KNOWN, "webhook_url_refused", *ONCE),
)
def update(endpoint_id: str, body: UpdateWebhookEndpoint, call: Writing, live: Live) -> Response:
    """Change what is named; disable it, or enable it again."""
    endpoints = _endpoints(live.services)

    def work(session: Session) -> Done:
        row = endpoints.update(session, call.caller.tenant, endpoint_id, body.named())
        return Done(status=200, body=endpoint(row))

    return _once(live, call, work)


@router.delete(
    "/{endpoint_id}",
    operation_id="webhook_endpoints.delete",
    response_model=WebhookEndpointDeleted,
    responses=writes(*KNOWN, *ONCE),
)
def delete(endpoint_id: str, call: Writing, live: Live) -> Response:
    """Send it nothing more, and forget what it was sent."""
    endpoints = _endpoints(live.services)

    def work(session: Session) -> Done:
        endpoints.delete(session, call.caller.tenant, endpoint_id)
        return Done(status=200, body={"id": endpoint_id, "deleted": True})

    return _once(live, call, work)


@router.post(
    "/{endpoint_id}/rotate-secret",
    operation_id="webhook_endpoints.rotate_secret",
    response_model=WebhookEndpointSecret,
    responses=writes(*KNOWN, *ONCE),
)
def rotate_secret(
    endpoint_id: str,
    call: Writing,
    live: Live,
    body: RotateWebhookSecret | None = None,  # noqa: ARG001 (validated: it must be empty)
) -> Response:
    """Make a new secret. The one before signs beside it for 24 hours, so that receivers can learn the new one."""
    endpoints = _endpoints(live.services)

    def work(session: Session) -> Done:
        return _with_secret(200, endpoints.rotate(session, call.caller.tenant, endpoint_id), live.services.vault)

    return _showing_secret(_once(live, call, work), live.services.vault)


@router.get(
    "/{endpoint_id}/deliveries",
    operation_id="webhook_endpoints.list_deliveries",
    response_model=WebhookDeliveryPage,
    responses=reads(*KNOWN),
)
def list_deliveries(
    endpoint_id: str,
    caller: Reading,
    using: Using,
    wanted: Annotated[Page, Depends(page)],
    status: Annotated[DeliveryStatus | None, Query(description="Only those that stand so.")] = None,
) -> Response:
    """What the endpoint was sent or is still to be sent, newest first, with the attempts and the last error."""

    def narrow(query: SelectOfScalar[WebhookDelivery]) -> SelectOfScalar[WebhookDelivery]:
        query = query.where(WebhookDelivery.endpoint_id == endpoint_id)
        return query.where(col(WebhookDelivery.status) == status) if status else query

    with using.database.read() as session:
        _endpoints(using).find(session, caller.tenant, endpoint_id)
        return JSONResponse(read_page(session, WebhookDelivery, wanted, narrow, delivery))


@router.post(
    "/{endpoint_id}/deliveries/{delivery_id}/redeliver",
    operation_id="webhook_endpoints.redeliver",
    response_model=WebhookDeliveryOut,
    responses=writes(*KNOWN, "webhook_delivery_not_found", "webhook_endpoint_disabled", *ONCE),
)
def redeliver(
    endpoint_id: str,
    delivery_id: str,
    call: Writing,
    live: Live,
    body: RedeliverWebhook | None = None,  # noqa: ARG001 (validated: it must be empty)
) -> Response:
    """Send an event once more, with the same `webhook-id`; one that waits for its next attempt is tried now."""
    endpoints = _endpoints(live.services)

    def work(session: Session) -> Done:
        row = endpoints.redeliver(session, call.caller.tenant, endpoint_id, delivery_id)
        return Done(status=200, body=delivery(row))

    return _once(live, call, work)


def _endpoints(using: Services) -> Endpoints:
    return Endpoints(using.vault, using.clock, using.check_url, using.settings.allowed_private_hosts)


def _once(live: Live, call: Call, work: Callable[[Session], Done]) -> Response:
    identity = identify(call.caller.tenant, call.method, call.path, call.idempotency_key)
    return live.idempotency.once(identity, call.sent, work)


def _with_secret(status: int, made: tuple[WebhookEndpoint, str], vault: Vault) -> Done:
    row, secret = made
    return Done(status=status, body={**endpoint(row), "secret": vault.seal(secret).decode()})


def _showing_secret(response: Response, vault: Vault) -> Response:
    """The answer as it goes out. It was recorded with the secret sealed, and is read again from there."""
    body = json.loads(bytes(response.body))
    replayed = {name: value for name, value in response.headers.items() if name == "idempotent-replayed"}
    opened = {**body, "secret": vault.open(body["secret"].encode())}
    return JSONResponse(opened, status_code=response.status_code, headers=replayed)
