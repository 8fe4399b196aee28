"""The reference workflows leave the same story on AWS's own runner and on our service."""

from collections.abc import Callable
from typing import Any

import pytest

from examples.durable import content_approval, enrichment, order_approval, research_agent, support_triage
from tests.durable.differential import Answer, same_story

ORDER = {"order_id": "A-1", "amount_minor": 12_500, "currency": "EUR"}
APPROVED = Answer(callback="await-approval create callback id", payload='{"approved": true}')
TICKET = {"ticket": "T-7", "text": "I was charged twice", "outside": {"garble_times": {"triage": 1}}}
PUBLISH = Answer(callback="await-decision create callback id", payload='{"decision": "publish"}')


def undecorated(handler: Callable[..., Any]) -> Callable[..., Any]:
    """The author's function: each runner decorates it with a client of its own."""
    function: Callable[..., Any] = handler.__wrapped__  # type: ignore[attr-defined]  # set by functools.wraps
    return function


@pytest.mark.parametrize(
    ("outside", "answers", "status"),
    [
        ({"fail_times": {"charge-card": 2}}, [APPROVED], "completed"),
        ({"fail_times": {"ship-order": 9}}, [APPROVED], "refunded"),
        ({"fail_times": {"charge-card": 9}}, [APPROVED], "failed"),
        ({}, [Answer(callback=APPROVED.callback, error={"ErrorMessage": "no"})], "rejected"),
    ],
)
def test_an_order_is_one_story(outside: dict[str, Any], answers: list[Answer], status: str) -> None:
    """Approved, refunded, failed and refused orders are recorded alike, invocation by invocation."""
    story = same_story(undecorated(order_approval.handler), {**ORDER, "outside": outside}, answers=answers)
    assert status == story.result["status"]


def test_a_ticket_is_one_story() -> None:
    """Two open callbacks and a parallel close-out are recorded alike."""
    answers = [
        Answer(callback="specialist-review", payload='{"reply": "Refunded."}'),
        Answer(callback="customer-details", payload='{"details": "4242"}'),
    ]
    story = same_story(undecorated(support_triage.handler), TICKET, answers=answers, invocations=False)
    assert ("Refunded.", "4242") == (story.result["reply"], story.result["details"])


def test_a_research_is_one_story() -> None:
    """A map of nested steps with retries is recorded alike."""
    event = {"topic": "durable execution", "outside": {"garble_times": {"plan": 1}, "fail_times": {"search:1": 1}}}
    story = same_story(undecorated(research_agent.handler), event, invocations=False)
    assert 4 == len(story.result["notes"])


def test_a_text_is_one_story() -> None:
    """A round in a child context, a wait and a polled condition are recorded alike."""
    event = {"brief": "News", "embargo_seconds": 3600, "polls_until_live": 3}
    story = same_story(undecorated(content_approval.handler), event, answers=[PUBLISH])
    assert ("published", 3) == (story.result["status"], story.result["looks"])


def test_a_list_is_one_story() -> None:
    """Items that fail for good inside a batch are recorded alike."""
    event = {"companies": ["acme", "globex", "nowhere"], "outside": {"fail_times": {"look-up:globex": 2}}}
    story = same_story(undecorated(enrichment.handler), event, invocations=False)
    assert "partial" == story.result["status"]
