"""The warm browser of one worker, and a fresh, fenced visit for each task.

One thread owns it: Playwright's objects belong to the thread that made them. A visit shares nothing with another: its
own cookies, its own egress proxy, its own fence. What it begins with is made while nobody waits for it. Knows how
Chromium is started; must never know a shop.
"""

import gc
import os
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Self

from playwright.sync_api import Browser as Chromium
from playwright.sync_api import BrowserContext, Page, ProxySettings, sync_playwright
from playwright.sync_api import Error as PlaywrightError

from agents.browsing.egress import Egress
from agents.browsing.elements import worlds
from agents.browsing.fence import Fence
from agents.browsing.finding import Found, find
from agents.browsing.visit import Visit
from agents.browsing.watchdog import Processes, Watchdog
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


@dataclass(frozen=True, slots=True)
class _Room:
    """Where a visit takes place: an unused context with its first page, behind a proxy of its own."""

    context: BrowserContext
    page: Page
    egress: Egress


class Browser:
    """A running browser. It is started again when it crashed, or its driver did, and a visit is asked for."""

    def __init__(self, drivers: ExitStack, found: Found, *, headed: bool, resolve: Resolver) -> None:
        self._drivers = drivers
        self._found = found
        self._headed = headed
        self._resolve = resolve
        self._playwright = drivers.enter_context(sync_playwright())
        self._browser, self._processes = self._start()
        self._watchdog: Watchdog | None = None
        self._ready: tuple[_Room, ExitStack] | None = None

    @classmethod
    @contextmanager
    def opened(
        cls, found: Found | None = None, *, headed: bool = False, resolve: Resolver = resolve_host
    ) -> Iterator[Self]:
        """Start the browser; it ends with the block, and with this process whatever happens to it.

        `resolve` is how names are looked up. BrowserMissingError when there is none, or it does not start.
        """
        found = found or find(headed=headed)
        with ExitStack() as drivers:
            browser = cls(drivers, found, headed=headed, resolve=resolve)
            # What is loaded by now stays; looked through again and again, it would hold up the messages to the browser.
            gc.collect()
            gc.freeze()
            try:
                yield browser
            finally:
                browser.close()

    @property
    def alive(self) -> bool:
        """Whether the browser stands and can be driven."""
        return self._processes.holds and self._processes.driven and self._browser.is_connected()

    def prepare(self, allowed_private: Collection[str] = ()) -> None:
        """Make ready what the next visit begins with, unless it is: a fresh context, its page and its proxy.

        `allowed_private` as the fence of that visit will have it; another fence gets a room of its own.
        BrowserMissingError, or Playwright's error, when the browser is gone for good.
        """
        if self._ready and self.alive and not self._ready[0].page.is_closed():
            return
        self._put_away()
        self._revive()
        self._ready = self._room(frozenset(pair.lower() for pair in allowed_private), None)

    @contextmanager
    def visit(
        self, fence: Fence, *, session: SavedSession | None = None, seconds: float = VISIT_SECONDS
    ) -> Iterator[Visit]:
        """A fresh context behind `fence`, with what `session` saved; all of it ends with the block.

        After `seconds` the browser is ended under it, and every call in it fails; the next visit starts it again.
        """
        self._revive()
        with self._processes.bounded(seconds) as self._watchdog, ExitStack() as stack:
            yield self._begun(fence, session, stack)

    def _begun(self, fence: Fence, session: SavedSession | None, stack: ExitStack) -> Visit:
        """A visit in the room that is ready, if it fits; in one of its own, if not. It ends with `stack`."""
        ready = self._ready
        stored = session.storage if session else {}
        # What a shop keeps in a page can only go into a context that is made with it.
        if ready and not stored.get("origins") and ready[0].egress.allowed_private == fence.allowed_private:
            self._ready = None
            stack.push(ready[1])
            with suppress(PlaywrightError):  # it crashed while it waited
                if cookies := stored.get("cookies"):
                    ready[0].context.add_cookies(cookies)
                return _visit(ready[0], fence)
        room, held = self._room(fence.allowed_private, session)
        stack.push(held)
        return _visit(room, fence)

    def _room(self, allowed_private: frozenset[str], session: SavedSession | None) -> tuple[_Room, ExitStack]:
        """A room, and what ends it."""
        with self._processes.bounded(START_SECONDS), ExitStack() as stack:
            egress = stack.enter_context(Egress(allowed_private, self._resolve).running())
            proxy: ProxySettings = {"server": egress.address, "bypass": "<-loopback>"}
            context = self._browser.new_context(proxy=proxy, **_context(session))
            stack.callback(_closed, context)
            page = context.new_page()
            worlds(page)  # followed from its first document on
            return _Room(context, page, egress), stack.pop_all()

    def _put_away(self) -> None:
        """End the room that is ready and that nobody will use."""
        ready, self._ready = self._ready, None
        if ready:
            ready[1].close()

    def cut(self) -> None:
        """End the browser under a visit that hangs, from any thread: its calls fail."""
        if self._watchdog:
            self._watchdog.cut()

    def close(self) -> None:
        """End the browser."""
        self._put_away()
        with suppress(PlaywrightError):
            self._browser.close()

    def _revive(self) -> None:
        """Start the browser again if it is gone, and the driver before it."""
        if self.alive:
            return
        self._put_away()
        if not self._processes.driven:
            self._drivers.close()
            self._playwright = self._drivers.enter_context(sync_playwright())
        self._browser, self._processes = self._start()

    def _start(self) -> tuple[Chromium, Processes]:
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
        return browser, Processes.of(next(process["id"] for process in processes if process["type"] == "browser"))


def _visit(room: _Room, fence: Fence) -> Visit:
    fence.around(room.context, room.egress.losses)
    visit = Visit(room.context, fence, room.egress, room.page)
    visit.begin()
    return visit


def _closed(context: BrowserContext) -> None:
    with suppress(PlaywrightError):  # a crashed browser has closed it already
        context.close()


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
