"""A connection that ends under an order takes it along once: the browser does not send it again by itself."""

import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright._impl._driver import compute_driver_executable

from agents.browsing import losses
from agents.browsing.browser import Browser, Visit
from agents.browsing.fence import Fence
from tests.agents.fence.places import NAME, Place, Reply, until

FORM = "<form method=post action=/order><button id=go>Place order</button></form>"
FETCH = """
<button id=go onclick="fetch('/order', {method: 'POST', body: '{}'}).then(() => 'sent', () => 'lost')
  .then(said => document.title = said)">Place order</button>
"""
# On a machine that does much else.
PATIENCE_SECONDS = 30.0
LOST = Reply(hang_up=True)


@pytest.fixture
def secure(file: Path) -> Iterator[Place]:
    """The merchant's server over TLS: what passes the proxy is not read, and connections are used again."""
    with Place(host=NAME, certificate=file).listening() as place:
        yield place


@pytest.fixture
def visit(trusting: Browser, secure: Place) -> Iterator[Visit]:
    """A fresh visit to it."""
    with trusting.visit(Fence(secure.url, allowed_private=[secure.pair])) as fresh:
        yield fresh


def sell(visit: Visit, shop: Place, body: str, **others: Reply) -> None:
    """Open the shop's page, over a connection that will be used again."""
    shop.pages = {"/": Reply(body), **{f"/{name}": reply for name, reply in others.items()}}
    visit.open(shop.url)


def orders(shop: Place) -> int:
    """How many arrived."""
    return shop.asked.count("POST /order")


def press(visit: Visit) -> None:
    """The click that counts."""
    visit.page.click("#go", no_wait_after=True)


@pytest.mark.parametrize("body", [FORM, FETCH], ids=["form", "fetch"])
def test_outside_a_commit_the_browser_sends_a_lost_request_again(visit: Visit, secure: Place, body: str) -> None:
    """The control: Chromium does what this is about."""
    sell(visit, secure, body, order=LOST)
    press(visit)
    assert until(lambda: orders(secure) > 1, meanwhile=lambda: visit.page.wait_for_timeout(20))


@pytest.mark.parametrize("body", [FORM, FETCH], ids=["form", "fetch"])
def test_an_order_whose_answer_is_lost_arrives_once(visit: Visit, secure: Place, body: str) -> None:
    """It is on record as unanswered, and the shop can be asked again at once what became of it."""
    sell(visit, secure, body, order=LOST, basket=Reply("<title>Basket</title>"))
    with visit.fence.committing() as watch:
        press(visit)
        assert until(lambda: any(one.failed for one in watch.sent), meanwhile=lambda: visit.page.wait_for_timeout(20))
        visit.open(f"{secure.url}/basket")
        assert "Basket" == visit.page.title()
    assert 1 == orders(secure)
    assert [None] == [one.status for one in watch.sent]


def test_an_order_is_lost_once_though_other_connections_stand_open(visit: Visit, secure: Place) -> None:
    """The browser would take one of those."""
    calls = "Promise.all([1, 2, 3, 4].map(n => fetch('/basket?' + n)))"
    body = f"{FETCH}<script>{calls}.then(() => document.title = 'ready')</script>"
    sell(visit, secure, body, order=LOST, basket=Reply("{}"))
    assert until(lambda: visit.page.title() == "ready", meanwhile=visit.settle)
    assert secure.connections > 1
    with visit.fence.committing():
        press(visit)
        assert until(lambda: visit.page.title() == "lost", meanwhile=lambda: visit.page.wait_for_timeout(20))
    assert 1 == orders(secure)


def test_an_answer_that_ends_its_connection_is_no_loss(visit: Visit, secure: Place) -> None:
    """The page it leads to is asked for over another connection."""
    sent_on = Reply(status=303, headers={"Location": "/thanks", "Connection": "close"})
    sell(visit, secure, FORM, order=sent_on, thanks=Reply("<title>Thanks</title>"))
    with visit.fence.committing() as watch:
        press(visit)
        assert until(lambda: visit.page.title() == "Thanks", meanwhile=visit.settle)
    assert 1 == orders(secure)
    assert [303] == [one.status for one in watch.sent]


