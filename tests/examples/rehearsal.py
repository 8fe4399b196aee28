"""One run of a reference workflow under AWS's own runner: the second implementation the examples are held against.

Knows AWS's testing package and the journal; nothing of our own service.
"""

import json
from collections.abc import Callable
from typing import Any

from aws_durable_execution_sdk_python_testing.runner import DurableFunctionTestResult, DurableFunctionTestRunner

from tests.examples.journal import Journal


class Rehearsal:
    """One execution under AWS's runner, timers skipped."""

    def __init__(self, handler: Callable[..., Any], journal: Journal) -> None:
        self._runner: Any = DurableFunctionTestRunner(handler)
        self._journal = journal
        self._arn = ""

    def start(self, event: dict[str, Any], **outside: Any) -> None:
        """Start with `event`, in an outside world that keeps the journal."""
        world = {"journal": str(self._journal.path), **outside}
        self._arn = self._runner.run_async(input=json.dumps({**event, "outside": world}))

    def also(self, name: str, handler: Callable[..., Any]) -> None:
        """Let the handler invoke another one by `name`."""
        self._runner.register_durable_function(name, handler)

    def answer(self, call: str, payload: Any) -> None:
        """Answer the callback that `call` handed out, with JSON."""
        self._runner.send_callback_success(self._journal.callback_id(call), json.dumps(payload).encode())

    def refuse(self, call: str) -> None:
        """Fail the callback that `call` handed out."""
        self._runner.send_callback_failure(self._journal.callback_id(call))

    def end(self) -> DurableFunctionTestResult:
        """How it ended."""
        ended: DurableFunctionTestResult = self._runner.wait_for_result(self._arn)
        return ended

    def result(self) -> Any:
        """What the handler returned; fails the test if it did not return."""
        ended = self.end()
        assert ended.result is not None, ended.error
        return json.loads(ended.result)

    def close(self) -> None:
        """Stop the runner; its scheduler leaves its event loop open, which would be reported as a leak."""
        self._runner.close()
        self._runner._scheduler._loop.close()
