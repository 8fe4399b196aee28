"""One task's visit to a shop: its own context, its own way out, and a page that is watched.

What the page tries beside selling (pop-ups, dialogs, downloads, other sites) is turned down here and told in `notices`.
One thread owns a visit. Knows pages; must never know what is bought, and never decides a rule: those are the fence's.
"""

import re
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, Dialog, Download, FileChooser, Frame, Page
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import TimeoutError as PlaywrightTimeoutError

from agents.browsing.closing import close
from agents.browsing.egress import Egress
from agents.browsing.elements import worlds
from agents.browsing.fence import Fence
from agents.browsing.settling import COMMIT_SECONDS, DOCUMENT_SECONDS, settle
from agents.browsing.watching import Watched
from agents.errors import FencedError, PageTroubleError
from agents.terms import SavedSession

# A pop-up that has not said by then where it goes is closed unseen.
POPUP_SECONDS = 2.0
POPUP_LOOK_MILLISECONDS = 5
# A shop's pop-up may open one of its own; a page that opens them without end is no shop.
MAX_PAGES = 4
# A page's own words in a notice: enough to know what it said, too little to say much.
NOTICE_CHARACTERS = 120
# What a page may try between two looks and still be told in full; a page that tries more is only noise.
MAX_NOTICES = 20
SERVER_ERROR = 500
INTERRUPTED = "interrupted by another navigation"
CALLED_OFF = "ERR_ABORTED"  # the navigation became a download, or nothing
GATEWAY = 502  # what our own proxy answers, too, where it got no connection
_STORED = """
({origin: location.origin, localStorage: Object.entries(localStorage).map(([name, value]) => ({name, value}))})
"""


