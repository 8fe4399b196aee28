"""One task's visit to a shop: its own context, its own way out, and a page that is watched.

What the page tries beside selling (pop-ups, dialogs, downloads, other sites) is turned down here and told in `notices`.
One thread owns a visit. Knows pages; must never know what is bought, and never decides a rule: those are the fence's.
"""

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, CDPSession, Dialog, Download, Page, Response
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import TimeoutError as PlaywrightTimeoutError

from agents import navigation, settling
from agents.egress import Egress
from agents.errors import FencedError, PageTroubleError
from agents.fence import Fence
from agents.settling import DOCUMENT_SECONDS, Traffic
from agents.terms import SavedSession

# A pop-up that has not said by then where it goes is closed unseen.
POPUP_SECONDS = 2.0
# A page's own words in a notice: enough to know what it said, too little to say much.
NOTICE_CHARACTERS = 120
SERVER_ERROR = 500


@dataclass  # no slots: Playwright keeps its wrappers of listeners on the object that listens
class Visit:
    """The open visit. `page` is the active page; `last_status` the HTTP status of its last document."""

    context: BrowserContext
    fence: Fence
    egress: Egress
    page: Page = field(init=False)
    last_status: int | None = field(default=None, init=False)
    _pages: list["_Watched"] = field(default_factory=list, init=False)
    _popups: list[Page] = field(default_factory=list, init=False)
    _notices: list[str] = field(default_factory=list, init=False)
    _refused: str | None = field(default=None, init=False)

    def begin(self) -> None:
        """Make the first page, and watch for every other one."""
        self.page = self.context.new_page()
        self._watch(self.page)
        self.context.on("page", self._opened_another)

    def open(self, url: str) -> None:
        """Open a page of the shop.

        FencedError when it, or where it redirects to, is outside the fence. PageTroubleError when it hangs, breaks off
        or answers with a server error.
        """
        if not self.fence.may_open(url):
            raise FencedError(f"{_host(url)} is neither the merchant's site nor a known payment page")
        self._refused = None
        try:
            self.page.goto(url, wait_until="commit", timeout=DOCUMENT_SECONDS * 1000)
        except PlaywrightTimeoutError as slow:
            raise PageTroubleError(f"{_host(url)} did not answer within {DOCUMENT_SECONDS:.0f} seconds") from slow
        except PlaywrightError as broken:
            if self._refused:
                raise FencedError(f"{_host(url)} leads to {self._refused}, which is outside the fence") from broken
            raise PageTroubleError(f"{_host(url)} did not open: {_reason(broken)}") from broken
        self.settle()
        if self.last_status and self.last_status >= SERVER_ERROR:
            raise PageTroubleError(f"{_host(url)} answered {self.last_status}", status=self.last_status)

    def settle(self) -> None:
        """After an act: wait until the page is at rest, a few seconds at most.

        PageTroubleError when a navigation broke off, or the page crashed or blocks itself.
        """
        self._judge_popups()
        watched = self._active()
        if watched.crashed:
            raise PageTroubleError("the page crashed")
        settling.settle(self.page, watched.session, watched.traffic)
        self._judge_popups()
        if broken := watched.traffic.failed_navigation:
            watched.traffic.failed_navigation = None
            raise PageTroubleError(f"the next page did not open: {broken}")

    def notices(self) -> list[str]:
        """What the page tried since this was last asked."""
        said, self._notices = self._notices, []
        return said

    def save(self) -> SavedSession:
        """Cookies and storage as they are now, and where the page stands. Secret."""
        return SavedSession(storage=dict(self.context.storage_state()), url=self.page.url)

    def _watch(self, page: Page) -> None:
        session = navigation.guard(page, may_open=self.fence.may_open, refused=self._turned_away)
        watched = _Watched(page, session, ours=self.fence.may_open)
        self._pages.append(watched)
        page.on("dialog", self._dismiss)
        page.on("download", self._refuse_download)
        page.on("filechooser", lambda _: self._note("file chooser ignored"))
        page.on("response", lambda response: self._answered(page, response))
        page.on("close", lambda _: self._closed(watched))

    def _opened_another(self, page: Page) -> None:
        self._popups.append(page)

    def _active(self) -> "_Watched":
        return next(watched for watched in self._pages if watched.page == self.page)

    def _judge_popups(self) -> None:
        """Adopt a pop-up of the merchant's own site as the active page; close any other."""
        while self._popups:
            popup = self._popups.pop(0)
            if popup.is_closed():
                continue
            with suppress(PlaywrightError):  # it may close itself at any moment
                if popup.url in {"", "about:blank"}:
                    popup.wait_for_url(
                        lambda url: url != "about:blank", timeout=POPUP_SECONDS * 1000, wait_until="commit"
                    )
            if self.fence.is_merchant(popup.url):
                with suppress(PlaywrightError):
                    self._watch(popup)
                    self.page = popup
                    self._note("a pop-up of the shop became the active page")
                    continue
            self._note(f"pop-up to {_host(popup.url)} closed")
            with suppress(PlaywrightError):
                popup.close()

    def _closed(self, watched: "_Watched") -> None:
        self._pages.remove(watched)
        if self.page == watched.page and self._pages:
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

    def _refuse_download(self, download: Download) -> None:
        self._note("download refused")
        with suppress(PlaywrightError):  # refused by the context already
            download.cancel()

    def _answered(self, page: Page, response: Response) -> None:
        with suppress(PlaywrightError):  # of a frame that is gone
            if page == self.page and response.request.is_navigation_request() and response.frame == page.main_frame:
                self.last_status = response.status

    def _note(self, what: str) -> None:
        clipped = _CONTROL.sub(" ", what)
        self._notices.append(clipped if len(clipped) <= NOTICE_CHARACTERS else clipped[:NOTICE_CHARACTERS] + "…")


class _Watched:
    """A page, the session that guards it, and its traffic."""

    def __init__(self, page: Page, session: CDPSession, *, ours: Callable[[str], bool]) -> None:
        self.page = page
        self.session = session
        self.traffic = Traffic(page, ours=ours)
        self.crashed = False
        page.on("crash", self._crash)

    def _crash(self, _: Page) -> None:
        self.crashed = True


_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]+")


def _host(url: str) -> str:
    parts = urlsplit(url)
    return parts.netloc or f"{parts.scheme or 'an'} address"


def _reason(failed: PlaywrightError) -> str:
    """The network's word for it (net::ERR_…), without the address in it."""
    found = re.search(r"ERR_[A-Z_]+", failed.message)
    return found[0] if found else "the browser gave no reason"
