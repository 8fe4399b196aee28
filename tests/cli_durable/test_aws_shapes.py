"""The judge itself: it must find faults, or it proves nothing about what passes."""

from typing import Any

import pytest

from tests.cli_durable.aws_shapes import faults

EVENT: dict[str, Any] = {
    "EventType": "ExecutionStarted",
    "EventId": 1,
    "Id": "e-1",
    "Name": "order-1",
    "EventTimestamp": 1_790_000_000.5,
    "ExecutionStartedDetails": {"Input": {"Payload": "{}", "Truncated": False}, "ExecutionTimeout": 60},
}


def test_a_right_history_has_no_faults() -> None:
    """An event written by hand from AWS's documentation passes."""
    assert [] == faults("GetDurableExecutionHistory", {"Events": [EVENT]})


@pytest.mark.parametrize(
    "wrong",
    [
        {"EventType": "ExecutionBegun"},
        {"EventTimestamp": "2026-01-01T00:00:00Z"},
        {"EventId": "1"},
        {"Colour": "red"},
        {"ExecutionStartedDetails": {"Input": {"Payload": "{}", "Whole": True}, "ExecutionTimeout": 60}},
        {"ExecutionStartedDetails": {"Input": {"Payload": "{}", "Truncated": "no"}, "ExecutionTimeout": 60}},
    ],
)
def test_a_wrong_member_is_found(wrong: dict[str, Any]) -> None:
    """A misspelt value, a wrong type and a member AWS does not have are each reported."""
    assert faults("GetDurableExecutionHistory", {"Events": [{**EVENT, **wrong}]})