@dataclass  # no slots: Playwright keeps its wrappers of listeners on the object that listens
class Visit:
    """The open visit. `page` is the active page; `egress.journal` says which hosts it reached."""

    context: BrowserContext
    fence: Fence
    egress: Egress
    page: Page
    _pages: list[Watched] = field(default_factory=list, init=False)
    _popups: list[Page] = field(default_factory=list, init=False)
    _windows: int = field(default=0, init=False)  # that were opened and are no pages yet
    _notices: list[str] = field(default_factory=list, init=False)
    _refused: str | None = field(default=None, init=False)
    _origins: set[str] = field(default_factory=set, init=False)  # of the merchant's, that were opened

    def begin(self) -> None:
        """Watch the first page, and for every other one."""
        self._watch(self.page)
        self.context.on("page", self._opened_another)

    @property
    def last_status(self) -> int | None:
        """The HTTP status of the active page's document; None when there was no answer, or it came from no server."""
        return next((watched.status for watched in self._pages if watched.page == self.page), None)

    def open(self, url: str, *, read: Callable[[], None] | None = None, scripts: bool = True) -> None:
        """Open a page of the shop; `read` and `scripts` as in `settle`.

        FencedError when it, or where it redirects to, is outside the fence. PageTroubleError when it hangs, breaks off
        or answers with a server error.
        """
        if not self.fence.may_open(url):
            raise FencedError(f"{_host(url)} is neither the merchant's site nor a known payment page")
        self._refused = None
        if self._active().take_broken():
            self._active().error_page()
        try:
            self._go(url)
        except PlaywrightTimeoutError as slow:
            self._active().stop()
            raise PageTroubleError(f"{_host(url)} did not answer within {DOCUMENT_SECONDS:.0f} seconds") from slow
        except PlaywrightError as broken:
            if self._refused:
                raise FencedError(f"{_host(url)} leads to {self._refused}, which is outside the fence") from broken
            word = _network_word(broken.message)
            if word != CALLED_OFF:
                self._active().error_page()
            self._way_in(url)
            raise PageTroubleError(f"{_host(url)} did not open: {word}") from broken
        self._way_in(url)
        self.settle(read, scripts=scripts)

    def settle(self, read: Callable[[], None] | None = None, *, scripts: bool = True) -> None:
        """After an act: wait until the page is at rest, a few seconds at most. `read` reads a new one meanwhile.

        `scripts`: it needs Playwright's.

        FencedError when the page became what the fence refuses; it is blank then. PageTroubleError when the next page
        does not come, breaks off or is a server error, and when the page crashed, is gone, or blocks itself.
        """
        self._judge_popups()
        watched = self._active()
        try:
            patience = COMMIT_SECONDS if self.fence.is_committing else DOCUMENT_SECONDS
            settle(watched, document_seconds=patience, read=read, scripts=scripts)
        except PlaywrightError as gone:
            if self._active() is watched:
                raise PageTroubleError("the page is gone: it crashed, or the browser did") from gone
            self.settle(read, scripts=scripts)  # a pop-up closed itself; the page that opened it is active again
            return
        self._await_popups()
        if self._judge_popups():
            self.settle(read, scripts=scripts)
            return
        self._verdict(self._active())

    def end_page(self) -> None:
        """Close the active page, and all that is under way in it; the browser with it, if it will not close."""
        try:
            close(self.page)
        except PlaywrightTimeoutError:
            if browser := self.context.browser:
                browser.close()

    def notices(self) -> list[str]:
        """What the page tried since this was last asked."""
        said, self._notices = self._notices, []
        return said

    def save(self) -> SavedSession:
        """Cookies and storage as they are now, and where the page stands. Secret."""
        return SavedSession(storage=self._storage(), url=self.page.url)

    def _storage(self) -> dict[str, Any]:
        """As Playwright has it, which opens a page for every origin that is in no tab; here mostly there is but one.

        What others than the merchant keep is of no use to whoever looks the order up.
        """
        with suppress(PlaywrightError):  # storage that the page may not use, for one
            here = worlds(self.page).evaluate(_STORED)
            if not self._origins - {here["origin"]}:
                return {"cookies": list(self.context.cookies()), "origins": [here] if here["localStorage"] else []}
        return dict(self.context.storage_state())

    def _go(self, url: str) -> None:
        """Open `url`, once more where the page was just on its way elsewhere by itself and got in between."""
        try:
            self.page.goto(url, wait_until="commit", timeout=DOCUMENT_SECONDS * 1000)
        except PlaywrightError as failed:
            if INTERRUPTED not in failed.message:
                raise
            self.page.goto(url, wait_until="commit", timeout=DOCUMENT_SECONDS * 1000)

    def _verdict(self, watched: Watched) -> None:
        """Raise what happened to the page since it was last asked."""
        if watched.crashed:
            raise PageTroubleError("the page crashed")
        if strayed := watched.take_strayed():
            raise FencedError(f"the page became {strayed}, which is outside the fence; it is blank now")
        if broken := watched.take_broken():
            watched.error_page()
            raise PageTroubleError(f"the next page did not open: {_network_word(broken)}")
        status = watched.take_status()
        if status == GATEWAY:
            self._way_in(self.page.url)
        if status and status >= SERVER_ERROR:
            raise PageTroubleError(f"{_host(self.page.url)} answered {status}", status=status)

    def _way_in(self, url: str) -> None:
        """What the proxy says of a host nobody got through to: FencedError, or PageTroubleError."""
        reached = self.egress.judged(url)
        if reached and not reached.allowed:
            raise FencedError(reached.reason)
        if reached and reached.reason:
            raise PageTroubleError(f"{_host(url)} cannot be reached")

    def _watch(self, page: Page) -> None:
        watched = Watched(page, may_open=self.fence.may_open, refused=self._turned_away, opens=self._opens_window)
        self._pages.append(watched)
        page.on("dialog", self._dismiss)
        page.on("download", self._refuse_download)
        page.on("filechooser", self._ignore_chooser)
        page.on("close", self._closed)
        page.on("framenavigated", self._entered)

    def _active(self) -> Watched:
        found = next((watched for watched in self._pages if watched.page == self.page), None)
        if found is None:
            raise PageTroubleError("the page is gone: it closed itself, or the browser ended")
        return found

    def _await_popups(self) -> None:
        """A window that was opened becomes a page a moment later, unless nothing came of it."""
        deadline = time.monotonic() + POPUP_SECONDS
        with suppress(PlaywrightError):  # the active page may be closing
            while self._windows > 0 and time.monotonic() < deadline:
                self.page.wait_for_timeout(POPUP_LOOK_MILLISECONDS)
        self._windows = 0

    def _opens_window(self) -> None:
        self._windows += 1

    def _judge_popups(self) -> bool:
        """Adopt a pop-up of the merchant's own site as the active page, and say so; close any other."""
        before = self.page
        while self._popups:
            popup = self._popups.pop(0)
            with suppress(PlaywrightError):  # it may close itself at any moment
                if popup.url in {"", "about:blank"}:
                    popup.wait_for_url(
                        lambda url: url != "about:blank", timeout=POPUP_SECONDS * 1000, wait_until="commit"
                    )
            with suppress(PlaywrightError):
                if self.fence.is_merchant(popup.url) and len(self._pages) < MAX_PAGES:
                    self._watch(popup)
                    self.page = popup
                    self._note("a pop-up of the shop became the active page")
                else:
                    self._note(f"pop-up to {_host(popup.url)} closed")
                    close(popup)
        return self.page != before

    def _opened_another(self, page: Page) -> None:
        self._windows -= 1
        self._popups.append(page)

    def _entered(self, frame: Frame) -> None:
        if self.fence.is_merchant(frame.url):
            parts = urlsplit(frame.url)
            self._origins.add(f"{parts.scheme}://{parts.netloc}")

    def _closed(self, page: Page) -> None:
        self._pages = [watched for watched in self._pages if watched.page != page]
        if self.page == page and self._pages:
            self.page = self._pages[-1].page

    def _turned_away(self, url: str) -> None:
        self._refused = _host(url)
        self._note(f"navigation to {_host(url)} refused")

    def _dismiss(self, dialog: Dialog) -> None:
        with suppress(PlaywrightError):  # its page may be gone
            if dialog.type == "beforeunload":
                dialog.accept()  # leaving is what was asked for
                return
            self._note(f'dialog "{dialog.message}" dismissed')
            dialog.dismiss()

    def _refuse_download(self, _: Download) -> None:
        self._note("download refused")

    def _ignore_chooser(self, _: FileChooser) -> None:
        self._note("file chooser ignored")

    def _note(self, what: str) -> None:
        if len(self._notices) < MAX_NOTICES:
            clipped = _CONTROL.sub(" ", what)
            self._notices.append(clipped if len(clipped) <= NOTICE_CHARACTERS else clipped[:NOTICE_CHARACTERS] + "…")


_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]+")


def _host(url: str) -> str:
    with suppress(ValueError):  # what is no URL has no host either
        parts = urlsplit(url)
        return parts.netloc or f"a {parts.scheme or 'strange'}: address"
    return "a strange address"


def _network_word(said: str) -> str:
    """The network's word for it (ERR_…), without the address that stands beside it."""
    if INTERRUPTED in said:
        return "the page that stood there goes elsewhere by itself, again and again"
    found = re.search(r"ERR_[A-Z_]+", said)
    return found[0] if found else "the browser gave no reason"
