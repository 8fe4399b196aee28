"""What sets a thread free that waits for a browser: the end of the browser, and of the driver where that is not enough.

Playwright waits without a limit for some answers, and for some even when the browser is gone: a page that was being
made when it died, for one. A driver that is gone fails every call. Knows processes; must never know Playwright.
"""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

# What a driver may take to notice that its browser is gone, and to fail the calls that wait for it. It takes some
# hundredths of a second, and more on a machine that does much else; a driver ended in vain is started again in one.
NOTICES_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Processes:
    """The processes of a running browser, by their ids: itself, and the driver between it and us, if it is known."""

    browser: int
    driver: int | None

    @classmethod
    def of(cls, browser: int) -> Self:
        """That of a browser this process has started; its driver is the ancestor that is our own child.

        Read from Linux's /proc; elsewhere no driver is found.
        """
        pid, us = browser, os.getpid()
        with suppress(OSError):
            while (parent := _parent(pid)) != us and parent > 1:
                pid = parent
            return cls(browser, pid if parent == us and pid != browser else None)
        return cls(browser, None)

    @property
    def holds(self) -> bool:
        """Whether the browser stands; seen at once, also while nobody listens to its events."""
        return _stands(self.browser)

    @property
    def driven(self) -> bool:
        """Whether the driver stands, as far as it is known."""
        return self.driver is None or _stands(self.driver)

    @contextmanager
    def bounded(self, seconds: float) -> Iterator["Watchdog"]:
        """Work with the browser that ends after `seconds`, as whatever it waits for fails then."""
        watchdog = Watchdog(self)
        threading.Thread(target=watchdog.watch, args=[seconds], name="watchdog", daemon=True).start()
        try:
            yield watchdog
        finally:
            watchdog.over.set()
            watchdog.cut()


@dataclass(frozen=True, slots=True)
class Watchdog:
    """Watches over a piece of work with a browser, from a thread of its own."""

    processes: Processes
    over: threading.Event = field(default_factory=threading.Event)
    _cut: threading.Event = field(default_factory=threading.Event)

    def cut(self) -> None:
        """Let the work fail now; from any thread."""
        self._cut.set()

    def watch(self, seconds: float) -> None:
        """End the browser once it is time or the work is cut, and its driver if even then the work goes on."""
        self._cut.wait(seconds)
        if self.over.is_set():
            return
        _kill(self.processes.browser)
        if not self.over.wait(NOTICES_SECONDS) and self.processes.driver is not None:
            _kill(self.processes.driver)


def _parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def _stands(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
