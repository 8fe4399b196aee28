"""The commands on a tenant's endpoints and on what they were told. Each is one transaction, the caller's.

Knows rows, the vault and the clock. A secret leaves here when it is made, and never again; another tenant's endpoint
does not exist. Must never call outside.
"""

import secrets
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, col, delete, func, select

from checkout.store.clock import Clock
from checkout.store.vault import Vault
from checkout.store.webhooks import WebhookDelivery, WebhookEndpoint
from checkout.webhooks import queue, signing
from checkout.webhooks.errors import (
    DeliveryNotFoundError,
    EndpointDisabledError,
    EndpointNotFoundError,
    TooManyEndpointsError,
    WebhookUrlError,
)
from checkout.webhooks.sending import check_url
from merchants.errors import UrlError

# Each state of each purchase is written and sent once for each of them.
MAX_ENDPOINTS = 10
# Receivers are given a day to learn the new secret: until then both sign.
ROTATION = timedelta(hours=24)
BY_OWNER = "disabled through the API"


class Endpoints:
    """Commands on webhook endpoints. `guard` raises UrlError for a private address; it asks no network."""

    def __init__(
        self, vault: Vault, clock: Clock, guard: Callable[[str], object], allowed: Collection[str] = ()
    ) -> None:
        self._vault = vault
        self._clock = clock
        self._guard = guard
        self._allowed = allowed

    def create(
        self, session: Session, tenant: str, url: str, event_types: Sequence[str] | None, description: str | None
    ) -> tuple[WebhookEndpoint, str]:
        """The new endpoint and its secret, which is told nowhere else. WebhookUrlError, TooManyEndpointsError."""
        self.check_url(url)
        owned = select(func.count()).select_from(WebhookEndpoint).where(WebhookEndpoint.tenant == tenant)
        if session.exec(owned).one() >= MAX_ENDPOINTS:
            raise TooManyEndpointsError(f"a tenant has at most {MAX_ENDPOINTS} webhook endpoints")
        now, secret = self._clock.now(), signing.new_secret()
        endpoint = WebhookEndpoint(
            id=f"whe_{secrets.token_hex(16)}",
            tenant=tenant,
            url=url,
            description=description,
            event_types=_chosen(event_types),
            sealed_secret=self._vault.seal(secret),
            created_at=now,
            updated_at=now,
        )
        session.add(endpoint)
        session.flush()
        return endpoint, secret

    def find(self, session: Session, tenant: str, endpoint_id: str, *, lock: bool = False) -> WebhookEndpoint:
        """The tenant's endpoint; EndpointNotFoundError."""
        query = select(WebhookEndpoint).where(WebhookEndpoint.id == endpoint_id, WebhookEndpoint.tenant == tenant)
        endpoint = session.exec(query.with_for_update() if lock else query).one_or_none()
        if endpoint is None:
            raise EndpointNotFoundError(f"no webhook endpoint {endpoint_id}")
        return endpoint

    def of_tenant(self, session: Session, tenant: str) -> list[WebhookEndpoint]:
        """All of a tenant's, oldest first."""
        query = select(WebhookEndpoint).where(WebhookEndpoint.tenant == tenant)
        return list(session.exec(query.order_by(col(WebhookEndpoint.created_at), col(WebhookEndpoint.id))))

    def update(self, session: Session, tenant: str, endpoint_id: str, change: Mapping[str, Any]) -> WebhookEndpoint:
        """Change what `change` names: `url`, `event_types`, `description`, `disabled`. WebhookUrlError."""
        endpoint = self.find(session, tenant, endpoint_id, lock=True)
        now = self._clock.now()
        if "url" in change:
            self.check_url(change["url"])
            endpoint.url = change["url"]
        if "event_types" in change:
            endpoint.event_types = _chosen(change["event_types"])
        if "description" in change:
            endpoint.description = change["description"]
        disabled = change.get("disabled")
        if disabled is True and endpoint.disabled_at is None:
            queue.disable(session, endpoint, now, BY_OWNER)
        elif disabled is False and endpoint.disabled_at is not None:
            queue.enable(session, endpoint, now)
        endpoint.updated_at = now
        session.add(endpoint)
        return endpoint

    def delete(self, session: Session, tenant: str, endpoint_id: str) -> None:
        """Forget the endpoint and everything it was told."""
        endpoint = self.find(session, tenant, endpoint_id, lock=True)
        session.exec(delete(WebhookDelivery).where(col(WebhookDelivery.endpoint_id) == endpoint.id))
        session.delete(endpoint)

    def rotate(self, session: Session, tenant: str, endpoint_id: str) -> tuple[WebhookEndpoint, str]:
        """A new secret; the one before it signs too for a day. One that was still signing beside it ends now."""
        endpoint = self.find(session, tenant, endpoint_id, lock=True)
        now, secret = self._clock.now(), signing.new_secret()
        endpoint.sealed_previous, endpoint.previous_expires_at = endpoint.sealed_secret, now + ROTATION
        endpoint.sealed_secret, endpoint.updated_at = self._vault.seal(secret), now
        session.add(endpoint)
        return endpoint, secret

    def redeliver(self, session: Session, tenant: str, endpoint_id: str, delivery_id: str) -> WebhookDelivery:
        """Send an event once more with all its attempts, or go on with them now.

        DeliveryNotFoundError, EndpointDisabledError.
        """
        endpoint = self.find(session, tenant, endpoint_id)
        mine = select(WebhookDelivery).where(
            WebhookDelivery.id == delivery_id, WebhookDelivery.endpoint_id == endpoint.id
        )
        row = session.exec(mine.with_for_update()).one_or_none()
        if row is None:
            raise DeliveryNotFoundError(f"no delivery {delivery_id} to {endpoint_id}")
        if endpoint.disabled_at is not None:
            raise EndpointDisabledError(f"{endpoint_id} is disabled: {endpoint.disabled_reason}")
        if row.status != queue.PENDING:
            row.status, row.attempts, row.delivered_at = queue.PENDING, 0, None
        row.due_at = self._clock.now()
        session.add(row)
        return row

    def check_url(self, url: str) -> None:
        """WebhookUrlError for an address that nothing will be sent to."""
        check_url(url, self._allowed)
        try:
            self._guard(url)
        except UrlError as refused:
            raise WebhookUrlError(str(refused)) from refused


def prune(session: Session, before: datetime, batch: int) -> int:
    """Forget at most `batch` deliveries of events before `before`; how many. Call again while it is a full batch."""
    old = select(WebhookDelivery.id).where(col(WebhookDelivery.created_at) < before).limit(batch)
    return session.exec(delete(WebhookDelivery).where(col(WebhookDelivery.id).in_(old))).rowcount


def _chosen(event_types: Sequence[str] | None) -> list[str] | None:
    return None if event_types is None else sorted(set(event_types))
