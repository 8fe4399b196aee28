"""The UCP adapter: any merchant that publishes `/.well-known/ucp` is bought from by code, with no browser.

Puts discovery, offering and placing together behind the contract of `merchants.sdk`. Keeps no purchase's state: what
an order needs later travels in `Offer.merchant_state`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from merchants.errors import FetchError
from merchants.fetch import Fetcher
from merchants.sdk import (
    Absent,
    Capabilities,
    Deadline,
    Instrument,
    InstrumentSource,
    Match,
    Offer,
    OfferRequest,
    Order,
    Refused,
    Unclear,
)
from merchants.ucp.api import Api
from merchants.ucp.checking import Checking
from merchants.ucp.discovery import Business, Directory, NoBusiness
from merchants.ucp.judging import OFFER_FAILED
from merchants.ucp.offering import Offering
from merchants.ucp.placing import Placing
from merchants.ucp.profile import agent_header
from merchants.ucp.reading import objects
from merchants.ucp.signatures import Signer
from merchants.ucp.versions import spoken

# An offer takes four to eight calls, each within the contract's ten seconds; an agent developer waits for it.
OFFER_SECONDS = 45.0
# A session and its orders, two or three reads; nobody waits for it.
CHECK_SECONDS = 30.0
_CAPABILITIES = Capabilities(promo_codes=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class UcpMerchant:
    """Buys from every business that speaks UCP over REST."""

    fetcher: Fetcher
    directory: Directory
    profile_url: str
    signer: Signer | None = None
    name: str = "ucp"
    capabilities: Capabilities = _CAPABILITIES

    def match(self, product_url: str) -> Match:
        """Whether the shop at `product_url` publishes a profile we can buy by."""
        found = self.directory.find(product_url)
        if isinstance(found, NoBusiness):
            return Match(matches=False, why=found.why)
        return Match(matches=True, why=f"{found.origin} speaks UCP {found.wire.version} at {found.endpoint}")

    def offer(self, request: OfferRequest, instruments: InstrumentSource, *, key: str) -> Offer | Refused:
        """Open a session at the merchant and read its price for this buyer."""
        found = self.directory.find(request.product_url)
        if isinstance(found, NoBusiness):
            return Refused(code=OFFER_FAILED, message=found.why, retryable=found.retryable)
        api = self._api(found, key, OFFER_SECONDS)
        try:
            offer = Offering(api=api, name=self.name, request=request).make(instruments)
        except FetchError as failure:
            self.directory.forget(found.origin)
            return Refused(
                code=OFFER_FAILED,
                message=str(failure),
                retryable=failure.retryable,
                evidence=api.evidence.as_mapping(),
            )
        return offer

    def place_order(
        self, request: OfferRequest, offer: Offer, instrument: Instrument | None, *, key: str
    ) -> Order | Refused | Unclear:
        """Complete the offered session, once."""
        return self._placing(offer, key).place(request, instrument)

    def find_order(self, offer: Offer, *, key: str) -> Order | Absent | Unclear:
        """Read the offered session; cancel it before saying that no order stands."""
        return self._placing(offer, key).find()

    def read_orders(self, offer: Offer, order_id: str | None, *, key: str) -> Sequence[Order] | Unclear | None:
        """What the merchant's books say of the offered session and of an order number; changes nothing."""
        state = offer.merchant_state
        checking = Checking(
            api=self._api(self._remembered(state), key, CHECK_SECONDS),
            session_id=str(state["session_id"]),
            reads_orders=state.get("orders") is True,
        )
        return checking.orders(order_id)

    def _placing(self, offer: Offer, key: str) -> Placing:
        state = offer.merchant_state
        api = self._api(self._remembered(state), key, Deadline.PLACE_ORDER_SECONDS)
        return Placing(
            api=api, offer=offer, session_id=str(state["session_id"]), reads_orders=state.get("orders") is True
        )

    def _remembered(self, state: Mapping[str, Any]) -> Business:
        """The business of an offer. It may have changed its keys since, so today's count too; the rest was agreed."""
        origin = str(state["origin"])
        wire = spoken(state["version"])
        if wire is None:
            raise ValueError(f"an offer made over UCP {state['version']!r} cannot be placed by this build")
        keys = objects(state.get("keys"))
        found = self.directory.find(origin) if keys else None
        return Business(
            origin=origin,
            endpoint=str(state["endpoint"]),
            wire=wire,
            keys=(*found.keys, *keys) if isinstance(found, Business) else keys,
        )

    def _api(self, business: Business, key: str, seconds: float) -> Api:
        return Api(
            fetcher=self.fetcher,
            business=business,
            agent=agent_header(self.profile_url, business.wire),
            key=key,
            seconds=seconds,
            signer=self.signer,
        )


def adapter(fetcher: Fetcher, *, profile_url: str, signer: Signer | None = None) -> UcpMerchant:
    """The adapter. `profile_url` is where merchants fetch who we are; `signer` signs what we send, if given."""
    if any(character in profile_url for character in '"\\\r\n') or not profile_url.isascii():
        raise ValueError("the profile's URL is written into a header; it must be plain ASCII without quotes")
    directory = Directory(fetcher=fetcher, agent=agent_header(profile_url))
    return UcpMerchant(fetcher=fetcher, directory=directory, profile_url=profile_url, signer=signer)
