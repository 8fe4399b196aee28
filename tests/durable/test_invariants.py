"""A model of handlers, answers, clocks and crashes in any order, against the real service: what must always hold."""

from typing import Any

from botocore.exceptions import ClientError
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from checkout.durable import store
from checkout.durable.errors import CallbackAlreadyCompletedError, CallbackExpiredError
from checkout.durable.execution import Execution
from checkout.durable.invocation import Invocation
from checkout.durable.testing import TestBed


class OneExecution(RuleBasedStateMachine):
    """One execution; handlers are played by hand, so that they can be cut, frozen and late."""

    def __init__(self) -> None:
        super().__init__()
        self.bed = TestBed()
        self.tokens: list[tuple[Invocation, str]] = []  # every token ever handed out
        self.alive: Invocation | None = None
        self.answered: dict[str, str] = {}
        self.ended: dict[str, str] = {}
        self.history: list[dict[str, Any]] = []
        self.made = 0

    @initialize()
    def begin(self) -> None:
        """An execution waits to be claimed."""
        self.bed.service.register("function", lambda _event, _context: None)
        self.bed.service.start("function", "execution", "{}")

    @rule()
    def claim(self) -> None:
        """A worker claims it if it may."""
        for key in self.bed.service.sweeper.runnable():
            invocation = self.bed.service.worker.claim(key)
            assert invocation is not None
            self.alive = invocation
            self.tokens.append((invocation, invocation.event["CheckpointToken"]))

    @precondition(lambda self: self.tokens)
    @rule(data=st.data(), kind=st.sampled_from(["STEP", "WAIT", "CALLBACK", "NOTHING"]))
    def checkpoint(self, data: st.DataObject, kind: str) -> None:
        """Somebody checkpoints with a token: accepted only if it is the latest of the one that holds the lease."""
        which = data.draw(st.integers(0, len(self.tokens) - 1))
        invocation, token = self.tokens[which]
        updates = [] if kind == "NOTHING" else [self._update(kind)]
        before = self._row()
        good = before.lease_until is not None and invocation is self.alive and which == len(self.tokens) - 1
        try:
            answer = self.bed.service.client.checkpoint_durable_execution(
                DurableExecutionArn=invocation.arn, CheckpointToken=token, Updates=updates
            )
        except ClientError:
            assert not good
            assert before == self._row()
        else:
            assert good
            self.tokens[which] = (invocation, answer["CheckpointToken"])
            if answer["CheckpointToken"] != token:
                self.tokens.insert(which, (invocation, token))

    @precondition(lambda self: self.alive)
    @rule(crash=st.booleans())
    def finish(self, crash: bool) -> None:  # noqa: FBT001 (drawn)
        """The handler answers PENDING, or its process dies without a word."""
        assert self.alive is not None
        if not crash:
            self.bed.service.worker.finish(self.alive, {"Status": "PENDING"})
        self.alive = None if not crash else self.alive

    @rule(data=st.data(), verb=st.sampled_from(["succeed", "fail", "heartbeat"]))
    def answer(self, data: st.DataObject, verb: str) -> None:
        """The outside answers a callback: taken once, while it is open and in time."""
        callbacks = [one for one in self.bed.service.operations("execution") if one.callback_id]
        if not callbacks:
            return
        one = data.draw(st.sampled_from(callbacks))
        assert one.callback_id
        try:
            if verb == "heartbeat":
                self.bed.service.heartbeat_callback(one.callback_id)
            elif verb == "succeed":
                self.bed.service.succeed_callback(one.callback_id, '"yes"')
            else:
                self.bed.service.fail_callback(one.callback_id, {"ErrorMessage": "no"})
        except (CallbackAlreadyCompletedError, CallbackExpiredError):
            return
        assert "STARTED" == one.status
        if verb != "heartbeat":
            assert one.id not in self.answered
            self.answered[one.id] = "SUCCEEDED" if verb == "succeed" else "FAILED"

    @rule(seconds=st.sampled_from([0.5, 3, 20, -30]))
    def time_passes(self, seconds: float) -> None:
        """Or is set back."""
        self.bed.clock.advance(seconds)

    @rule()
    def sweep(self) -> None:
        """Somebody looks for what is due."""
        self.bed.service.sweeper.sweep()

    @invariant()
    def what_has_ended_stays_as_it_ended(self) -> None:
        """Answers are applied once, ends are final, attempts only grow."""
        for one in self.bed.service.operations("execution") if self._begun() else ():
            if one.id in self.ended:
                assert self.ended[one.id] == one.status
            elif one.ended_at is not None:
                self.ended[one.id] = one.status
            if one.id in self.answered:
                assert self.answered[one.id] == one.status

    @invariant()
    def the_history_only_grows(self) -> None:
        """Append-only, numbered without gaps."""
        if self._begun():
            history = self.bed.service.history("execution")
            assert self.history == history[: len(self.history)]
            assert list(range(1, len(history) + 1)) == [event["EventId"] for event in history]
            self.history = history

    @invariant()
    def no_wake_up_is_lost(self) -> None:
        """Nobody runs it and something changed that no handler has seen: then a worker will be asked."""
        if self._begun():
            row = self._row()
            if row.running and row.lease_until is None and row.parked is None and row.touched > row.seen:
                assert row.wake_at is not None

    @invariant()
    def every_open_timer_will_be_looked_at(self) -> None:
        """The sweeper looks no later than the earliest timer."""
        if self._begun():
            row = self._row()
            with self.bed.database.read() as session:
                operations = store.operations(session, row.id)
            due = [one.due_at for one in operations if one.waits and one.due_at is not None]
            if row.running and due:
                assert row.timer_at is not None
                assert row.timer_at <= min(due)

    def teardown(self) -> None:
        """Let go of the database."""
        self.bed.close()

    def _begun(self) -> bool:
        return bool(self.bed.service.list().executions)

    def _row(self) -> Execution:
        with self.bed.database.read() as session:
            row = store.read_named(session, "execution")
        assert row is not None
        return row

    def _update(self, kind: str) -> dict[str, Any]:
        self.made += 1
        options = {
            "STEP": {"StepOptions": {"NextAttemptDelaySeconds": 3}},
            "WAIT": {"WaitOptions": {"WaitSeconds": 3}},
            "CALLBACK": {"CallbackOptions": {"TimeoutSeconds": 40, "HeartbeatTimeoutSeconds": 10}},
        }[kind]
        return {
            "Id": f"{kind}{self.made}",
            "Type": kind,
            "Action": "RETRY" if kind == "STEP" else "START",
            **options,
        }


TestOneExecution = OneExecution.TestCase
TestOneExecution.settings = settings(max_examples=60, stateful_step_count=30)
