"""What Stripe does not have: faults, the clock, webhooks' addresses, the money log. JSON in and out.

GET  /_sandbox/health                                 that it lives, and its time
GET  /_sandbox/log                                    the money log
GET  /_sandbox/requests                               every request seen: method, path, key, status
GET, POST, DELETE /_sandbox/faults                    what is still to go wrong; see `faults.Fault`
POST /_sandbox/clock {"advance_seconds": 60}          move the provider's time forward
GET, POST /_sandbox/webhooks                          addresses of webhooks; see `webhooks.Endpoint`
POST /_sandbox/events/ID/redeliver                    an event once more
POST /_sandbox/payment_intents/ID/authenticate {"succeeded": true}    the buyer's answer to the bank
"""

import json
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from payments.sandbox import intents
from payments.sandbox.clock import SandboxClock
from payments.sandbox.errors import ApiError, ParameterError
from payments.sandbox.faults import Fault, Faults
from payments.sandbox.objects import Json
from payments.sandbox.webhooks import Courier, Endpoint
from payments.sandbox.wire import Request, Response, answer
from payments.sandbox.world import World

PREFIX = "/_sandbox/"
B = TypeVar("B", bound=BaseModel)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A request that came in; `status` is None where no answer went out."""

    at: str
    method: str
    path: str
    idempotency_key: str | None
    status: int | None


class Advance(BaseModel):
    """How far to move the clock. It only goes forward."""

    model_config = ConfigDict(extra="forbid")
    advance_seconds: float = Field(ge=0)


class Authentication(BaseModel):
    """What the buyer did at the bank."""

    model_config = ConfigDict(extra="forbid")
    succeeded: bool = True


@dataclass(slots=True, kw_only=True)
class Control:
    """The control endpoints of one sandbox."""

    world: World
    clock: SandboxClock
    faults: Faults
    courier: Courier
    requests: list[Seen] = field(default_factory=list)

    @staticmethod
    def lasts(request: Request) -> bool:
        """Whether a restarted sandbox must do this again: time, answers and addresses last; faults do not."""
        return request.method == "POST" and not request.path.endswith(("/faults", "/redeliver"))

    def handle(self, request: Request) -> Response:
        """Answer a control request."""
        path = request.path.removeprefix(PREFIX)
        for method, pattern, act in ACTS:
            named = re.fullmatch(pattern, path)
            if named and method == request.method:
                return answer(200, act(self, request, *named.groups()))
        raise ApiError(f"The sandbox has no {request.method} {request.path}.", status=404)

    def health(self, _: Request) -> Json:
        """That it lives, and its time."""
        return {"status": "ok", "now": self.clock.now().isoformat()}

    def money_log(self, _: Request) -> list[Json]:
        """The money log."""
        return [asdict(line) for line in self.world.money.lines]

    def seen(self, _: Request) -> list[Json]:
        """Every request that came in."""
        return [asdict(seen) for seen in self.requests]

    def show_faults(self, _: Request) -> list[Json]:
        """What is still to go wrong."""
        return [fault.model_dump() for fault in self.faults.waiting]

    def add_fault(self, request: Request) -> list[Json]:
        """Let a later request go wrong."""
        self.faults.add(_parsed(Fault, request))
        return self.show_faults(request)

    def clear_faults(self, request: Request) -> list[Json]:
        """Let everything go well."""
        self.faults.clear()
        return self.show_faults(request)

    def advance(self, request: Request) -> Json:
        """Move the time forward."""
        self.clock.advance(_parsed(Advance, request).advance_seconds)
        return self.health(request)

    def show_webhooks(self, _: Request) -> list[Json]:
        """Where events go."""
        return [endpoint.model_dump(exclude={"secret"}) for endpoint in self.courier.endpoints]

    def add_webhook(self, request: Request) -> list[Json]:
        """Send what happens from now on there too."""
        self.courier.register(_parsed(Endpoint, request))
        return self.show_webhooks(request)

    def redeliver(self, _: Request, event_id: str) -> Json:
        """Send an event once more."""
        self.courier.again(event_id)
        return {"redelivered": event_id}

    def authenticate(self, request: Request, intent_id: str) -> Json:
        """Answer the bank in the buyer's name."""
        return intents.authenticate(self.world, intent_id, succeeded=_parsed(Authentication, request).succeeded).json()


ACTS: tuple[tuple[str, str, Callable[..., Any]], ...] = (
    ("GET", "health", Control.health),
    ("GET", "log", Control.money_log),
    ("GET", "requests", Control.seen),
    ("GET", "faults", Control.show_faults),
    ("POST", "faults", Control.add_fault),
    ("DELETE", "faults", Control.clear_faults),
    ("POST", "clock", Control.advance),
    ("GET", "webhooks", Control.show_webhooks),
    ("POST", "webhooks", Control.add_webhook),
    ("POST", r"events/(\w+)/redeliver", Control.redeliver),
    ("POST", r"payment_intents/(\w+)/authenticate", Control.authenticate),
)


def _parsed(model: type[B], request: Request) -> B:
    try:
        return model.model_validate(json.loads(request.body or "{}"))
    except (ValidationError, ValueError) as invalid:
        raise ParameterError(f"not understood: {invalid}") from invalid
