"""The official `checkout-intents` client, unmodified and strict, against the service: only its base URL is set."""

from collections.abc import Iterator
from typing import Any

import checkout_intents
import pytest
from checkout_intents import CheckoutIntents
from checkout_intents.types import BuyerParam

from tests.api.standing import LAMP, Standing

BUYER: BuyerParam = {
    "first_name": "Ada",
    "last_name": "Lovelace",
    "email": "ada@example.com",
    "phone": "5555555555",
    "address1": "1 Engine Way",
    "city": "New York",
    "province": "NY",
    "postal_code": "10001",
    "country": "US",
}
VISA: Any = {"type": "stripe_token", "stripe_token": "tok_visa"}


@pytest.fixture
def rye(stand: Standing) -> Iterator[CheckoutIntents]:
    """The client as a developer makes it, but strict."""
    with CheckoutIntents(
        api_key=stand.key("rye"), base_url=stand.url, _strict_response_validation=True, max_retries=2
    ) as client:
        yield client


def test_two_calls_and_polling_buy_a_lamp(rye: CheckoutIntents, stand: Standing) -> None:
    """create_and_poll reaches an offer, confirm_and_poll an order, and the shop's book has it."""
    before = len(stand.shop.orders)
    offered = rye.checkout_intents.create_and_poll(buyer=BUYER, product_url=LAMP, quantity=2)
    assert "awaiting_confirmation" == offered.state
    assert (4645, "USD") == (offered.offer.cost.total.amount_subunits, offered.offer.cost.total.currency_code)
    assert "std" == offered.offer.shipping.selected_option_id
    completed = rye.checkout_intents.confirm_and_poll(offered.id, payment_method=VISA)
    assert "completed" == completed.state
    assert "AwaitingConfirmationCheckoutIntent" == type(offered).__name__
    assert "CompletedCheckoutIntent" == type(completed).__name__
    assert before + 1 == len(stand.shop.orders)
    order = rye.checkout_intents.retrieve_order(offered.id)
    assert completed.order_id == order.id
    assert order == rye.orders.retrieve(order.id)
    assert [order.id] == [found.id for found in rye.orders.list() if found.checkout_intent_id == offered.id]


def test_one_call_buys_within_the_constraints(rye: CheckoutIntents) -> None:
    """`purchase` ends completed without a confirmation."""
    intent = rye.checkout_intents.purchase(
        buyer=BUYER,
        product_url=LAMP,
        quantity=1,
        payment_method=VISA,
        constraints={"max_total_price": 5000},
        reference_id="order 7",
        variant_selections=[{"label": "Size", "value": 42}],
        promo_codes=["WELCOME-10"],
    )
    completed = rye.checkout_intents.poll_until_completed(intent.id)
    assert "completed" == completed.state
    assert "tok_****" == completed.payment_method.stripe_token  # type: ignore[union-attr]  # the kind we sent
    assert "order 7" == rye.checkout_intents.retrieve_order(intent.id).reference_id


@pytest.mark.parametrize(
    ("path", "token", "code"),
    [
        ("/sold-out", "tok_visa", "product_out_of_stock"),
        ("/broken-checkout", "tok_visa", "order_placement_failed"),
        ("/lamp", "tok_declined", "payment_failed"),
    ],
)
def test_a_failure_is_returned_in_its_variant(rye: CheckoutIntents, path: str, token: str, code: str) -> None:
    """A refusal by shop or bank is a `failed` intent with a code of the contract."""
    intent = rye.checkout_intents.purchase(
        buyer=BUYER,
        product_url=f"https://shop.example{path}",
        quantity=1,
        payment_method={"type": "stripe_token", "stripe_token": token},
    )
    failed = rye.checkout_intents.poll_until_completed(intent.id)
    assert "failed" == failed.state
    assert code == failed.failure_reason.code


def test_an_intent_waits_in_every_state_a_strict_client_knows(rye: CheckoutIntents, stand: Standing) -> None:
    """retrieving_offer parses as its own variant while the shop is slow."""
    stand.shop.door.clear()
    intent = rye.checkout_intents.create(buyer=BUYER, product_url="https://shop.example/slow", quantity=1)
    assert "RetrievingOfferCheckoutIntent" == type(rye.checkout_intents.retrieve(intent.id)).__name__
    stand.shop.door.set()
    offered = rye.checkout_intents.poll_until_awaiting_confirmation(intent.id)
    assert "awaiting_confirmation" == offered.state


