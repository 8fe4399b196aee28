"""The functions this process serves, and the many ways in which AWS lets a function be named.

Knows names, versions and ARNs; must never know a handler.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from checkout.durable_face.faults import INVALID, AwsError, not_found

# AWS's: the name alone, with a qualifier, as a partial or as a full ARN.
_NAMED = re.compile(
    r"(?:arn:aws[a-zA-Z-]*:lambda:(?:[a-z0-9-]+:)?)?(?:\d{12}:)?(?:function:)?"
    r"(?P<name>[a-zA-Z0-9-_.]+)(?::(?P<qualifier>\$LATEST(?:\.PUBLISHED)?|[a-zA-Z0-9-_]+))?"
)
# Nothing here is published: the newest version is the latest one.
LATEST = frozenset({"$LATEST", "$LATEST.PUBLISHED"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """One version of a function served here. `timeout_seconds`: of its executions; None lets them run for ever."""

    name: str
    version: int = 1
    timeout_seconds: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a request names: a function, and which version of it, if it says."""

    name: str
    qualifier: str | None

    @classmethod
    def of(cls, named: str, qualifier: str | None) -> "Asked":
        """Read the two places a qualifier can stand in; they must not disagree."""
        match = _NAMED.fullmatch(named)
        if match is None:
            raise AwsError(INVALID, f"{named!r} names no function: give its name or its ARN")
        within = match["qualifier"]
        if within and qualifier and within != qualifier:
            raise AwsError(INVALID, f"the function's name says {within}, the qualifier says {qualifier}")
        return cls(name=match["name"], qualifier=within or qualifier)

    @property
    def version(self) -> int | None:
        """The version it asks for; None for the newest. There are no aliases here."""
        if self.qualifier is None or self.qualifier in LATEST:
            return None
        return int(self.qualifier) if self.qualifier.isdigit() else not_found(f"the alias {self}")

    def __str__(self) -> str:
        return self.name if self.qualifier is None else f"{self.name}:{self.qualifier}"


class Functions:
    """What is served here."""

    def __init__(self, served: Iterable[Function]) -> None:
        self._served = {(one.name, one.version): one for one in served}

    def __contains__(self, name: object) -> bool:
        return any(name == served for served, _ in self._served)

    def find(self, asked: Asked) -> Function:
        """The version asked for, else the newest; ResourceNotFoundException."""
        newest = max((version for name, version in self._served if name == asked.name), default=0)
        found = self._served.get((asked.name, asked.version or newest))
        return found or not_found(f"the function {asked}")
