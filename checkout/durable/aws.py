"""Our views in the JSON of AWS's API: GetDurableExecutionHistory and its times.

Knows how AWS's REST-JSON protocol writes a time: seconds since 1970. Must never add a member AWS does not have.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any


def history_json(events: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The answer of GetDurableExecutionHistory, ready for `json.dumps`."""
    return {"Events": [to_json(event) for event in events]}


def to_json(value: Any) -> Any:
    """The same value with every time as seconds since 1970."""
    if isinstance(value, datetime):
        return value.timestamp()
    if isinstance(value, Mapping):
        return {key: to_json(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [to_json(one) for one in value]
    return value
