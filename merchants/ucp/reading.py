"""Reading JSON that merchants wrote: nothing is assumed, nothing raises.

Real answers miss required fields, carry numbers as strings and objects where arrays belong. Each function here gives
the value if it is what it should be, and an empty one if not; what is missing is judged by who asked.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any


def mapping(value: object) -> Mapping[str, Any]:
    """`value` if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def objects(value: object) -> Sequence[Mapping[str, Any]]:
    """The objects in `value`, if it is an array; a lone object counts as an array of one."""
    if isinstance(value, dict):
        return (value,)
    return tuple(entry for entry in value if isinstance(entry, dict)) if isinstance(value, list) else ()


def texts(value: object) -> Sequence[str]:
    """The non-empty strings in `value`, if it is an array."""
    return [read for entry in value if (read := text(entry))] if isinstance(value, list) else []


def document(content: bytes) -> object:
    """The JSON in `content`; `ValueError` for anything else, JSON nested beyond reason included."""
    try:
        return json.loads(content, parse_constant=_no_number)
    except RecursionError as deep:
        raise ValueError("the JSON is nested too deeply") from deep


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no JSON")  # Python reads NaN and Infinity; nobody else could read them back


def text(value: object) -> str | None:
    """`value` as a non-empty string; a number is one, because ids come as numbers too."""
    if isinstance(value, str):
        return value.strip() or None
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else None


def whole(value: object) -> int | None:
    """`value` as an integer; `1000.0` is one, `True` and `"1000"` are not."""
    if isinstance(value, bool):
        return None
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, int) else None


def moment(value: object) -> datetime | None:
    """`value` as a time in UTC, if it is RFC 3339; without an offset it is taken as UTC."""
    if not isinstance(value, str):
        return None
    try:
        read = datetime.fromisoformat(value)
    except ValueError:
        return None
    return read.replace(tzinfo=read.tzinfo or UTC).astimezone(UTC)


def first_line(value: object, *, limit: int = 300) -> str:
    """What a merchant wrote for people, cut to one line of bounded length."""
    written = " ".join((text(value) or "").split())
    return written if len(written) <= limit else written[: limit - 1] + "…"
