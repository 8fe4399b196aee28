"""The five reference workflows under AWS's own runner: each outcome, and each side effect counted."""

from collections.abc import Callable
from typing import Any

import pytest

from examples.durable import content_approval, enrichment, order_approval, research_agent, support_triage
from tests.examples.journal import Journal
from tests.examples.rehearsal import Rehearsal

Rehearse = Callable[[Callable[..., Any]], Rehearsal]

ORDER = {"order_id": "A-1", "amount_minor": 12_500, "currency": "EUR"}
TICKET = {"ticket": "T-7", "text": "I was charged twice and want my money back"}
SCRIPTED = "scripted (fixed rules, no language model)"


def test_an_approved_order_is_charged_once_although_two_attempts_failed(rehearse: Rehearse, journal: Journal) -> None:
    """The flaky step is retried until it succeeds and then never again."""
    order = rehearse(order_approval.handler)
    order.start(ORDER, fail_times={"charge-card": 2})
    order.answer("ask-approver", {"approved": True})
    assert {"status": "completed", "order_id": "A-1", "charged_minor": 12_500} == order.result()
    assert {"ask-approver": 1, "charge-card": 1, "ship-order": 1} == journal.done()
    assert 3 == journal.begun()["charge-card"]


def test_an_order_nobody_may_place_asks_nobody(rehearse: Rehearse, journal: Journal) -> None:
    """Validation answers with every problem before a person is bothered."""
    order = rehearse(order_approval.handler)
    order.start({"order_id": "", "amount_minor": -1})
    result = order.result()
    assert "invalid" == result["status"]
    assert ["order_id", "amount_minor", "currency"] == [problem.split(":")[0] for problem in result["problems"]]
    assert not journal.lines()


@pytest.mark.parametrize(
    ("decision", "reason"),
    [
        ({"approved": False, "reason": "too much"}, "too much"),
        ({"approved": "yes"}, 'the decision must be an object with "approved": true or false'),
        ("yes", 'the decision must be an object with "approved": true or false'),
    ],
)
def test_only_a_clear_yes_charges_a_card(rehearse: Rehearse, journal: Journal, decision: Any, reason: str) -> None:
    """A no, and anything that cannot be read, is a no."""
    order = rehearse(order_approval.handler)
    order.start(ORDER)
    order.answer("ask-approver", decision)
    assert {"status": "rejected", "order_id": "A-1", "reason": reason} == order.result()
    assert {"ask-approver": 1} == journal.done()


def test_an_order_that_cannot_be_shipped_is_refunded(rehearse: Rehearse, journal: Journal) -> None:
    """When the last step fails for good the charge is taken back, once."""
    order = rehearse(order_approval.handler)
    order.start(ORDER, fail_times={"ship-order": 99})
    order.answer("ask-approver", {"approved": True})
    assert "refunded" == order.result()["status"]
    assert {"ask-approver": 1, "charge-card": 1, "refund-card": 1} == journal.done()
    assert 5 == journal.begun()["ship-order"]


@pytest.mark.parametrize("first", ["ask-specialist", "ask-customer"])
def test_specialist_and_customer_may_answer_in_either_order(rehearse: Rehearse, journal: Journal, first: str) -> None:
    """Each answer is kept whichever comes first, and the ticket closes once."""
    answers = {"ask-specialist": {"reply": "Refund issued."}, "ask-customer": {"details": "card ending 4242"}}
    ticket = rehearse(support_triage.handler)
    ticket.start(TICKET, garble_times={"triage": 1})
    ticket.answer(first, answers.pop(first))
    for call, payload in answers.items():
        ticket.answer(call, payload)
    assert {
        "ticket": "T-7",
        "category": "billing",
        "urgency": "high",
        "reply": "Refund issued.",
        "review": "answered",
        "customer": "answered",
        "details": "card ending 4242",
        "answered_by": SCRIPTED,
    } == ticket.result()
    closed = {"send-reply": 1, "update-ticket": 1, "record-metrics": 1}
    assert {"triage": 2, "ask-specialist": 1, "ask-customer": 1, **closed} == journal.done()


def test_a_ticket_closes_with_the_draft_when_the_specialist_fails(rehearse: Rehearse) -> None:
    """No review means the model's draft goes out, and the result says it was not reviewed."""
    ticket = rehearse(support_triage.handler)
    ticket.start(TICKET)
    ticket.refuse("ask-specialist")
    ticket.answer("ask-customer", "just text")
    result = ticket.result()
    assert ("failed", "unreadable") == (result["review"], result["customer"])
    assert result["reply"].startswith("Thank you for writing.")


def test_every_model_call_of_a_research_is_paid_once(rehearse: Rehearse, journal: Journal) -> None:
    """Searches fail and are retried beside each other; no finished model call is repeated for it."""
    research = rehearse(research_agent.handler)
    research.start({"topic": "durable execution"}, fail_times={"search:0": 1, "search:2": 2})
    result = research.result()
    assert 4 == len(result["notes"])
    assert [] == result["open_questions"]
    assert all(note["certain"] for note in result["notes"])
    calls = {f"{kind}:{index}": 1 for kind in ("search", "note") for index in range(4)}
    assert {"plan": 1, **calls, "analyse": 1} == journal.done()


