"""What must be true of a session before it is offered, and again before it is paid.

The same checks in both places: the one item, its quantity, the currency, totals that sum, an address that is the
buyer's. Knows a session and a request; must never call anybody.
"""

from collections.abc import Sequence
from dataclasses import replace

from merchants.sdk import Cost, Instrument, Offer, OfferRequest, PaymentHandler, Refused
from merchants.ucp.bodies import address
from merchants.ucp.checkout import Checkout, Status
from merchants.ucp.messages import INSUFFICIENT, OUT_OF_STOCK, Message, errors
from merchants.ucp.reading import text
from merchants.ucp.totals import Mismatch, read_cost
from merchants.ucp.versions import WireVersion

OFFER_FAILED = "offer_retrieval_failed"
PLACING_FAILED = "order_placement_failed"
# What an address is compared by: fields a merchant does not rewrite. Cities and streets come back normalised.
_COMPARED = ("postal_code", "address_country")


def read_offer(checkout: Checkout, request: OfferRequest, item_id: str, wire: WireVersion) -> Cost | Refused:
    """The cost of exactly what was asked for, or why this session is not it."""
    wrong = _wrong_line(checkout, request, item_id) or _wrong_address(checkout, request)
    if wrong:
        return wrong
    cost = read_cost(checkout.totals, checkout.currency, wire)
    if isinstance(cost, Mismatch):
        return Refused(code="incorrect_cost_breakdown", message=f"the merchant's totals cannot be trusted: {cost.why}")
    return cost


def changed(checkout: Checkout, offer: Offer, request: OfferRequest, wire: WireVersion) -> Refused | None:
    """What is no longer as it was confirmed. Cheaper is fine; anything else is not."""
    cost = read_offer(checkout, request, offer.item_id, wire)
    if isinstance(cost, Refused):
        return replace(cost, code=PLACING_FAILED if cost.code == OFFER_FAILED else cost.code)
    confirmed = offer.cost.total
    shipping = selected_options(checkout)
    why: str | None = None
    if cost.total.currency != confirmed.currency:
        why = f"the currency changed from {confirmed.currency} to {cost.total.currency} after the offer"
    elif not cost.total <= confirmed:
        why = f"the price changed from {confirmed} to {cost.total} after the offer"
    elif shipping != offer.selected_shipping_option_id:
        why = "the shipping option is no longer the one that was offered"
    return Refused(code=PLACING_FAILED, message=why) if why else None


def not_payable(checkout: Checkout, offer: Offer, instrument: Instrument | None) -> Refused | None:
    """Why this instrument must not be sent: it is not the one that was offered, or is no longer taken."""
    offered = offer.payment_handler
    if offered is None:
        return None
    why: str | None = None
    if instrument is None or instrument.handler_id != offered.handler_id:
        why = "the instrument is for another payment handler than was offered"
    elif checkout.handlers:  # a session that names no handlers on reading keeps those of its offer
        current = next((one for one in checkout.handlers if one.handler_id == offered.handler_id), None)
        if current is None or not _takes(current, instrument):
            why = f"the merchant does not take {instrument.type} by {offered.name}"
    elif not _takes(offered, instrument):
        why = f"the merchant did not offer {instrument.type} by {offered.name}"
    return Refused(code=PLACING_FAILED, message=why) if why else None


def _takes(handler: PaymentHandler, instrument: Instrument) -> bool:
    """The types a handler lists are all it takes; one that lists none leaves it open."""
    return not handler.instrument_types or instrument.type in handler.instrument_types


def selected_options(checkout: Checkout) -> str | None:
    """The chosen way to ship, as an offer names it; one per group."""
    groups = [group for method in checkout.shipping for group in method.groups]
    return "+".join(group.selected for group in groups if group.selected) or None


def not_ready(checkout: Checkout, *, code: str) -> Refused | None:
    """Why this session cannot be completed as it stands; None when it can. `code` when nothing better is said."""
    said = errors(checkout.messages)
    if checkout.status is Status.READY:
        return None
    if checkout.status is Status.INCOMPLETE and not said:
        return None  # shops were seen that stay incomplete, name nothing missing, and complete all the same
    if checkout.status is Status.REQUIRES_ESCALATION:
        return Refused(
            code=code,
            message=_sentence(said, "the merchant wants the buyer in person"),
            continue_url=checkout.handover_url,
        )
    return refusal(said, code=code, default=f"the merchant's session is {checkout.status}", url=checkout.handover_url)


def refusal(said: Sequence[Message], *, code: str, default: str, url: str | None = None) -> Refused:
    """A refusal in the merchant's words, with the failure code those words stand for."""
    found = next((message.failure_code for message in said if message.failure_code), None)
    return Refused(code=found or code, message=_sentence(said, default), continue_url=url)


def _sentence(said: Sequence[Message], default: str) -> str:
    return "; ".join(str(message) for message in said[:3] if str(message)) or default


def _wrong_line(checkout: Checkout, request: OfferRequest, item_id: str) -> Refused | None:
    """Exactly one line, of this item, in this quantity: a merchant may drop a line or lower a quantity, and says so."""
    said = errors(checkout.messages)
    if not checkout.lines:
        return refusal(said, code=OUT_OF_STOCK, default="the merchant dropped the item from its session")
    if len(checkout.lines) > 1 or checkout.lines[0].item_id != item_id:
        return Refused(code=OFFER_FAILED, message="the merchant's session holds something else")
    quantity = checkout.lines[0].quantity
    if quantity != request.quantity:
        return refusal(said, code=INSUFFICIENT, default=f"the merchant has {quantity} of the {request.quantity} wanted")
    return None


def _wrong_address(checkout: Checkout, request: OfferRequest) -> Refused | None:
    """A merchant that ships elsewhere than it was told; one that repeats no address has nothing to compare."""
    wanted = address(request.buyer)
    for method in checkout.shipping:
        for name in _COMPARED:
            got = text(method.destination.get(name))
            if got is not None and _plain(got) != _plain(wanted[name]):
                return Refused(code=OFFER_FAILED, message=f"the merchant ships to another {name.replace('_', ' ')}")
    return None


def _plain(written: str) -> str:
    return "".join(written.split()).replace("-", "").casefold()
