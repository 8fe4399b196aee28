"""A gateway on a sandbox in this process, a clock that stands still, a wire that remembers what went over it."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from payments.gateway import Held, HoldRequest, Prepared
from payments.money import Money
from payments.sandbox.core import Sandbox
from payments.sandbox.faults import Fault
from payments.sandbox.transport import InProcessClient, Send
from payments.sandbox.wire import Request, Response
from payments.stripe_gateway import StripeGateway

START = datetime(2026, 1, 1, tzinfo=UTC)
TOTAL = Money(2646, "USD")
KEY = "ci_1"
VISA = "tok_visa"


@dataclass
class ManualClock:
    """A clock that stands still until it is moved."""

    moment: datetime = START

    def now(self) -> datetime:
        """The time it was last set to."""
        return self.moment

    def advance(self, **by: float) -> None:
        """Move forward."""
        self.moment += timedelta(**by)


@dataclass
class Rig:
    """The parts, put together. `faults_at[n]` is what happens to the n-th call over the wire, counted from 0."""

    clock: ManualClock = field(default_factory=ManualClock)
    faults_at: dict[int, Fault] = field(default_factory=dict)
    sent: list[Request] = field(default_factory=list)
    hung_seconds: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.sandbox = Sandbox(clock=self.clock, sleep=self.hung_seconds.append)
        self.client = InProcessClient(self.sandbox, self._wire)
        self.gateway = StripeGateway.connect("sk_test_rig", http_client=self.client)

    def money(self) -> list[tuple[str, int]]:
        """What moved, from the sandbox's own log."""
        return [(line.kind.value, line.amount_minor) for line in self.sandbox.money]

    def prepared(self, token: str = VISA) -> Prepared:
        """A payment of TOTAL that moves no money yet."""
        prepared = self.gateway.prepare(asked(token), key=f"{KEY}:authorize-payment:1")
        assert isinstance(prepared, Prepared), prepared
        return prepared

    def held(self, token: str = VISA) -> Held:
        """A live hold of TOTAL."""
        held = self.gateway.hold(self.prepared(token), key=f"{KEY}:create-charge:1")
        assert isinstance(held, Held), held
        return held

    def control(self, method: str, path: str, content: Any = None) -> Any:
        """Ask one of the sandbox's own endpoints."""
        body = "" if content is None else json.dumps(content)
        response = self.sandbox.handle(Request(method=method, path=f"/_sandbox/{path}", body=body))
        assert response.status == 200, response.body
        return response.json

    def answer_the_bank(self, payment_id: str, *, succeeded: bool) -> None:
        """Authenticate, or fail to, in the buyer's name."""
        self.control("POST", f"payment_intents/{payment_id}/authenticate", {"succeeded": succeeded})

    def _wire(self, request: Request, send: Send) -> Response:
        fault = self.faults_at.get(len(self.sent))
        self.sent.append(request)
        if fault:
            self.sandbox.faults.add(fault)
        return send()


def asked(token: str = VISA) -> HoldRequest:
    """A request to hold TOTAL."""
    return HoldRequest(amount=TOTAL, token=token, reference="ci_1", tenant="t_1", payment_attempt=1)
