"""The service for tests: in memory or on a file, on a clock that stands still, run by the test's own thread.

    with TestBed() as bed:
        bed.service.register("greet", handler)
        view = bed.run("greet", {"name": "Ada"})

Nothing here is a stand-in: it is the same service, with the time and the threads in the test's hands.
"""

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self

from checkout.durable.service import DurableService
from checkout.durable.settings import DurableSettings
from checkout.durable.views import ExecutionView, OperationView
from checkout.store.clock import ManualClock
from checkout.store.session import Database


class TestBed(AbstractContextManager["TestBed"]):
    """A service, its database and its clock.

    Args:
        url: `sqlite://` for memory, `sqlite:///path` for a file that outlives this bed.
        clock: shared between beds that play several processes, or moved by the test.
        skip_time: jump over waits, retries and timeouts whenever nothing is runnable.
    """

    __test__ = False  # not a test class, whatever its name says to pytest

    def __init__(
        self,
        url: str = "sqlite://",
        *,
        clock: ManualClock | None = None,
        skip_time: bool = False,
        settings: DurableSettings | None = None,
        fast_stop: bool = True,
    ) -> None:
        self.clock = clock or ManualClock(datetime(2026, 1, 1, tzinfo=UTC))
        self.database = Database.open(url)
        self.database.create_tables()
        self.service = DurableService(
            self.database, clock=self.clock, settings=settings, skip_time=skip_time, fast_stop=fast_stop
        )

    def run(
        self, handler: str | Callable[..., Any], payload: Any = None, *, name: str = "execution", **promises: Any
    ) -> ExecutionView:
        """Start a registered function, or a handler (registered as `function`), and run until nothing can run."""
        function = handler if isinstance(handler, str) else "function"
        if not isinstance(handler, str):
            self.service.register(function, handler, **promises)
        self.service.start(function, name, json.dumps(payload))
        self.service.run_until_idle()
        return self.service.get(name)

    def operation(self, name: str, *, of: str = "execution") -> OperationView:
        """The operation called `name` of the execution called `of`; the first one, if several."""
        return next(one for one in self.service.operations(of) if one.name == name)

    def callback_id(self, name: str, *, of: str = "execution") -> str:
        """The id of the callback called `name`, or of the one that `wait_for_callback(name=…)` made."""
        names = (name, f"{name} create callback id")
        found = next(one for one in self.service.operations(of) if one.type == "CALLBACK" and one.name in names)
        assert found.callback_id is not None
        return found.callback_id

    def event_types(self, *, of: str = "execution") -> list[str]:
        """The history's event types, in order."""
        return [event["EventType"] for event in self.service.history(of)]

    def close(self) -> None:
        """Let go of the database."""
        self.service.close()
        self.database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
