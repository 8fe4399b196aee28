"""The gateway at Stripe itself, in test mode: opt-in, because it needs a key and the network.

`STRIPE_TEST_KEY=sk_test_… pytest tests/payments/test_real_stripe.py --force-enable-socket`. The same stories run at the
sandbox with every test run; what is asserted here is that Stripe answers as the sandbox does.
"""

import os
import uuid
from collections.abc import Iterator

import pytest

from payments.gateway import Captured, Declined, Held, NotCapturable, Payment, PaymentStatus, Prepared, Released
from payments.money import Money
from payments.stripe_gateway import StripeGateway
from tests.payments.rig import TOTAL, Rig, asked

KEY = os.environ.get("STRIPE_TEST_KEY", "")
at_stripe = pytest.param(
    "stripe",
    marks=pytest.mark.skipif(not KEY.startswith("sk_test_"), reason="STRIPE_TEST_KEY is not set to a test key"),
)


@pytest.fixture(params=["sandbox", at_stripe])
def gateway(request: pytest.FixtureRequest) -> Iterator[StripeGateway]:
    """A gateway at the sandbox, and one at Stripe where a key is given."""
    if request.param == "sandbox":
        yield Rig().gateway
        return
    gateway = StripeGateway.connect(KEY)
    yield gateway
    gateway.close()


@pytest.fixture
def key() -> str:
    """A key nobody used before: Stripe remembers them for a day."""
    return f"test:{uuid.uuid4()}"


def prepared(gateway: StripeGateway, key: str, token: str = "tok_visa") -> Prepared:  # noqa: S107 (a public test token)
    """A payment that moves no money yet."""
    outcome = gateway.prepare(asked(token), key=f"{key}:p")
    assert isinstance(outcome, Prepared), outcome
    return outcome


def test_hold_capture_and_return(gateway: StripeGateway, key: str) -> None:
    """The whole way of the money, with every call sent twice."""
    payment = prepared(gateway, key)
    held = gateway.hold(payment, key=f"{key}:h")
    assert isinstance(held, Held)
    assert held == gateway.hold(payment, key=f"{key}:h")
    assert TOTAL == held.amount
    for _ in range(2):
        captured = gateway.capture(held.payment_id, Money(2000, "USD"), key=f"{key}:c")
        assert Captured(payment_id=held.payment_id, amount=Money(2000, "USD")) == captured
    for _ in range(2):
        released = gateway.release(held.payment_id, key=f"{key}:r")
        assert isinstance(released, Released)
        assert Money(2000, "USD") == released.refunded
    payment_read = gateway.read(held.payment_id)
    assert isinstance(payment_read, Payment)
    assert (PaymentStatus.CAPTURED, Money(2000, "USD")) == (payment_read.status, payment_read.refunded)


def test_hold_and_release(gateway: StripeGateway, key: str) -> None:
    """A released hold cannot be captured any more."""
    held = gateway.hold(prepared(gateway, key), key=f"{key}:h")
    assert isinstance(held, Held)
    assert Released(payment_id=held.payment_id, released=TOTAL) == gateway.release(held.payment_id, key=f"{key}:r")
    assert isinstance(gateway.capture(held.payment_id, TOTAL, key=f"{key}:c"), NotCapturable)


@pytest.mark.parametrize(
    ("token", "code"),
    [("tok_chargeDeclinedInsufficientFunds", "insufficient_funds"), ("pm_card_authenticationRequired", None)],
)
def test_declines(gateway: StripeGateway, key: str, token: str, code: str | None) -> None:
    """Definite, and with nothing left to release."""
    payment = prepared(gateway, key, token)
    declined = gateway.hold(payment, key=f"{key}:h")
    assert isinstance(declined, Declined)
    assert (code or "authentication_required") == declined.code
    assert Released(payment_id=payment.payment_id) == gateway.release(payment.payment_id, key=f"{key}:r")
