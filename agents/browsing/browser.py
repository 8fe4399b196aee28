"""The warm browser of one worker, and a fresh, fenced visit for each task.

One thread owns it: Playwright's objects belong to the thread that made them. A visit shares nothing with another: its
own cookies, its own egress proxy, its own fence. Knows how Chromium is started; must never know a shop.
"""

import gc
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Self

from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Playwright, ProxySettings, sync_playwright

from agents.browsing.egress import Egress
from agents.browsing.fence import Fence
from agents.browsing.finding import Found, find
from agents.browsing.visit import Visit
from agents.errors import BrowserMissingError
from agents.terms import SavedSession
from merchants.fetch import Resolver, resolve_host

__all__ = ["Browser", "Found", "Visit", "find"]

FLAGS = (
    # What would pass the proxy by: UDP of any kind, and names looked up by the browser itself.
    "--disable-quic",
    "--webrtc-ip-handling-policy=disable_non_proxied_udp",  # the full browser's name for it
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",  # the shell's
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    # What a browser does for its own sake.
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
# Chromium's sandbox needs user namespaces that root in a container rarely has; without root it stays on.
AS_ROOT = ("--no-sandbox",)
START_SECONDS = 30.0
# Longer than any task lasts. A page can block its own scripts for ever, and whoever then reads it waits as long: only
# the browser's end sets the waiting thread free.
VISIT_SECONDS = 900.0


class Browser:
    """A running browser. It is started again when it crashed and a visit is asked for."""

    def __init__(self, playwright: Playwright, found: Found, *, headed: bool, resolve: Resolver) -> None:
        self._playwright = playwright
        self._found = found
        self._headed = headed
        self._resolve = resolve
        self._browser, self._pid = self._start()

    @classmethod
    @contextmanager
    def opened(
        cls, found: Found | None = None, *, headed: bool = False, resolve: Resolver = resolve_host
    ) -> Iterator[Self]:
        """Start the browser; it ends with the block, and with this process whatever happens to it.

        `resolve` is how names are looked up. BrowserMissingError when there is none, or it does not start.
        """
        found = found or find(headed=headed)
        with sync_playwright() as playwright:
            browser = cls(playwright, found, headed=headed, resolve=resolve)
            # What is loaded by now stays; looked through again and again, it would hold up the messages to the browser.
            gc.collect()
            gc.freeze()
            try:
                yield browser
            finally:
                browser.close()

    @property
    def alive(self) -> bool:
        """Whether the browser's process stands; seen at once, also while nobody listens to its events."""
        try:
            os.kill(self._pid, 0)
        except ProcessLookupError:
            return False
        return self._browser.is_connected()

    @contextmanager
    def visit(
        self, fence: Fence, *, session: SavedSession | None = None, seconds: float = VISIT_SECONDS
    ) -> Iterator[Visit]:
        """A fresh context behind `fence`, with what `session` saved; all of it ends with the block.

        After `seconds` the browser is ended under it, and every call in it fails; the next visit starts it again.
        """
        if not self.alive:
            self._browser, self._pid = self._start()
        with _bounded(self._pid, seconds), Egress(fence.allowed_private, self._resolve).running() as egress:
            proxy: ProxySettings = {"server": egress.address, "bypass": "<-loopback>"}
            context = self._browser.new_context(proxy=proxy, **_context(session))
            try:
                fence.around(context, egress.losses)
                visit = Visit(context, fence, egress)
                visit.begin()
                yield visit
            finally:
                with suppress(PlaywrightError):  # a crashed browser has closed it already
                    context.close()

    def cut(self) -> None:
        """End the browser's process under a visit that hangs, from any thread: its calls fail at once."""
        _kill(self._pid)

    def close(self) -> None:
        """End the browser."""
        with suppress(PlaywrightError):
            self._browser.close()

    def _start(self) -> tuple[Chromium, int]:
        try:
            browser = self._playwright.chromium.launch(
                executable_path=self._found.path,
                headless=not self._headed,
                args=[*FLAGS, *(AS_ROOT if os.geteuid() == 0 else ())],
                chromium_sandbox=os.geteuid() != 0,
                timeout=START_SECONDS * 1000,
            )
            session = browser.new_browser_cdp_session()
            processes = session.send("SystemInfo.getProcessInfo")["processInfo"]
            session.detach()
        except PlaywrightError as failed:
            raise BrowserMissingError(_unstarted(self._found, failed)) from failed
        return browser, next(process["id"] for process in processes if process["type"] == "browser")


@contextmanager
def _bounded(pid: int, seconds: float) -> Iterator[None]:
    """End the browser when the block takes longer than `seconds`."""
    timer = threading.Timer(seconds, _kill, [pid])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def _unstarted(found: Found, failed: PlaywrightError) -> str:
    if "sandbox" in failed.message.lower() and os.geteuid() != 0:
        return f"{found.path} gets no sandbox here: allow user namespaces to this user, or run as root in a container"
    return f"{found.path} is there but does not start; install it anew, with the libraries it needs"


def _context(session: SavedSession | None) -> dict[str, Any]:
    options: dict[str, Any] = {
        "service_workers": "block",  # they would go on asking after the page is gone
        "accept_downloads": False,
        "permissions": [],
        "locale": "en-US",
    }
    return {**options, "storage_state": dict(session.storage)} if session else options
