"""The port to what pays the merchant: an instrument for one of the handlers the merchant offers.

The buyer's token funds our hold; the merchant is paid with another instrument, which the operator configures.
None for what the merchant accepts means: refuse at the offer. Knows no merchant and no provider.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from payments.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentHandler:
    """A way to be paid that a merchant offers: its id, its reverse-domain name, the instrument types it takes."""

    handler_id: str
    name: str
    instrument_types: Sequence[str]
    config: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Instrument:
    """What to hand to the merchant. `credential` is secret: it goes on the wire and nowhere else."""

    handler_id: str
    type: str
    credential: Mapping[str, str] = field(repr=False)
    display: Mapping[str, str] = field(default_factory=dict)


class InstrumentSource(Protocol):
    """Where instruments come from: an issuer, a wallet, or the demo's test handler."""

    def choose(self, offered: Sequence[PaymentHandler]) -> PaymentHandler | None:
        """The handler we can pay with, in our order of preference, or None. Asked at the offer; reveals no secret."""
        ...

    def instrument(self, handler: PaymentHandler, amount: Money, *, key: str) -> Instrument | None:
        """An instrument good for `amount`. The same key gives the same instrument, or an equivalent one."""
        ...


class NoInstruments:
    """Nothing is configured: every merchant that wants to be paid is refused at the offer."""

    def choose(self, offered: Sequence[PaymentHandler]) -> PaymentHandler | None:  # noqa: ARG002 (the port's)
        """None."""
        return None

    def instrument(self, handler: PaymentHandler, amount: Money, *, key: str) -> Instrument | None:  # noqa: ARG002 (same)
        """None."""
        return None
