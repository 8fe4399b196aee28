"""The steps of a purchase as an outsider sees them: each has a call on the wire that a proxy can hold.

Which product leads there, and what the request looks like. A step that calls nobody outside begins where the answer of
the one before it is held.
"""

from dataclasses import dataclass

from tests.faults.infrastructure.buyer import Wish

SELLS = Wish("sells", "tok_visa")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A step, whose wire it goes over, and how its request begins: INTENT and SESSION stand for the purchase's own."""

    name: str
    wire: str
    request: str
    wish: Wish = SELLS
    before_confirmation: bool = False

    def __str__(self) -> str:
        return self.name


STEPS = (
    Step(name="fetch-offer", wire="shop", request=r"POST /ucp/checkout-sessions HTTP", before_confirmation=True),
    Step(name="authorize-payment", wire="provider", request=r"POST /v1/payment_intents HTTP.*INTENT:"),
    Step(name="create-charge", wire="provider", request=r"POST /v1/payment_intents/\w+/confirm HTTP.*INTENT:"),
    Step(name="place-order", wire="shop", request=r"POST /ucp/checkout-sessions/SESSION/complete HTTP"),
    Step(
        name="look-up-order",
        wire="shop",
        request=r"(GET|POST) /ucp/checkout-sessions/SESSION(/cancel)? HTTP",
        wish=Wish("drops_answer", "tok_visa"),
    ),
    Step(name="capture-charge", wire="provider", request=r"POST /v1/payment_intents/\w+/capture HTTP.*INTENT:"),
    Step(
        name="release-payment",
        wire="provider",
        request=r"POST /v1/payment_intents/\w+/cancel HTTP.*INTENT:",
        wish=Wish("declines", "tok_visa"),
    ),
)