def test_an_answer_that_stays_unreadable_ends_the_research_with_a_clear_error(
    rehearse: Rehearse, journal: Journal
) -> None:
    """Retries are bounded: three bills, then the execution fails and says why."""
    research = rehearse(research_agent.handler)
    research.start({"topic": "durable execution"}, garble_times={"plan": 99})
    ended = research.end()
    assert ended.error is not None
    assert "the answer is unreadable: it holds no JSON object" in str(ended.error.message)
    assert {"plan": 3} == journal.done()


def test_research_hands_its_report_to_another_workflow_that_a_person_answers(
    rehearse: Rehearse, journal: Journal
) -> None:
    """The parent waits for the invoked workflow, whose result becomes part of its own."""
    research = rehearse(research_agent.handler)
    research.also("content_approval", content_approval.handler)
    research.start({"topic": "replay", "publish_with": "content_approval"})
    research.answer("ask-editor:1", {"decision": "publish"})
    publication = research.result()["publication"]
    assert ("published", 1, "Notes on replay") == (publication["status"], publication["rounds"], publication["title"])
    assert 1 == journal.done()["publish"]


@pytest.mark.parametrize(
    ("decisions", "status", "rounds"),
    [
        (["publish"], "published", 1),
        (["revise", "publish"], "published", 2),
        (["revise", "reject"], "rejected", 2),
        (["revise", "revise", "revise"], "rounds-exhausted", 3),
        (["nonsense", "publish"], "published", 2),
    ],
)
def test_a_text_is_revised_until_it_is_decided_or_the_rounds_are_used_up(
    rehearse: Rehearse, journal: Journal, decisions: list[str], status: str, rounds: int
) -> None:
    """The loop is bounded; a decision nobody can read costs a round and publishes nothing."""
    content = rehearse(content_approval.handler)
    content.start({"brief": "Announce the new opening hours", "embargo_seconds": 86_400})
    for number, decision in enumerate(decisions, start=1):
        content.answer(f"ask-editor:{number}", {"decision": decision, "comment": "shorter"})
    result = content.result()
    assert (status, rounds) == (result["status"], result["rounds"])
    assert int(status == "published") == journal.done()["publish"]
    assert rounds == sum(count for call, count in journal.done().items() if call.startswith("write:"))


def test_publishing_looks_until_the_page_is_live(rehearse: Rehearse, journal: Journal) -> None:
    """The poll goes on until its condition holds, counting its looks in durable state."""
    content = rehearse(content_approval.handler)
    content.start({"brief": "News", "polls_until_live": 4})
    content.answer("ask-editor:1", {"decision": "publish"})
    assert 4 == content.result()["looks"]
    assert 4 == journal.done()["look-at-page"]


def test_a_page_that_never_comes_live_is_reported_not_failed(rehearse: Rehearse) -> None:
    """Ten looks are enough; the outcome says what is known."""
    content = rehearse(content_approval.handler)
    content.start({"brief": "News", "polls_until_live": 99})
    content.answer("ask-editor:1", {"decision": "publish"})
    assert "published-not-live" == content.result()["status"]


def test_a_list_is_enriched_whatever_single_items_do(rehearse: Rehearse, journal: Journal) -> None:
    """One item recovers by its own retries, one stays out, one is unknown; the others are untouched by it."""
    enriching = rehearse(enrichment.handler)
    enriching.start(
        {"companies": ["Acme", "globex", "nowhere", "initech", " acme "]},
        fail_times={"look-up:globex": 2, "look-up:initech": 99},
    )
    result = enriching.result()
    assert ("partial", 4) == (result["status"], result["asked"])
    assert ["acme", "globex"] == [found["company"] for found in result["enriched"]]
    assert [
        {"company": "nowhere", "reason": "the directory does not know 'nowhere'"},
        {"company": "initech", "reason": "look-up:initech is unavailable (attempt 4)"},
    ] == result["missing"]
    assert {"look-up:acme": 1, "look-up:globex": 3, "look-up:nowhere": 1, "look-up:initech": 4, "file-report": 1} == (
        journal.begun()
    )


@pytest.mark.parametrize("companies", [None, "acme", ["acme", 7], [""], [f"c{number}" for number in range(201)]])
def test_a_list_that_is_none_fails_with_a_sentence(rehearse: Rehearse, journal: Journal, companies: Any) -> None:
    """Bad input ends the execution at once, says what a list is, and touches nothing outside."""
    enriching = rehearse(enrichment.handler)
    enriching.start({"companies": companies})
    ended = enriching.end()
    assert ended.error is not None
    assert '"companies"' in str(ended.error.message)
    assert not journal.lines()
