"""An offer from a UCP business: open a session, give the address, choose shipping, read the price. Buys nothing.

Knows the way to a session that could be completed; must never complete one, and never sees a credential.
"""

from dataclasses import dataclass

from merchants.sdk import (
    Cost,
    InstrumentSource,
    Money,
    Offer,
    OfferRequest,
    PaymentHandler,
    Refused,
    ShippingOption,
)
from merchants.ucp import bodies
from merchants.ucp.api import Api, MerchantBusyError, Reply
from merchants.ucp.catalog import Item, find_item
from merchants.ucp.checkout import Checkout, Status
from merchants.ucp.ending import cancel_quietly
from merchants.ucp.judging import OFFER_FAILED as FAILED
from merchants.ucp.judging import not_ready, read_offer, refusal, selected_options
from merchants.ucp.messages import errors, read_messages, wants_buyer
from merchants.ucp.reading import text

# Address, then shipping, then a price that changed with it: three. A merchant that needs more does not converge.
MAX_UPDATES = 4
# A business that rotates its keys publishes two or three at a time.
MAX_KEYS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Offering:
    """One offer in the making."""

    api: Api
    name: str
    request: OfferRequest

    def make(self, instruments: InstrumentSource) -> Offer | Refused:
        """The offer; a session that led to none is cancelled. Raises `FetchError` when the merchant is away."""
        item = find_item(self.api, self.request)
        if isinstance(item, Refused):
            return item
        checkout = self._open(item)
        if isinstance(checkout, Refused):
            return checkout
        offer = self._converge(checkout, item, instruments)
        if isinstance(offer, Refused) and offer.continue_url is None:
            # Nobody will come back to it. One that is handed to a person stays open for that person.
            cancel_quietly(self.api, checkout.checkout_id)
        return offer

    def _open(self, item: Item) -> Checkout | Refused:
        body = bodies.create(self.request, item, self.api.business.wire, with_codes=self._with_codes)
        return self._read(self.api.change("POST", "checkout-sessions", body=body))

    def _converge(self, checkout: Checkout, item: Item, instruments: InstrumentSource) -> Offer | Refused:
        """Update until the session holds our choices, then judge it."""
        wire = self.api.business.wire
        for number in range(MAX_UPDATES):
            if _settled(checkout):
                break
            body = bodies.update(self.request, item, checkout, wire, with_codes=self._with_codes)
            answered = self._read(
                self.api.change("PUT", "checkout-sessions", checkout.checkout_id, body=body, salt=str(number))
            )
            if isinstance(answered, Refused):
                return answered
            checkout = answered
        cost = read_offer(checkout, self.request, item.item_id, wire)
        if isinstance(cost, Refused):
            return cost
        refused = not_ready(checkout, code=FAILED) or _cannot_ship(checkout)
        if refused:
            return refused
        handler = instruments.choose(checkout.handlers)
        if handler is None and checkout.handlers:
            names = ", ".join(handler.name or handler.handler_id for handler in checkout.handlers)
            return Refused(code=FAILED, message=f"no configured instrument pays this merchant; it takes {names}")
        if handler is None and cost.total.amount_minor:
            return Refused(code=FAILED, message="the merchant names no way to pay it")
        return self._offer(checkout, item, cost, handler)

    def _read(self, reply: Reply) -> Checkout | Refused:
        if reply.transient:
            raise MerchantBusyError(f"the merchant answered {reply.status}")
        said = errors(read_messages(reply.body))
        checkout = Checkout.read(reply.body) if reply.ok else None
        if checkout is not None:
            return checkout
        url = text(reply.body.get("continue_url")) if wants_buyer(said) else None
        return refusal(
            said,
            code=FAILED,
            default=f"the merchant answered {reply.status} and opened no session",
            url=url,
        )

    @property
    def _with_codes(self) -> bool:
        """Codes go to a merchant that declares discounts; elsewhere they could only be misunderstood."""
        return bool(self.request.promo_codes) and self.api.business.has("discount")

    def _offer(self, checkout: Checkout, item: Item, cost: Cost, handler: PaymentHandler | None) -> Offer:
        currency = cost.total.currency
        groups = [group for method in checkout.shipping for group in method.groups]
        business = self.api.business
        asked = {code.casefold(): code for code in self.request.promo_codes}
        return Offer(
            merchant=self.name,
            item_id=item.item_id,
            title=checkout.lines[0].title or item.title,
            quantity=self.request.quantity,
            cost=cost,
            shipping_options=tuple(
                ShippingOption(
                    option_id=option.option_id,
                    title=option.title,
                    cost=Money(option.amount_minor, currency),
                    earliest=option.earliest,
                    latest=option.latest,
                )
                for group in groups
                for option in group.options
            ),
            selected_shipping_option_id=selected_options(checkout),
            payment_handler=handler,
            merchant_state={
                "origin": business.origin,
                "endpoint": business.endpoint,
                "version": business.wire.version,
                "keys": [dict(key) for key in business.keys[:MAX_KEYS]],
                "orders": business.has("order"),
                "session_id": checkout.checkout_id,
            },
            variant=dict(item.variant),
            applied_promo_codes=tuple(
                asked[code.casefold()] for code in checkout.applied_codes if code.casefold() in asked
            ),
            expires_at=checkout.expires_at,
        )


def _settled(checkout: Checkout) -> bool:
    """Whether the session already holds the address and the cheapest way to ship."""
    if checkout.status not in (Status.INCOMPLETE, Status.READY):
        return True
    if not checkout.methods:
        return checkout.status is Status.READY  # nothing to ship
    return all(
        method.selected_destination
        and method.groups
        and all(group.cheapest is None or group.selected == group.cheapest.option_id for group in method.groups)
        for method in checkout.shipping
    )


def _cannot_ship(checkout: Checkout) -> Refused | None:
    groups = [group for method in checkout.shipping for group in method.groups]
    if checkout.methods and not (groups and all(group.selected for group in groups)):
        said = errors(checkout.messages)
        return refusal(said, code="missing_shipping_method", default="the merchant offers no shipping to this address")
    return None
