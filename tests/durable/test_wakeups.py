"""No wake-up is lost: whatever comes between a checkpoint and the handler's PENDING brings it back."""

import itertools
import json
import threading
from typing import Any

import pytest
from aws_durable_execution_sdk_python import DurableContext
from aws_durable_execution_sdk_python.config import Duration, NestingType, ParallelConfig

from checkout.durable.invocation import Invocation
from checkout.durable.testing import TestBed


def waits(_event: Any, context: DurableContext) -> Any:
    """Waits for one answer."""
    return context.create_callback(name="ask").result()


def suspended_but_not_finished(bed: TestBed) -> tuple[Invocation, Any]:
    """A handler that has answered PENDING, which nobody has written down yet."""
    bed.service.register("function", waits)
    bed.service.start("function", "execution", "{}")
    invocation = bed.service.worker.claim(bed.service.sweeper.runnable()[0])
    assert invocation is not None
    return invocation, invocation.registration.decorated(invocation.event, None)


def test_an_answer_between_the_last_checkpoint_and_pending_wakes_the_handler(bed: TestBed) -> None:
    """The handler has not seen it, so it is invoked again at once."""
    invocation, output = suspended_but_not_finished(bed)
    bed.service.succeed_callback(bed.callback_id("ask"), "in between")
    assert [] == bed.service.sweeper.runnable()
    bed.service.worker.finish(invocation, output)
    assert [invocation.execution_id] == bed.service.sweeper.runnable()
    bed.service.run_until_idle()
    assert '"in between"' == bed.service.get("execution").result


def test_a_timer_between_the_last_checkpoint_and_pending_wakes_the_handler(bed: TestBed) -> None:
    """It is fired by whoever looks next, and the handler invoked."""

    def naps(_event: Any, context: DurableContext) -> Any:
        context.wait(Duration.from_seconds(5), name="nap")
        return "woke"

    bed.service.register("function", naps)
    bed.service.start("function", "execution", "{}")
    invocation = bed.service.worker.claim(bed.service.sweeper.runnable()[0])
    assert invocation is not None
    output = invocation.registration.decorated(invocation.event, None)
    bed.clock.advance(5)
    bed.service.worker.finish(invocation, output)
    bed.service.run_until_idle()
    assert '"woke"' == bed.service.get("execution").result


@pytest.mark.parametrize("nesting", list(NestingType))
def test_an_answer_that_comes_while_another_branch_works_is_not_lost(bed: TestBed, nesting: NestingType) -> None:
    """The branch that waits for it is suspended already and does not look; the other's checkpoint carries it away."""
    asked = threading.Event()

    def asking(branch: DurableContext) -> Any:
        callback = branch.create_callback(name="ask")
        asked.set()
        answer = callback.result()
        return branch.step(lambda _: answer, name="went on")

    def working(branch: DurableContext) -> Any:
        def work(_step: Any) -> str:
            assert asked.wait(10)
            threading.Event().wait(0.05)  # the other branch suspends meanwhile
            bed.service.succeed_callback(bed.callback_id("ask"), "answer")
            return "work"

        branch.step(work, name="work")
        return branch.create_callback(name="more").result()

    def handler(_event: Any, context: DurableContext) -> Any:
        config = ParallelConfig(nesting_type=nesting)
        return context.parallel([asking, working], name="both", config=config).get_results()

    bed.run(handler)
    assert '"answer"' == bed.operation("went on").payload
    bed.service.succeed_callback(bed.callback_id("more"), "more")
    bed.service.run_until_idle()
    assert ["answer", "more"] == json.loads(bed.service.get("execution").result or "null")


def test_each_outside_completion_wakes_the_handler_whatever_it_is_blocked_on(bed: TestBed) -> None:
    """A callback that completes during a wait: it is invoked, sees it is still waiting, and suspends again."""

    def handler(_event: Any, context: DurableContext) -> Any:
        callback = context.create_callback(name="ask")
        context.wait(Duration.from_seconds(60), name="nap")
        return callback.result()

    bed.run(handler)
    bed.service.succeed_callback(bed.callback_id("ask"), "early")
    bed.service.run_until_idle()
    assert 2 == bed.event_types().count("InvocationCompleted")
    bed.clock.advance(60)
    bed.service.run_until_idle()
    assert '"early"' == bed.service.get("execution").result


def test_what_the_handler_saw_and_acted_on_earns_no_further_invocation(bed: TestBed) -> None:
    """An answer taken in by a running handler is no reason to invoke it again when it suspends for something else."""

    def handler(_event: Any, context: DurableContext) -> Any:
        first = context.create_callback(name="first")
        context.step(lambda _: bed.service.succeed_callback(first.callback_id, "at once"), name="hand out")
        return [first.result(), context.create_callback(name="second").result()]

    bed.run(handler)
    assert 1 == bed.event_types().count("InvocationCompleted")


def test_a_handler_that_waits_for_nothing_is_tried_again_and_given_up(skipping: TestBed) -> None:
    """PENDING with nothing pending would sleep for ever."""
    skipping.service.register("function", waits)
    skipping.service.start("function", "execution", "{}")
    while (runnable := skipping.service.sweeper.runnable()) or skipping.service._skip():
        for key in runnable:
            invocation = skipping.service.worker.claim(key)
            assert invocation is not None
            skipping.service.worker.finish(invocation, {"Status": "PENDING"})
    assert "FAILED" == skipping.service.get("execution").status


@pytest.mark.parametrize("order", list(itertools.permutations(["a", "b", "c"])))
def test_answers_in_any_order_reach_the_branches_that_wait_for_them(bed: TestBed, order: tuple[str, ...]) -> None:
    """Three branches, three callbacks, every order of answers, an invocation after each."""

    def handler(_event: Any, context: DurableContext) -> Any:
        asking = [lambda branch, name=name: branch.create_callback(name=name).result() for name in "abc"]
        return context.parallel(asking, name="all").get_results()

    bed.run(handler)
    for name in order:
        bed.service.succeed_callback(bed.callback_id(name), name)
        bed.service.run_until_idle()
    assert ["a", "b", "c"] == json.loads(bed.service.get("execution").result or "null")
