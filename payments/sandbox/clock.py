"""The provider's time: a clock given to it, moved forward on demand, as an account's history only does."""

from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Now, in UTC."""

    def now(self) -> datetime:
        """The current time, aware."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The current time, aware."""
        return datetime.now(UTC)


class SandboxClock:
    """A clock ahead of another by what was asked for; while an old request is replayed, it stands at that moment."""

    def __init__(self, base: Clock) -> None:
        self._base = base
        self._ahead = timedelta(0)
        self._standing: datetime | None = None

    def now(self) -> datetime:
        """The provider's present."""
        return self._standing or self._base.now() + self._ahead

    def advance(self, seconds: float) -> None:
        """Move forward by `seconds`, from now on."""
        self._ahead += timedelta(seconds=seconds)

    def stand(self, moment: datetime | None) -> None:
        """Stand at `moment`, or go again."""
        self._standing = moment
