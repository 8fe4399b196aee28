"""An adapter that takes no URL at all: what a registry needs beside one that does."""

from dataclasses import dataclass

from merchants.fetch import Fetcher
from merchants.sdk import (
    Absent,
    Capabilities,
    Instrument,
    InstrumentSource,
    Match,
    Offer,
    OfferRequest,
    Refused,
    Unclear,
)


@dataclass(frozen=True, slots=True)
class Fussy:
    """Takes nothing."""

    name: str
    capabilities: Capabilities

    def match(self, product_url: str) -> Match:
        """Never."""
        return Match(matches=False, why=f"{product_url} is not good enough")

    def offer(self, request: OfferRequest, instruments: InstrumentSource, *, key: str) -> Offer | Refused:
        """Never."""
        raise NotImplementedError((request, instruments, key))

    def place_order(
        self, request: OfferRequest, offer: Offer, instrument: Instrument | None, *, key: str
    ) -> Refused | Unclear:
        """Never."""
        raise NotImplementedError((request, offer, instrument, key))

    def find_order(self, offer: Offer, *, key: str) -> Absent | Unclear:
        """Never."""
        raise NotImplementedError((offer, key))


def adapter(fetcher: Fetcher, *, name: str = "acme") -> Fussy:
    """The factory an entry point names."""
    assert isinstance(fetcher, Fetcher)
    return Fussy(name, Capabilities())