def test_listing_walks_every_page_both_ways(stand: Standing) -> None:
    """Forward and backward, the client's own iteration yields each intent once, and stops."""
    with CheckoutIntents(api_key=stand.key("pages"), base_url=stand.url, _strict_response_validation=True) as client:
        made = [
            client.checkout_intents.create(buyer=BUYER, product_url=LAMP, quantity=number).id for number in range(1, 8)
        ]
        newest_first = made[::-1]
        assert newest_first == [intent.id for intent in client.checkout_intents.list(limit=3)]
        first = client.checkout_intents.list(limit=3)
        assert first.page_info is not None
        last = client.checkout_intents.list(limit=100)
        assert last.page_info is not None
        assert last.page_info.end_cursor is None
        last_cursor = client.checkout_intents.list(limit=6).page_info
        assert last_cursor is not None
        assert last_cursor.end_cursor is not None
        backward = client.checkout_intents.list(limit=2, before=last_cursor.end_cursor)
        assert sorted(newest_first[:5]) == sorted(intent.id for intent in backward)
        assert [made[2]] == [intent.id for intent in client.checkout_intents.list(id=[made[2], "ci_other"])]
        assert [] == list(client.checkout_intents.list(state=["completed", "requires_action"]))


def test_each_error_class_is_met(stand: Standing, rye: CheckoutIntents) -> None:
    """400, 401, 403, 404, 409 and 422 raise the client's own classes, with our code in the body."""
    with pytest.raises(checkout_intents.BadRequestError) as bad:
        rye.post(
            "/api/v1/checkout-intents",
            cast_to=object,
            content=b"{",
            options={"headers": {"Content-Type": "application/json"}},
        )
    assert "malformed_json" == _code(bad.value)
    with (
        pytest.raises(checkout_intents.AuthenticationError) as unknown,
        CheckoutIntents(api_key="ck_wrong", base_url=stand.url) as stranger,
    ):
        stranger.checkout_intents.list()
    assert "unauthenticated" == _code(unknown.value)
    with (
        pytest.raises(checkout_intents.PermissionDeniedError) as forbidden,
        CheckoutIntents(api_key=stand.key("rye", "intents:read"), base_url=stand.url) as reader,
    ):
        reader.checkout_intents.create(buyer=BUYER, product_url=LAMP, quantity=1)
    assert "missing_scope" == _code(forbidden.value)
    with pytest.raises(checkout_intents.NotFoundError) as absent:
        rye.checkout_intents.retrieve("ci_0")
    assert "checkout_intent_not_found" == _code(absent.value)
    with pytest.raises(checkout_intents.UnprocessableEntityError) as invalid:
        rye.checkout_intents.create(buyer=BUYER, product_url=LAMP, quantity=0)
    assert "quantity" == invalid.value.body["param"]  # type: ignore[index]  # the client types a body as object
    failed = rye.checkout_intents.create_and_poll(buyer=BUYER, product_url="https://shop.example/sold-out", quantity=1)
    with pytest.raises(checkout_intents.ConflictError) as conflict:
        rye.checkout_intents.confirm(failed.id, payment_method=VISA)
    assert "invalid_checkout_intent_state" == _code(conflict.value)
    assert "failed" == conflict.value.body["state"]  # type: ignore[index]  # the same
    assert "0" == conflict.value.request.headers["x-stainless-retry-count"]


def test_the_body_a_helper_cannot_send_goes_through_extra_body(rye: CheckoutIntents) -> None:
    """Constraints reach `create_and_poll` as `extra_body`, and a broken one fails the intent with its code."""
    failed = rye.checkout_intents.create_and_poll(
        buyer=BUYER, product_url=LAMP, quantity=1, extra_body={"constraints": {"maxTotalPrice": 100}}
    )
    assert "failed" == failed.state
    assert "constraint_total_price_exceeded" == failed.failure_reason.code


def _code(error: checkout_intents.APIStatusError) -> str:
    body: Any = error.body
    return str(body["code"])
