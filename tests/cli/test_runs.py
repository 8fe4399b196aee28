"""`checkout runs`: what an operator lists, reads, watches and answers, and how a wrong question is refused."""

import pytest

from merchants.sdk import Refused
from tests.cli.command import Command
from tests.console.seeded import LAMP, UNREADABLE, Desk

NOBODY = "ci_00000000000000000000000000000000"


def test_the_list_filters_by_state_tenant_and_open_question(at: Desk, checkout: Command) -> None:
    """Newest first; each filter leaves what it names, and none at all is said in words."""
    done = at.buy()
    asks = at.buy_unclear()
    waits = at.buy(tenant="t_2", confirmed=False)

    def listed(*filters: str) -> list[str]:
        return [row["id"] for row in checkout("runs", "list", "--json", *filters).json()]

    assert [waits, asks, done] == listed()
    assert [waits] == listed("--limit", "1")
    assert [asks] == listed("--review")
    assert [done] == listed("--state", "completed")
    assert [waits] == listed("--tenant", "t_2")
    assert [] == listed("--tenant", "t_2", "--state", "completed")
    assert "No purchases." in checkout("runs", "list", "--state", "failed").out


def test_the_list_as_data_says_what_each_waits_for(at: Desk, checkout: Command) -> None:
    """Total, payment, hold and question, in fields of their own."""
    asks = at.buy_unclear()
    (row,) = checkout("runs", "list", "--json").json()
    assert (asks, "t_1", "placing_order", True) == (row["id"], row["tenant"], row["state"], row["needs_review"])
    assert f"operator: {UNREADABLE}" == row["waiting_for"]
    assert (LAMP, {"amount_minor": 2646, "currency": "USD"}, "pi_1") == (
        row["product_url"],
        row["total"],
        row["payment_id"],
    )
    assert row["hold_expires_at"].startswith("2026-01-05")


def test_a_purchase_as_data_has_its_steps_its_money_and_its_end(at: Desk, checkout: Command) -> None:
    """Operations in order with their attempts; both halves of every movement; the failure in the contract's words."""
    intent_id = at.buy(place_order=[Refused(code="insufficient_stock", message="one left")])
    story = checkout("runs", "show", intent_id, "--json").json()
    assert ("failed", "insufficient_stock") == (story["state"], story["failure"]["code"])
    steps = [operation["name"] for operation in story["operations"] if operation["type"] == "STEP"]
    assert ["fetch-offer", "authorize-payment", "create-charge", "place-order", "release-payment"] == steps
    assert {1} == {operation["attempt"] for operation in story["operations"] if operation["type"] == "STEP"}
    assert ["hold", "hold", "release", "release"] == [row["kind"] for row in story["ledger"]]
    assert 0 == sum(row["amount_minor"] for row in story["ledger"])
    assert ("SUCCEEDED", None) == (story["execution"]["status"], story["execution"]["parked"])


def test_show_and_watch_draw_the_same_end(at: Desk, checkout: Command) -> None:
    """A purchase that has ended is drawn once, and watching it returns."""
    intent_id = at.buy()
    shown, watched = checkout("runs", "show", intent_id), checkout("runs", "watch", intent_id)
    assert (0, 0) == (shown.code, watched.code)
    for screen in (shown.out, watched.out):
        assert intent_id in screen
        assert "capture-charge" in screen
        assert "completed" in screen


def test_an_operators_answer_ends_the_purchase(at: Desk, checkout: Command) -> None:
    """`placed` with the merchant's number and total: the purchase completes, and captures what the merchant charged."""
    intent_id = at.buy_unclear()
    found = ("--order-number", "M-1", "--total-minor", "2000")
    answered = checkout("runs", "answer", intent_id, "placed", *found, "--reason", "seen in the shop's list")
    assert (0, "") == (answered.code, answered.err)
    assert f"Answered placed; {intent_id} goes on." in answered.out
    at.go_on()
    story = checkout("runs", "show", intent_id, "--json").json()
    assert ("completed", False) == (story["state"], story["needs_review"])
    captured = [row["amount_minor"] for row in story["ledger"] if row["kind"] == "capture"]
    assert [-2000, 2000] == sorted(captured)


def test_a_question_is_answered_once(at: Desk, checkout: Command) -> None:
    """The second answer is refused by its code, whether the purchase has gone on or not."""
    intent_id = at.buy_unclear()
    answer = ("runs", "answer", intent_id, "not_placed", "--reason", "the shop has none")
    assert 0 == checkout(*answer).code
    at.go_on()
    refused = checkout(*answer)
    assert (1, "") == (refused.code, refused.out)
    assert "(review_not_open)" in refused.err
    assert "failed" == checkout("runs", "show", intent_id, "--json").json()["state"]


@pytest.mark.parametrize("verb", ["show", "watch", "answer"])
@pytest.mark.parametrize("intent_id", [NOBODY, "[/red]", "", "ci_' OR 1=1"])
def test_an_unknown_purchase_is_said_in_one_line(checkout: Command, verb: str, intent_id: str) -> None:
    """Exit 1, the id as it was given, a stable code, nothing on standard output."""
    refused = checkout("runs", verb, intent_id, *(("retry", "--reason", "x") if verb == "answer" else ()))
    assert 1 == refused.code
    assert f"no checkout intent {intent_id} (checkout_intent_not_found)\n" == refused.err
    assert "" == refused.out.strip()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("answer", NOBODY, "maybe", "--reason", "x"), "'placed', 'not_placed'"),
        (("answer", NOBODY, "placed", "--reason", "x"), "(order_number_missing)"),
        (("answer", NOBODY, "placed", "--reason", "x", "--order-number", ""), "(order_number_missing)"),
        (("answer", NOBODY, "placed", "--reason", "x", "--order-number", "1", "--total-minor", "-1"), "--total-minor"),
        (("answer", NOBODY, "placed", "--reason", "x", "--order-number", "1", "--total-minor", "1.5"), "--total-minor"),
        (("list", "--state", "needs_review"), "'retrieving_offer'"),
        (("list", "--limit", "0"), "--limit"),
        (("show",), "Missing argument"),
        (("nope",), "No such command"),
    ],
)
def test_what_cannot_be_meant_exits_2_and_says_what_can(
    checkout: Command, arguments: tuple[str, ...], said: str
) -> None:
    """Nothing is read or written; the sentence names the option or its values."""
    refused = checkout("runs", *arguments)
    assert 2 == refused.code
    assert said in " ".join(refused.err.replace("│", " ").split())


def test_an_answer_where_nothing_is_asked_changes_nothing(at: Desk, checkout: Command) -> None:
    """Also with a total, and also before there is an offer to take its currency from."""
    for intent_id in (at.buy(), at.buy(fetch_offer=[Refused(code="product_not_found", message="gone")])):
        found = ("--order-number", "M-1", "--total-minor", "2646")
        refused = checkout("runs", "answer", intent_id, "placed", *found, "--reason", "x")
        assert 1 == refused.code
        assert "(review_not_open)" in refused.err
