"""Which functions this process can run: handlers by name and version, with what each promises.

Knows the SDK's decorator; must never know an execution. Filled at start, read by every thread after.
"""

import functools
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from aws_durable_execution_sdk_python import durable_execution

from checkout.durable.errors import FunctionNotRegisteredError
from checkout.durable.execution import check_name
from checkout.durable.settings import LONGEST_SECONDS
from checkout.durable.views import Projector

_SDK_DECORATOR = "aws_durable_execution_sdk_python.execution"


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """One version of a function. `decorated` is what an invocation calls; `own_client`: our client is in it already."""

    function: str
    version: int
    decorated: Callable[..., Any]
    own_client: bool
    projector: Projector | None
    ends_only_by_result: bool
    execution_timeout_seconds: int | None
    retention_days: int


class Registry:
    """The functions registered in this process."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, int], Registration] = {}

    def add(self, client: object, function: str, handler: Callable[..., Any], *, version: int, **promises: Any) -> None:
        """Register a version; one that takes invocations as they are, such as a decorated one, is taken as it is."""
        check_name(function, "function name")
        if version < 1:
            raise ValueError(f"versions count from 1, not {version}")
        timeout = promises["execution_timeout_seconds"]
        if timeout is not None and not 1 <= timeout <= LONGEST_SECONDS:
            raise ValueError(f"an execution timeout is 1 to {LONGEST_SECONDS} seconds, not {timeout}")
        decorated = takes_invocations(handler)
        self._known[function, version] = Registration(
            function=function,
            version=version,
            decorated=handler if decorated else durable_execution(handler, boto3_client=client),
            own_client=not decorated,
            **promises,
        )

    def exact(self, function: str, version: int) -> Registration | None:
        """This version of this function, if this process can run it."""
        return self._known.get((function, version))

    def newest_version(self, function: str) -> int | None:
        """The highest version of a function; None if it has none here."""
        return max((version for name, version in self._known if name == function), default=None)

    def find(self, function: str, version: int | None = None) -> Registration:
        """This version, else the newest one; FunctionNotRegisteredError if it is not registered."""
        found = self.exact(function, version or self.newest_version(function) or 1)
        if found is None:
            raise FunctionNotRegisteredError(f"no handler of {function!r} is registered in this process")
        return found

    def projector(self, function: str, version: int) -> Projector | None:
        """Who keeps the public state of this function's executions: its version's projector, else the newest's."""
        known = self.exact(function, version) or self.exact(function, self.newest_version(function) or version)
        return known.projector if known else None

    def versions(self) -> Iterable[tuple[str, int]]:
        """Every (function, version) this process can run."""
        return tuple(self._known)

    def functions(self) -> Iterable[str]:
        """Every function of which this process has a version."""
        return tuple({name for name, _ in self._known})


def takes_invocations(handler: Callable[..., Any]) -> bool:
    """Whether `handler` takes the SDK's invocation itself: it says so, or it is what `@durable_execution` makes."""
    function = handler.func if isinstance(handler, functools.partial) else handler
    made_by = getattr(function, "__globals__", {}).get("__name__")
    return made_by == _SDK_DECORATOR or getattr(function, "takes_invocations", False) is True