def test_an_order_that_takes_its_time_survives_the_end_of_other_connections(visit: Visit, secure: Place) -> None:
    """The page asks how it is getting on, and each of those answers ends its connection."""
    polls = [0]

    def status(_: str) -> Reply:
        polls[0] += 1
        return Reply("{}" + " " * 50, headers={"Connection": "close"})

    def placed(_: str) -> Reply:
        assert until(lambda: polls[0] > 5, PATIENCE_SECONDS)
        return Reply("{}")

    asking = "<script>go.addEventListener('click', () => setInterval(() => fetch('/status'), 20))</script>"
    sell(visit, secure, FETCH + asking)
    secure.pages |= {"/status": status, "/order": placed}
    with visit.fence.committing() as watch:
        press(visit)
        assert until(
            lambda: visit.page.title() == "sent", PATIENCE_SECONDS, meanwhile=lambda: visit.page.wait_for_timeout(20)
        )
    assert 1 == orders(secure)
    assert [200] == [one.status for one in watch.sent]


def test_whoever_listens_late_loses_no_answer(visit: Visit, secure: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """The browser's word that the answer came waits in a queue, longer than the end of its connection is kept back."""
    monkeypatch.setattr(losses, "HEARD_SECONDS", 0.05)
    held = threading.Event()
    sent_on = Reply(status=303, headers={"Location": "/thanks", "Connection": "close"}, wait=held)
    sell(visit, secure, FORM, order=sent_on, thanks=Reply("<title>Thanks</title>"))
    with visit.fence.committing():
        press(visit)
        assert until(lambda: orders(secure), meanwhile=lambda: visit.page.wait_for_timeout(20))
        held.set()
        time.sleep(0.5)  # a worker that talks to a slow service
        assert until(lambda: visit.page.title() == "Thanks", meanwhile=visit.settle)
    assert 1 == orders(secure)


@contextmanager
def http2(file: Path, ends: str) -> Iterator[tuple[str, list[str]]]:
    """A shop over HTTP/2 that ends its connection so after an order: its `host:port`, and a line for each order."""
    node = compute_driver_executable()[
        0
    ]  # there is no server of HTTP/2 in Python's library, and Playwright brings this
    script = str(Path(__file__).with_name("http2_shop.js"))
    with subprocess.Popen([node, script, str(file), ends], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout
        pair, said = f"{NAME}:{server.stdout.readline().strip()}", list[str]()
        reader = threading.Thread(target=said.extend, args=(server.stdout,), daemon=True)
        reader.start()
        try:
            yield pair, said
        finally:
            server.kill()
            reader.join()


def test_over_http2_too_the_browser_sends_a_lost_request_again(trusting: Browser, file: Path) -> None:
    """The control."""
    with http2(file, "cut") as (pair, said), trusting.visit(Fence(f"https://{pair}/", allowed_private=[pair])) as visit:
        visit.open(f"https://{pair}/")
        assert "h2" == visit.page.evaluate("performance.getEntriesByType('navigation')[0].nextHopProtocol")
        press(visit)
        assert until(lambda: "chrome-error" in visit.page.url, meanwhile=lambda: visit.page.wait_for_timeout(20))
    assert len(said) > 1


@pytest.mark.parametrize("ends", ["cut", "farewell", "later"])
def test_over_http2_an_order_whose_answer_is_lost_arrives_once(trusting: Browser, file: Path, ends: str) -> None:
    """Whether the connection breaks, is ended with a word, or brings other answers before it ends."""
    with http2(file, ends) as (pair, said), trusting.visit(Fence(f"https://{pair}/", allowed_private=[pair])) as visit:
        visit.open(f"https://{pair}/")
        with visit.fence.committing() as watch:
            press(visit)
            lost = until(
                lambda: any(one.failed for one in watch.sent),
                PATIENCE_SECONDS,
                meanwhile=lambda: visit.page.wait_for_timeout(20),
            )
            assert lost
            visit.open(f"https://{pair}/basket")
            assert "Basket" == visit.page.title()
    assert ["order"] == [line.strip() for line in said]


def test_over_http2_an_answer_that_ends_its_connection_is_no_loss(trusting: Browser, file: Path) -> None:
    """The page it leads to is asked for over the next one."""
    with http2(file, "answered") as (pair, said):  # noqa: SIM117 (the server outlives the visit)
        with trusting.visit(Fence(f"https://{pair}/", allowed_private=[pair])) as visit:
            visit.open(f"https://{pair}/")
            with visit.fence.committing() as watch:
                press(visit)
                assert until(lambda: visit.page.title() == "Thanks", meanwhile=visit.settle)
    assert ["order"] == [line.strip() for line in said]
    assert [303] == [one.status for one in watch.sent]
