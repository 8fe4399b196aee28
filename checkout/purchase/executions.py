"""What the doors to purchases need of a durable service, whoever keeps the executions: our own service, or AWS.

Every verb that takes `session` joins the caller's transaction, and what it raises is the tree of `durable.errors`.
"""

from collections.abc import Callable
from typing import Any, Protocol

from sqlmodel import Session

from checkout.durable.views import ExecutionView, OperationView


class Executions(Protocol):
    """Purchases under way, by their intents' ids, and the callbacks they wait for."""

    def start(self, function: str, name: str, payload: str, *, session: Session) -> object:
        """Start an execution with JSON text as input; the same name and input: the first one."""
        ...

    def lock(self, name_or_arn: str, *, session: Session) -> None:
        """Nobody else changes it until the caller's transaction ends; ExecutionNotFoundError."""
        ...

    def stop(self, name_or_arn: str, *, override: bool, session: Session) -> object:
        """End it as it stands; StopRefusedError unless `override`, for a purchase ends by its own result."""
        ...

    def succeed_callback(self, callback_id: str, payload: str | None = None, *, session: Session) -> None:
        """Answer a callback; CallbackNotFoundError, CallbackAlreadyCompletedError, CallbackExpiredError."""
        ...

    def fail_callback(self, callback_id: str, error: dict[str, Any], *, session: Session) -> None:
        """Answer a callback with an error (AWS's ErrorObject); raises as `succeed_callback`."""
        ...

    def heartbeat_callback(self, callback_id: str, *, session: Session) -> None:
        """Whoever will answer is alive; raises as `succeed_callback`."""
        ...

    def get(self, name_or_arn: str) -> ExecutionView:
        """One execution; ExecutionNotFoundError."""
        ...

    def operations(self, name_or_arn: str) -> tuple[OperationView, ...]:
        """Its operations, in start order; ExecutionNotFoundError."""
        ...

    def subscribe(self, listener: Callable[[str], None]) -> Callable[[], None]:
        """Call `listener(name)` after commits of this process that changed an execution; returns what ends it."""
        ...
