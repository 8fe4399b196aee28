"""The threads that make the calls of AWS's API which commands owe: at once after a commit, and again until AWS answers.

Every call may be made twice without harm: a name is one execution, and a callback's first answer stands. Knows AWS's
errors: which mean that it was done before, and which that it may yet be done. Must never hold a transaction while it
calls, nor log what it sends.
"""

import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import structlog
from botocore.exceptions import BotoCoreError, ClientError
from sqlalchemy.exc import SQLAlchemyError

from checkout.on_lambda import owed
from checkout.on_lambda.owed import Verb
from checkout.store.clock import Clock
from checkout.store.models import AwsCall
from checkout.store.session import Database

log = structlog.get_logger(__name__)

# A call takes some tens of milliseconds; four at once are a hundred purchases a second.
THREADS = 4
# What another process owed and did not live to do, and what a pause is over for, is noticed within this.
LOOK_EVERY_SECONDS = 1.0
# Calls that were done are forgotten in rounds of this; nothing depends on one being on time.
PRUNE_EVERY_SECONDS = 3600.0
# The callback was answered, has timed out, or its execution is gone: saying it again would be refused again.
OVER = frozenset({"CallbackTimeoutException", "ResourceNotFoundException", "InvalidParameterValueException"})
# The name stands for an execution with another input; only an older build's, or somebody's by hand.
ALREADY_STARTED = "DurableExecutionAlreadyStartedException"
CANCELLED = {"ErrorType": "cancelled", "ErrorMessage": "the checkout was cancelled"}


class Calls:
    """One process's calls. `function` is what is invoked: a qualified name or ARN."""

    def __init__(self, database: Database, clock: Clock, client: Any, function: str, *, keep: timedelta) -> None:
        self._database = database
        self._clock = clock
        self._client = client
        self._function = function
        self._keep = keep
        self._wake = threading.Event()
        self._ending = threading.Event()
        self._free = threading.Semaphore(THREADS)
        # Signs of life that wait to be passed on: one per callback, whoever says it again meanwhile.
        self._beats: dict[str, None] = {}
        self._prune_at = clock.now()

    def look(self) -> None:
        """Something may be owed; returns at once."""
        self._wake.set()

    def beat(self, callback_id: str) -> None:
        """Pass on a sign of life; returns at once. It is told once or not at all: the next one follows."""
        self._beats[callback_id] = None
        self._wake.set()

    @contextmanager
    def running(self) -> Iterator[None]:
        """Make calls until the block ends; those under way are finished."""
        with ThreadPoolExecutor(THREADS, thread_name_prefix="aws-call") as pool:
            looking = threading.Thread(target=self._look_on, args=(pool,), name="aws-calls", daemon=True)
            looking.start()
            try:
                yield
            finally:
                self._ending.set()
                self._wake.set()
                looking.join()

    def make_due(self) -> int:
        """Make every call that is due, in this thread; how many were tried."""
        made = 0
        while (call := self._taken()) is not None:
            self._make(call)
            made += 1
        return made

    def _look_on(self, pool: ThreadPoolExecutor) -> None:
        while not self._ending.is_set():
            self._wake.wait(LOOK_EVERY_SECONDS)
            self._wake.clear()
            try:
                self._hand_out(pool)
                self._prune()
            except SQLAlchemyError:
                log.warning("aws.database_away", exc_info=True)  # what is owed is still owed

    def _hand_out(self, pool: ThreadPoolExecutor) -> None:
        """Each thing that is due to a thread that is free."""
        while not self._ending.is_set():
            self._free.acquire()
            work = self._next()
            if work is None:
                self._free.release()
                return
            pool.submit(self._do, work)

    def _next(self) -> Callable[[], None] | None:
        if self._beats:
            callback_id = next(iter(self._beats))
            del self._beats[callback_id]
            return lambda: self._beat(callback_id)
        call = self._taken()
        return (lambda: self._make(call)) if call is not None else None

    def _do(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception:
            log.exception("aws.call_broke")  # what it was about is taken again when its time is over
        finally:
            self._free.release()
            self._wake.set()  # the next call of this purchase may be made now

    def _taken(self) -> AwsCall | None:
        now = self._clock.now()
        with self._database.read() as session:
            if not owed.is_due(session, now):
                return None
        with self._database.transaction() as session:
            return owed.take(session, now)

    def _make(self, call: AwsCall) -> None:
        """One call, and what came of it on record."""
        try:
            said = self._send(call)
        except ClientError as refused:
            code = str(refused.response["Error"]["Code"])
            if call.verb == Verb.INVOKE.value or code not in OVER:
                self._postpone(call, code)
                return
            if code != "CallbackTimeoutException" or call.attempts == 1:
                log.warning("aws.refused", intent=call.intent_id, verb=call.verb, code=code)
            said = code
        except BotoCoreError as away:
            self._postpone(call, type(away).__name__)
            return
        with self._database.transaction() as session:
            owed.settle(session, call, said, now=self._clock.now())

    def _postpone(self, call: AwsCall, why: str) -> None:
        log.warning("aws.postponed", intent=call.intent_id, verb=call.verb, why=why, attempts=call.attempts)
        with self._database.transaction() as session:
            owed.postpone(session, call, why, now=self._clock.now())

    def _send(self, call: AwsCall) -> str | None:
        match Verb(call.verb):
            case Verb.INVOKE:
                return self._invoke(call)
            case Verb.SUCCEED:
                result = (call.body or "").encode()
                self._client.send_durable_execution_callback_success(CallbackId=call.callback_id, Result=result)
            case Verb.FAIL:
                error = json.loads(call.body or "{}")
                self._client.send_durable_execution_callback_failure(CallbackId=call.callback_id, Error=error)
            case Verb.STOP:
                with self._database.read() as session:
                    arn = owed.arn_of(session, call.intent_id)
                self._client.stop_durable_execution(DurableExecutionArn=arn, Error=CANCELLED)
        return None

    def _invoke(self, call: AwsCall) -> str:
        """Start it; the ARN of what this name stands for, whoever started it."""
        try:
            started = self._client.invoke(
                FunctionName=self._function,
                InvocationType="Event",
                DurableExecutionName=call.intent_id,
                Payload=(call.body or "").encode(),
            )
        except ClientError as refused:
            if refused.response["Error"]["Code"] != ALREADY_STARTED:
                raise
            found = self._client.list_durable_executions_by_function(
                FunctionName=self._function, DurableExecutionName=call.intent_id
            )
            log.warning("aws.started_before", intent=call.intent_id)
            return str(found["DurableExecutions"][0]["DurableExecutionArn"])
        return str(started["DurableExecutionArn"])

    def _beat(self, callback_id: str) -> None:
        try:
            self._client.send_durable_execution_callback_heartbeat(CallbackId=callback_id)
        except (ClientError, BotoCoreError) as unheard:
            log.info("aws.heartbeat_not_taken", why=type(unheard).__name__)

    def _prune(self) -> None:
        now = self._clock.now()
        if now < self._prune_at:
            return
        self._prune_at = now + timedelta(seconds=PRUNE_EVERY_SECONDS)
        with self._database.transaction() as session:
            owed.prune(session, before=now - self._keep)
