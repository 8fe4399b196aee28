"""A worker: takes a task, buys, says how it ended, takes the next. One browser, warm; one thread.

Knows how a task may end when everything else failed: before a permit nothing was ordered, after it nobody knows. How a
task is done is given to it (`Do`). Must never log a secret: outcomes are named, not printed.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

from agents.errors import TaskLostError
from agents.ports import Service
from agents.service import ServiceClient, ServiceUnreachableError, TaskService, WorkerEndingError
from agents.terms import Kind, Outcome, Task
from merchants.sdk import Refused, Unclear

log = structlog.get_logger(__name__)

# How soon a task is found that nobody announced; asking costs the service one short read.
POLL_SECONDS = 0.5
# A service that does not answer is restarting or down.
UNREACHABLE_SECONDS = 5.0

Do = Callable[[Task, Service], Outcome]


@dataclass(slots=True, kw_only=True)
class Worker:
    """One worker. `do` is the whole work on one task; it raises TaskLostError when the task is no longer ours.

    `ending`, once set from any thread, lets it take no further task. `broken`: something failed that nobody expected,
    so whatever `do` works with is to be made anew. `prepare` is called when there is no task, before the next one is
    waited for. `rest` returns when there may be a task; by default after a moment.
    `cut` ends, from another thread, whatever `do` hangs in: it is called when the task is no longer ours and `do` does
    not notice.
    """

    name: str
    client: ServiceClient
    do: Do
    ending: threading.Event = field(default_factory=threading.Event)
    poll_seconds: float = POLL_SECONDS
    prepare: Callable[[], None] | None = None
    rest: Callable[[], None] | None = None
    cut: Callable[[], None] | None = None
    ordering: bool = False
    broken: bool = False

    def run(self) -> None:
        """Work until it is to end or is broken. An order under way is finished; anything else is given back."""
        log.info("worker.ready", worker=self.name)
        while not self.ending.is_set() and not self.broken:
            try:
                worked = self.work_once()
            except ServiceUnreachableError as away:
                log.warning("worker.service_unreachable", worker=self.name, why=str(away))
                self.ending.wait(UNREACHABLE_SECONDS)
                continue
            if worked or self.ending.is_set():
                continue
            if self.prepare:
                self.prepare()
            if self.rest is None:
                self.ending.wait(self.poll_seconds)
            else:
                self.rest()

    def work_once(self) -> bool:
        """Take one task and bring it to its end; False if there was none."""
        task = self.client.claim(self.name)
        if task is None:
            return False
        bound = log.bind(worker=self.name, intent=task.intent_id, kind=task.kind.value)
        bound.info("task.claimed")
        self.ordering = task.kind is Kind.ORDER
        with self.client.working_on(task, self.ending, self.cut) as service:
            try:
                outcome = self._done(task, service)
                service.report(outcome)
            except WorkerEndingError:
                service.give_back()
                bound.info("task.given_back")
            except TaskLostError as lost:
                bound.warning("task.lost", why=str(lost))
            else:
                bound.info("task.ended", outcome=type(outcome).__name__, code=getattr(outcome, "code", None))
            finally:
                self.ordering = False
        return True

    def _done(self, task: Task, service: TaskService) -> Outcome:
        try:
            return self.do(task, service)
        except TaskLostError:
            raise
        except Exception as broken:  # whatever broke, the purchase must hear how its task ended
            self.broken = True
            if service.lost:  # the browser was ended under it, or might as well have been
                raise TaskLostError(service.lost) from broken
            # Its text may hold what a page or a field said, so only its kind and its place are told.
            kind = type(broken).__name__
            log.error("task.broken", worker=self.name, intent=task.intent_id, error=kind, at=_where(broken))  # noqa: TRY400 (same)
            return failed(task, kind, permitted=service.permitted)


def failed(task: Task, kind: str, *, permitted: bool) -> Outcome:
    """How a task ends that broke: nothing was ordered without a permit, and with one nobody knows."""
    message = f"the agent worker broke: {kind}"
    if task.kind is Kind.LOOK_UP or permitted:
        return Unclear(message=message)
    return Refused(
        code="offer_retrieval_failed" if task.kind is Kind.OFFER else "order_placement_failed", message=message
    )


def _where(error: BaseException) -> str:
    """The innermost place of our own it came from, without values."""
    trace, place = error.__traceback__, ""
    while trace is not None:
        code = trace.tb_frame.f_code
        place = f"{code.co_filename.rpartition('/')[2]}:{trace.tb_lineno}"
        trace = trace.tb_next
    return place
