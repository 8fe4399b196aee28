"""Callbacks: answered once, by id, in time; anything else is a definite error."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from aws_durable_execution_sdk_python import DurableContext
from aws_durable_execution_sdk_python.config import CallbackConfig, Duration
from aws_durable_execution_sdk_python.exceptions import CallbackError

from checkout.durable.errors import (
    CallbackAlreadyCompletedError,
    CallbackExpiredError,
    CallbackNotFoundError,
    InvalidPayloadError,
    PayloadTooLargeError,
)
from checkout.durable.settings import OPERATION_PAYLOAD_BYTES
from checkout.durable.testing import TestBed

Answering = Callable[[TestBed, str], None]
ANSWERS: list[Answering] = [
    lambda bed, callback_id: bed.service.succeed_callback(callback_id, '"late"'),
    lambda bed, callback_id: bed.service.fail_callback(callback_id, {"ErrorMessage": "late"}),
    lambda bed, callback_id: bed.service.heartbeat_callback(callback_id),
]


def asking(_event: Any, context: DurableContext) -> Any:
    """Waits for one answer: at most 60 s, with a sign of life every 20 s."""
    config = CallbackConfig(timeout=Duration.from_seconds(60), heartbeat_timeout=Duration.from_seconds(20))
    try:
        return context.create_callback(name="ask", config=config).result()
    except CallbackError as error:
        return [type(error).__name__, error.message]


def result(bed: TestBed) -> Any:
    """What the handler returned, once it could."""
    bed.service.run_until_idle()
    return json.loads(bed.service.get("execution").result or "null")


def test_an_answer_reaches_the_handler_as_it_is(bed: TestBed) -> None:
    """The payload is raw text."""
    bed.run(asking)
    bed.service.succeed_callback(bed.callback_id("ask"), '{"a": 1}')
    assert '{"a": 1}' == result(bed)


def test_a_failure_is_relayed_word_for_word(bed: TestBed) -> None:
    """ErrorType and ErrorMessage are the outside's own."""
    bed.run(asking)
    bed.service.fail_callback(bed.callback_id("ask"), {"ErrorType": "shop.SoldOut", "ErrorMessage": "none left"})
    assert ["CallbackExternalError", "none left"] == result(bed)
    assert {"ErrorType": "shop.SoldOut", "ErrorMessage": "none left"} == bed.operation("ask").error


@pytest.mark.parametrize("answer", ANSWERS)
def test_a_callback_is_answered_once(bed: TestBed, answer: Answering) -> None:
    """Any second answer is refused, before and after the handler has seen the first; the first stands."""
    bed.run(asking)
    callback_id = bed.callback_id("ask")
    bed.service.succeed_callback(callback_id, '"first"')
    with pytest.raises(CallbackAlreadyCompletedError):
        answer(bed, callback_id)
    assert '"first"' == result(bed)
    with pytest.raises(CallbackAlreadyCompletedError):
        answer(bed, callback_id)


@pytest.mark.parametrize("answer", ANSWERS)
def test_an_answer_after_the_timeout_is_refused_whoever_noticed_it(bed: TestBed, answer: Answering) -> None:
    """Too late is too late, even before the sweeper has looked; the handler gets the timeout."""
    bed.run(asking)
    callback_id = bed.callback_id("ask")
    bed.clock.advance(20)
    with pytest.raises(CallbackExpiredError):
        answer(bed, callback_id)
    assert ["CallbackTimeoutError", "Callback timed out on heartbeat"] == result(bed)
    with pytest.raises(CallbackExpiredError):
        answer(bed, callback_id)


@pytest.mark.parametrize("answer", ANSWERS)
def test_an_unknown_id_is_not_found(bed: TestBed, answer: Answering) -> None:
    """Forged, mistyped or past its retention: the same answer."""
    with pytest.raises(CallbackNotFoundError):
        answer(bed, "f" * 64)


@pytest.mark.parametrize("answer", ANSWERS)
def test_an_answer_to_an_ended_execution_has_expired(bed: TestBed, answer: Answering) -> None:
    """Nobody waits any more."""
    bed.run(asking)
    bed.service.stop("execution")
    with pytest.raises(CallbackExpiredError):
        answer(bed, bed.callback_id("ask"))


def test_heartbeats_keep_it_alive_up_to_its_timeout(bed: TestBed) -> None:
    """Each heartbeat restarts the 20 s; none extends the 60 s."""
    bed.run(asking)
    for _ in range(3):
        bed.clock.advance(15)
        bed.service.run_until_idle()
        bed.service.heartbeat_callback(bed.callback_id("ask"))
    bed.clock.advance(14)
    bed.service.run_until_idle()
    assert "STARTED" == bed.operation("ask").status
    bed.clock.advance(1)
    assert ["CallbackTimeoutError", "Callback timed out"] == result(bed)


def test_an_answer_before_the_wait_is_not_lost(bed: TestBed) -> None:
    """Answered while the step that hands it out still runs, before the handler waits for it."""

    def handler(_event: Any, context: DurableContext) -> Any:
        callback = context.create_callback(name="ask")
        context.step(lambda _: bed.service.succeed_callback(callback.callback_id, '"at once"'), name="hand out")
        return callback.result()

    assert json.dumps('"at once"') == bed.run(handler).result


def test_a_callback_without_timeouts_waits_for_ever(bed: TestBed) -> None:
    """No timer is kept for it, and a heartbeat does nothing to it."""
    bed.run(lambda _event, context: context.create_callback(name="ask").result())
    bed.service.heartbeat_callback(bed.callback_id("ask"))
    assert bed.service.sweeper.next_moment() is None
    bed.clock.advance(10 * 365 * 86_400)
    bed.service.run_until_idle()
    bed.service.succeed_callback(bed.callback_id("ask"), "yes")
    assert "yes" == result(bed)


def test_callback_ids_are_unguessable_and_of_awss_alphabet(bed: TestBed) -> None:
    """256 random bits, as text that is safe in a URL."""
    bed.run(asking)
    callback_id = bed.callback_id("ask")
    assert 64 == len(callback_id)
    assert callback_id.isalnum()


def test_answers_of_the_wrong_size_or_shape_are_refused(bed: TestBed) -> None:
    """Nothing is taken, and the callback stays open."""
    bed.run(asking)
    callback_id = bed.callback_id("ask")
    with pytest.raises(PayloadTooLargeError):
        bed.service.succeed_callback(callback_id, "x" * (OPERATION_PAYLOAD_BYTES + 1))
    with pytest.raises(PayloadTooLargeError):
        bed.service.fail_callback(callback_id, {"ErrorMessage": "x" * 40_000})
    with pytest.raises(InvalidPayloadError, match="NUL"):
        bed.service.succeed_callback(callback_id, "raw\0bytes")
    for error in ({"message": "x"}, {"ErrorMessage": 1}, {"StackTrace": "x"}):
        with pytest.raises(InvalidPayloadError):
            bed.service.fail_callback(callback_id, error)
    assert "STARTED" == bed.operation("ask").status


def test_an_answer_joins_the_callers_transaction(bed: TestBed) -> None:
    """If the caller's own work fails, the answer was never given."""
    bed.run(asking)
    callback_id = bed.callback_id("ask")

    def answer_and_fail() -> None:
        with bed.database.transaction() as session:
            bed.service.succeed_callback(callback_id, '"yes"', session=session)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        answer_and_fail()
    assert "STARTED" == bed.operation("ask").status
