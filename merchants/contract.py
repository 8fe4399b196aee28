"""The contract suite: subclass it, give it your adapter, and pytest says whether a purchase can rely on it.

::

    class TestAcme(MerchantContract):
        @pytest.fixture
        def case(self) -> ContractCase:
            return ContractCase(merchant=..., request=..., instruments=..., orders=...)

`orders` answers how many orders the shop itself has in its books; an adapter is judged by that, not by its own word.
Basic means: what every adapter must pass. Knows the contract of `merchants.sdk`; must never know a protocol.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

from merchants.sdk import (
    Absent,
    Instrument,
    InstrumentSource,
    Merchant,
    Offer,
    OfferRequest,
    Order,
    OrderBook,
    PaymentHandler,
    Unclear,
)

# A purchase's history holds a step's result of at most 256 KiB; what an adapter remembers is a small part of it.
MAX_STATE_BYTES = 32 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractCase:
    """A shop that sells `request`, the adapter under test, what pays, and the shop's own count of its orders."""

    merchant: Merchant
    request: OfferRequest
    instruments: InstrumentSource
    orders: Callable[[], int]
    foreign_url: str = "https://nobody.invalid/products/1"

    def offer(self) -> Offer:
        """The offer, which there must be."""
        offer = self.merchant.offer(self.request, self.instruments, key="contract/fetch-offer")
        assert isinstance(offer, Offer), f"the adapter refused a product its shop sells: {offer}"
        return offer

    def instrument(self, offer: Offer) -> Instrument | None:
        """What pays the offer."""
        if offer.payment_handler is None:
            return None
        return self.instruments.instrument(offer.payment_handler, offer.cost.total, key="contract/place-order")

    def place(self, offer: Offer) -> object:
        """Place the offered order."""
        return self.merchant.place_order(self.request, offer, self.instrument(offer), key="contract/place-order")


class _NoInstruments:
    """Somebody who can pay nobody."""

    def choose(self, offered: object) -> PaymentHandler | None:  # noqa: ARG002 (whatever is offered)
        return None

    def instrument(self, handler: object, amount: object, *, key: str) -> Instrument | None:  # noqa: ARG002 (never)
        return None


class MerchantContract:
    """Tests every adapter must pass. A subclass provides the fixture `case`."""

    def test_it_takes_its_own_urls_and_says_why_it_takes_no_other(self, case: ContractCase) -> None:
        """A match carries a sentence either way, and never raises."""
        ours, foreign = case.merchant.match(case.request.product_url), case.merchant.match(case.foreign_url)
        assert ours.matches
        assert not foreign.matches
        assert ours.why
        assert foreign.why

    def test_an_offer_is_exactly_what_was_asked_for(self, case: ContractCase) -> None:
        """Quantity, adapter, item; a total that its parts sum to; a shipping option that is among those shown."""
        offer = case.offer()
        assert case.request.quantity == offer.quantity
        assert case.merchant.name == offer.merchant
        assert offer.item_id
        cost = offer.cost
        parts = [part.amount_minor for part in (cost.subtotal, cost.shipping, cost.tax, cost.surcharge) if part]
        assert cost.total.amount_minor == sum(parts) - (cost.discount.amount_minor if cost.discount else 0)
        if offer.shipping_options:
            assert offer.selected_shipping_option_id

    def test_an_offer_orders_nothing(self, case: ContractCase) -> None:
        """Quoting twice leaves the shop's book empty."""
        case.offer()
        case.offer()
        assert case.orders() == 0

    def test_what_an_offer_remembers_survives_as_json(self, case: ContractCase) -> None:
        """The state travels through a history: JSON, small, and enough to place the order from."""
        offer = case.offer()
        written = json.dumps(dict(offer.merchant_state))
        assert len(written) <= MAX_STATE_BYTES
        assert isinstance(case.place(replace(offer, merchant_state=json.loads(written))), Order)

    def test_who_can_pay_in_no_way_the_merchant_takes_gets_no_offer(self, case: ContractCase) -> None:
        """Refused before any money is held, not after."""
        if case.offer().payment_handler is not None:
            assert not isinstance(
                case.merchant.offer(case.request, _NoInstruments(), key="contract/no-instrument"), Offer
            )

    def test_an_order_is_one_order_at_the_offered_total(self, case: ContractCase) -> None:
        """The shop's book has it once, under the number the adapter reports."""
        offer = case.offer()
        order = case.place(offer)
        assert isinstance(order, Order)
        assert order.merchant_order_id
        assert offer.cost.total == order.total
        assert case.orders() == 1

    def test_an_order_that_stands_is_found_again_and_again(self, case: ContractCase) -> None:
        """The look-up reports the same order, and places none."""
        offer = case.offer()
        order = case.place(offer)
        assert isinstance(order, Order)
        for _ in range(2):
            found = case.merchant.find_order(offer, key="contract/look-up-order")
            assert isinstance(found, Order)
            assert order.merchant_order_id == found.merchant_order_id
        assert case.orders() == 1

    def test_absent_is_definite(self, case: ContractCase) -> None:
        """After *absent*, the order can no longer be placed: a late submit is refused."""
        offer = case.offer()
        assert isinstance(case.merchant.find_order(offer, key="contract/look-up-order"), Absent)
        assert not isinstance(case.place(offer), Order)
        assert isinstance(case.merchant.find_order(offer, key="contract/look-up-order"), Absent)
        assert case.orders() == 0

    def test_an_order_book_shows_what_the_shop_has_and_looking_changes_nothing(self, case: ContractCase) -> None:
        """For an adapter that reads one: nothing before the order, then that order, which could still be placed."""
        if not isinstance(case.merchant, OrderBook):
            return
        offer = case.offer()
        assert not case.merchant.read_orders(offer, None, key="contract/reconcile")
        order = case.place(offer)
        assert isinstance(order, Order)
        for asked in (None, order.merchant_order_id):
            shown = case.merchant.read_orders(offer, asked, key="contract/reconcile")
            if shown is None:
                continue
            assert not isinstance(shown, Unclear)
            assert [(order.merchant_order_id, order.total)] == [(one.merchant_order_id, one.total) for one in shown]
        assert case.orders() == 1

    def test_no_secret_is_kept(self, case: ContractCase) -> None:
        """The credential is in nothing that the adapter hands back."""
        offer = case.offer()
        instrument = case.instrument(offer)
        if instrument is None:
            return
        kept = json.dumps([_plain(offer), _plain(case.place(offer))], default=str)
        assert not [secret for secret in instrument.credential.values() if len(secret) >= _SECRET and secret in kept]

    def test_it_can_buy_for_two_purchases_at_once(self, case: ContractCase) -> None:
        """Offers interleave without mixing: the adapter keeps no purchase's state."""
        first = case.offer()
        other = case.merchant.offer(case.request, case.instruments, key="contract-2/fetch-offer")
        assert isinstance(other, Offer)
        placed = [
            case.merchant.place_order(case.request, offer, case.instrument(offer), key=f"{number}/place-order")
            for number, offer in enumerate((other, first))
        ]
        assert all(isinstance(order, Order) for order in placed)
        assert case.orders() == len(placed)


# Shorter credential values (`token`, `card`) are words, not secrets.
_SECRET = 8


def _plain(value: Any) -> Any:
    """A value of the contract as JSON-ready data."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, dict):
        return {str(name): _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return value
