"""A visit tells what became of a page, and turns down what a page tries beside selling."""

import threading
from contextlib import suppress
from pathlib import Path

import pytest
from playwright.sync_api import Error as PlaywrightError

from agents.browsing import settling, watching
from agents.browsing import visit as visits
from agents.browsing.browser import Browser, Visit
from agents.browsing.fence import Fence
from agents.errors import PageTroubleError
from agents.terms import SavedSession
from tests.agents.fence.places import NAME, Place, Reply, serve
from tests.merchants.test_tls import shop as secure_shop


def test_a_page_opens_with_its_status(visit: Visit, shop: Place) -> None:
    """A page that is not there opens too: what it says is for whoever reads it."""
    serve(shop, "<title>Shop</title>")
    visit.open(shop.url)
    assert (200, "Shop") == (visit.last_status, visit.page.title())
    visit.open(f"{shop.url}/nothing")
    assert 404 == visit.last_status


@pytest.mark.parametrize(("reads", "expected"), [("1", ["1"]), ("document.body.append('.')", [".", ".."])])
def test_a_new_document_is_read_once_and_again_if_it_changed_meanwhile(
    visit: Visit, shop: Place, reads: str, expected: list[str]
) -> None:
    """What was read last is the page at rest. One that stood there before is left to whoever looks at it."""
    serve(shop, "<body></body>")
    read: list[str] = []

    def look() -> None:
        visit.page.evaluate(reads)
        read.append(visit.page.inner_text("body") or "1")

    visit.open(shop.url, read=look)
    assert expected == read
    visit.settle(look)
    assert expected == read


@pytest.mark.parametrize("status", [500, 502, 503])
def test_a_server_error_is_page_trouble_with_its_status(visit: Visit, shop: Place, status: int) -> None:
    """Both where it is opened and where a click leads to it; asked again, it has been told."""
    serve(shop, '<a id=go href="/broken">go</a>', broken=Reply("sorry", status))
    with pytest.raises(PageTroubleError) as opened:
        visit.open(f"{shop.url}/broken")
    assert status == opened.value.status
    visit.open(shop.url)
    visit.page.click("#go")
    with pytest.raises(PageTroubleError) as clicked:
        visit.settle()
    assert status == clicked.value.status
    visit.settle()


def test_a_connection_that_breaks_off_is_page_trouble(visit: Visit, shop: Place) -> None:
    """Without a status, since there was no answer; the word for it carries no address."""
    serve(shop, '<a id=go href="/gone?secret=1">go</a>', gone=Reply(hang_up=True))
    with pytest.raises(PageTroubleError, match="did not open: ERR_EMPTY_RESPONSE") as opened:
        visit.open(f"{shop.url}/gone?secret=1")
    assert opened.value.status is None
    assert "secret" not in str(opened.value)
    visit.open(shop.url)
    visit.page.click("#go")
    with pytest.raises(PageTroubleError, match="did not open: ERR_EMPTY_RESPONSE"):
        visit.settle()


def test_a_server_that_is_not_there_is_page_trouble(browser: Browser) -> None:
    """Nobody listens at the shop's port."""
    with Place(host="shop.localhost").listening() as closed:
        pass
    fence = Fence(closed.url, allowed_private=[closed.pair])
    with browser.visit(fence) as visit, pytest.raises(PageTroubleError, match="cannot be reached") as opened:
        visit.open(closed.url)
    assert opened.value.status is None


