"""Webhooks: events, signed as Stripe signs them, delivered at least once and in no promised order.

Deliveries are computed here and posted by whoever has a network (`Sandbox.deliver` is given the function that posts).
An answer other than 2xx, or none, is tried again later. `duplicate` delivers every event twice, `reorder` newest first:
what Stripe warns of, on demand. Times are the real ones, because receivers check them against their own clock.
"""

import hashlib
import hmac
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from pydantic import BaseModel, ConfigDict, Field

from payments.sandbox.objects import Event
from payments.sandbox.world import World

# Pauses before another try: long enough for a receiver to restart, short enough to watch.
RETRY_AFTER_SECONDS = (1, 5, 30, 300, 3600)


class Endpoint(BaseModel):
    """Where events go. `enabled_events` is empty for all."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    url: str
    secret: str = Field(min_length=8, repr=False)
    enabled_events: tuple[str, ...] = ()
    duplicate: bool = False
    reorder: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One post: the raw body and the header that signs it."""

    url: str
    body: str
    signature: str
    event_id: str


Post = Callable[[Delivery], int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """An event on its way to an endpoint."""

    event_id: str
    endpoint: Endpoint
    not_before: float = 0
    tries: int = 0


@dataclass(slots=True)
class Courier:
    """What is to be delivered where, and when again. Not thread-safe: the sandbox's lock is held around every call."""

    world: World
    endpoints: list[Endpoint] = field(default_factory=list)
    now: Callable[[], float] = time.time
    _parcels: list[Parcel] = field(default_factory=list)
    _seen: int = 0

    def register(self, endpoint: Endpoint) -> None:
        """Deliver what happens from now on to `endpoint` too."""
        self._collect()
        self.endpoints.append(endpoint)

    def again(self, event_id: str) -> None:
        """Deliver an event once more to every endpoint that takes its type."""
        self._pack(self.world.find(Event, event_id))

    def due(self) -> list[Parcel]:
        """What is to be posted now; each is to be handed back with `posted`."""
        self._collect()
        now = self.now()
        due = [parcel for parcel in self._parcels if parcel.not_before <= now]
        self._parcels = [parcel for parcel in self._parcels if parcel.not_before > now]
        if any(parcel.endpoint.reorder for parcel in due):
            due.reverse()
        return [parcel for parcel in due for _ in range(2 if parcel.endpoint.duplicate else 1)]

    def posted(self, parcel: Parcel, status: int) -> None:
        """What the receiver answered; 0 if nothing."""
        if 200 <= status < 300 or parcel.tries >= len(RETRY_AFTER_SECONDS):  # noqa: PLR2004 (HTTP's own success)
            return
        not_before = self.now() + RETRY_AFTER_SECONDS[parcel.tries]
        self._parcels.append(replace(parcel, not_before=not_before, tries=parcel.tries + 1))

    def signed(self, parcel: Parcel) -> Delivery:
        """The post itself."""
        body = json.dumps(self.world.find(Event, parcel.event_id).json())
        signature = sign(body, parcel.endpoint.secret, int(self.now()))
        return Delivery(url=parcel.endpoint.url, body=body, signature=signature, event_id=parcel.event_id)

    def _collect(self) -> None:
        events = self.world.all(Event)
        for event in events[self._seen :]:
            self._pack(event)
        self._seen = len(events)

    def _pack(self, event: Event) -> None:
        for endpoint in self.endpoints:
            if not endpoint.enabled_events or event.type in endpoint.enabled_events:
                self._parcels.append(Parcel(event_id=event.id, endpoint=endpoint))


def sign(body: str, secret: str, at: int) -> str:
    """The `Stripe-Signature` header: HMAC-SHA256 over the moment and the raw body."""
    digest = hmac.new(secret.encode(), f"{at}.{body}".encode(), hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"
