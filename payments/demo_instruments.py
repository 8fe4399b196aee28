"""Instruments for demo merchants: a test handler's token, which moves no money. Never for a real merchant.

Chosen by the handler's name; the name decides the token too, so that a demo merchant's handler can be one whose
instruments are declined. Knows no merchant and no provider.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from payments.instruments import Instrument, PaymentHandler
from payments.money import Money

# The test handler of UCP's own samples, and the tokens it knows.
MOCK_HANDLER = "dev.ucp.mock_payment"
SUCCESS_TOKEN = "success_token"  # noqa: S105 (a public test value)
FAIL_TOKEN = "fail_token"  # noqa: S105 (a public test value)
TOKENS = {
    MOCK_HANDLER: SUCCESS_TOKEN,
    "mock_payment_handler": SUCCESS_TOKEN,
    f"{MOCK_HANDLER}.declining": FAIL_TOKEN,
}
CARD = "card"


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoInstruments:
    """An `InstrumentSource`: handler names in order of preference, each with the token to pay with."""

    tokens: Mapping[str, str] = field(default_factory=lambda: TOKENS, repr=False)

    def choose(self, offered: Sequence[PaymentHandler]) -> PaymentHandler | None:
        """The first offered handler we have a token for, in our order."""
        for name in self.tokens:
            for handler in offered:
                if handler.name == name:
                    return handler
        return None

    def instrument(self, handler: PaymentHandler, amount: Money, *, key: str) -> Instrument | None:  # noqa: ARG002 (a test token is good for any amount, every time)
        """The token for this handler, as an instrument of a type the merchant takes."""
        token = self.tokens.get(handler.name)
        if token is None:
            return None
        takes_cards = CARD in handler.instrument_types or not handler.instrument_types
        return Instrument(
            handler_id=handler.handler_id,
            type=CARD if takes_cards else handler.instrument_types[0],
            credential={"type": "token", "token": token},
            display={"brand": "Visa", "last_digits": "4242"},
        )
