"""Outcomes in and out of the history: every type there is, whatever it holds; nothing else, in either direction."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Any, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checkout.purchase import codec
from payments.money import MAX_AMOUNT_MINOR, Money
from tests.purchase.scripted import OFFER

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=8,
)
LEAVES: dict[Any, st.SearchStrategy[Any]] = {
    str: st.text(max_size=40),
    int: st.integers(-(2**53), 2**53),
    bool: st.booleans(),
    type(None): st.none(),
    Any: JSON,
    datetime: st.datetimes(timezones=st.just(UTC)),
    Money: st.builds(Money, st.integers(0, MAX_AMOUNT_MINOR), st.sampled_from(["USD", "EUR", "JPY", "KWD"])),
}


def anything(of: Any) -> st.SearchStrategy[Any]:
    """Any value of a type that a field of an outcome may have."""
    if of in LEAVES:
        return LEAVES[of]
    origin, inner = get_origin(of), get_args(of)
    if origin is Sequence:
        return st.lists(anything(inner[0]), max_size=3)
    if origin is Mapping:
        return st.dictionaries(st.text(max_size=9), anything(inner[1]), max_size=3)
    if inner:  # a union
        return st.one_of(*map(anything, inner))
    if issubclass(of, Enum):
        return st.sampled_from(of)
    assert isinstance(of, type)
    assert is_dataclass(of)
    hints = get_type_hints(of)
    return st.builds(of, **{field.name: anything(hints[field.name]) for field in fields(of)})


@pytest.mark.parametrize("kind", codec._TYPES.values(), ids=lambda kind: kind.__name__)
@settings(max_examples=25)
@given(data=st.data())
def test_every_outcome_comes_back_as_it_went_in(kind: type[Any], data: st.DataObject) -> None:
    """Value, type and text: written again it is the same text, so a replay cannot differ from the first run."""
    outcome = data.draw(anything(kind))
    text = codec.dumps(outcome)
    back = codec.loads(text)
    assert kind is type(back)
    assert outcome == back
    assert text == codec.dumps(back)


def test_what_is_no_outcome_is_refused_when_it_is_written() -> None:
    """Not when it is read, days later; also a subclass or a namesake of an outcome."""

    class Order:
        """A namesake."""

    for value in (None, {"type": "Order"}, "Order", 7, Order(), OFFER.cost):
        with pytest.raises(TypeError):
            codec.dumps(value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        "7",
        "{}",
        '{"type": "Cost"}',
        '{"type": null}',
        '{"type": ["Order"]}',
        '{"type": "Order"}',
        "{",
    ],
)
def test_what_is_no_outcome_is_a_value_error_when_it_is_read(text: str) -> None:
    """Whatever an agent or a broken file says: one kind of error."""
    with pytest.raises(ValueError):  # noqa: PT011 (pydantic's and json's errors are both one)
        codec.loads(text)


def test_a_field_of_a_later_release_does_not_break_the_reading_of_an_older_one() -> None:
    """A build that is rolled back reads what the newer one wrote."""
    document = json.loads(codec.dumps(OFFER)) | {"invented_later": {"a": 1}}
    assert codec.from_json(document) == codec.loads(codec.dumps(OFFER))