def test_a_page_that_does_not_come_is_page_trouble(visit: Visit, shop: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Opened or clicked, it is waited for, and not for ever."""
    held = threading.Event()
    serve(shop, '<a id=go href="/slow">go</a>', slow=Reply("late", wait=held))
    with monkeypatch.context() as hasty:
        hasty.setattr(visits, "DOCUMENT_SECONDS", 0.2)
        with pytest.raises(PageTroubleError, match="did not answer"):
            visit.open(f"{shop.url}/slow")
    visit.open(shop.url)
    visit.page.click("#go", no_wait_after=True)
    monkeypatch.setattr(visits, "DOCUMENT_SECONDS", 0.2)
    with pytest.raises(PageTroubleError, match="did not come"):
        visit.settle()
    held.set()


def test_a_slow_page_is_waited_for(visit: Visit, shop: Place) -> None:
    """A click whose answer takes its time is settled only when the answer stands."""
    held = threading.Event()
    serve(shop, '<a id=go href="/slow">go</a>', slow=Reply("<title>Late</title>", wait=held))
    visit.open(shop.url)
    visit.page.click("#go", no_wait_after=True)
    threading.Timer(0.4, held.set).start()
    visit.settle()
    assert "Late" == visit.page.title()


def test_what_a_page_fetches_and_then_shows_is_waited_for(visit: Visit, shop: Place) -> None:
    """A list that is refilled when an answer came, and once more a little later, stands when the visit settled."""
    held = threading.Event()
    code = """
      document.getElementById('go').onclick = async () => {
        const answer = await fetch('/regions'); const words = await answer.text();
        setTimeout(() => { document.title = words }, 60);
      }"""
    serve(shop, f"<button id=go>go</button><script>{code}</script>", regions=Reply("Regions", wait=held))
    visit.open(shop.url)
    visit.page.click("#go")
    threading.Timer(0.4, held.set).start()
    visit.settle()
    assert "Regions" == visit.page.title()


def test_a_page_that_says_it_is_busy_is_waited_for(visit: Visit, shop: Place) -> None:
    """`aria-busy` is how a page says so."""
    code = """
      const go = document.getElementById('go');
      go.onclick = () => {
        document.body.setAttribute('aria-busy', 'true');
        setTimeout(() => { document.title = 'Done'; document.body.removeAttribute('aria-busy') }, 400)
      }"""
    serve(shop, f"<button id=go>go</button><script>{code}</script>")
    visit.open(shop.url)
    visit.page.click("#go")
    visit.settle()
    assert "Done" == visit.page.title()


def test_a_page_that_never_rests_settles_all_the_same(
    visit: Visit, shop: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A ticking counter, a stream and a forgotten busy mark do not hold a visit for ever."""
    held = threading.Event()
    monkeypatch.setattr(watching, "SHOP_SECONDS", 1.0)
    code = "setInterval(() => { document.title = String(Date.now()) }, 10); fetch('/stream'); fetch('/stream?2')"
    serve(shop, f"<p aria-busy=true>shop</p><script>{code}</script>", stream=Reply(wait=held))
    visit.open(shop.url)
    held.set()


def test_a_page_that_blocks_itself_is_page_trouble(
    browser: Browser, fence: Fence, shop: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A script without an end is told, and the next visit is none the worse for it."""
    monkeypatch.setattr(settling, "CHURN_MILLISECONDS", 200)
    monkeypatch.setattr(settling, "UNRESPONSIVE_SECONDS", 0.2)
    monkeypatch.setattr(settling, "GRACE_MILLISECONDS", 100)
    serve(shop, "<button id=go onclick='setTimeout(() => { for (;;) {} }, 1)'>go</button>")
    with browser.visit(fence) as stuck:
        stuck.open(shop.url)
        with suppress(PlaywrightError):  # the loop may begin before the click is reported
            stuck.page.click("#go", timeout=1000)
        with pytest.raises(PageTroubleError, match="does not answer"):
            stuck.settle()
    with browser.visit(fence) as fresh:
        fresh.open(shop.url)


def test_a_visit_begins_in_the_room_that_was_made_ready_for_it(browser: Browser, fence: Fence, shop: Place) -> None:
    """Once; the next one has a room of its own, and no cookie of it."""
    serve(shop, "shop")
    browser.prepare([shop.pair.upper()])
    assert browser._ready
    made = browser._ready[0]
    with browser.visit(fence) as first:
        assert made.page is first.page
        first.open(shop.url)
        first.page.evaluate("document.cookie = 'a=1'")
    with browser.visit(fence) as second:
        assert made.page is not second.page
        second.open(shop.url)
        assert [] == second.context.cookies()


def test_a_room_that_does_not_fit_is_left_for_whom_it_fits(browser: Browser, fence: Fence, shop: Place) -> None:
    """Another fence reaches other hosts, and what was kept in pages needs a context of its own; cookies do not."""
    serve(shop, "shop")
    browser.prepare([shop.pair])
    assert browser._ready
    made = browser._ready[0]
    with browser.visit(Fence(shop.url, allowed_private=[shop.pair, "127.0.0.1:9"])) as other:
        assert made.page is not other.page
    stored = {"origin": shop.url, "localStorage": [{"name": "basket", "value": "1"}]}
    with browser.visit(fence, session=SavedSession(storage={"cookies": [], "origins": [stored]}, url="")) as saved:
        assert made.page is not saved.page
    browser.prepare([shop.pair])
    with browser.visit(fence) as fitting:
        assert made.page is fitting.page
    browser.prepare([shop.pair])
    made = browser._ready[0]
    cookie = {"name": "basket", "value": "1", "url": shop.url}
    with browser.visit(fence, session=SavedSession(storage={"cookies": [cookie], "origins": []}, url="")) as known:
        assert made.page is known.page
        assert ["1"] == [one["value"] for one in known.context.cookies()]


def test_a_room_that_broke_while_it_waited_is_not_used(browser: Browser, fence: Fence, shop: Place) -> None:
    """Its page crashed, or somebody closed it."""
    serve(shop, "shop")
    for breaks in ("crash", "close"):
        browser.prepare([shop.pair])
        assert browser._ready
        made = browser._ready[0]
        if breaks == "crash":
            with suppress(PlaywrightError):
                made.page.goto("chrome://crash", timeout=1000)
        else:
            made.page.close()
        with browser.visit(fence) as fresh:
            fresh.open(shop.url)
            assert made.page is not fresh.page


def test_a_page_that_crashes_is_page_trouble(visit: Visit, shop: Place) -> None:
    """Its process alone died; the visit can go on elsewhere."""
    serve(shop, "shop")
    visit.open(shop.url)
    with suppress(PlaywrightError):
        visit.page.goto("chrome://crash")
    with pytest.raises(PageTroubleError, match="crashed"):
        visit.settle()


def test_a_certificate_nobody_vouches_for_is_page_trouble(browser: Browser, file: Path) -> None:
    """The visit does not go on to a server that cannot prove its name."""
    with secure_shop(file, []) as port:
        pair = f"{NAME}:{port}"
        fence = Fence(f"https://{pair}/", allowed_private=[pair])
        with browser.visit(fence) as visit, pytest.raises(PageTroubleError, match="ERR_CERT_AUTHORITY_INVALID"):
            visit.open(f"https://{pair}/")
