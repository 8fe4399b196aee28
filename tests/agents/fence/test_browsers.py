"""Every Chromium of this machine keeps the fence, and none outlives the process that started it."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from agents.browsing.browser import Browser, find
from agents.browsing.fence import Fence
from tests.agents.fence.places import INSTALLED, Place, Reply, until


@pytest.fixture(params=INSTALLED, ids=lambda path: Path(path).name)
def each(request: pytest.FixtureRequest) -> Iterator[Browser]:
    """Each installed browser in turn."""
    with Browser.opened(find(request.param)) as opened:
        yield opened


def test_each_browser_buys_inside_the_fence(each: Browser, shop: Place, elsewhere: Place) -> None:
    """One visit with all it needs: a page, a form, a second page, what is refused, and an order sent once."""
    attempts = [
        f"new Image().src = '{elsewhere.url}'",
        f"fetch('{elsewhere.url}').catch(() => 0)",
        f"new WebSocket('{elsewhere.url.replace('http', 'ws')}')",
        f"window.open('{elsewhere.url}')",
        "for (const _ of [1, 2, 3]) fetch('/order', {method: 'POST'})",
    ]
    shop.asked.clear()
    shop.pages = {
        "/": Reply("<title>Mug</title><form action=/pay><input id=name name=name><button id=go>Buy</button></form>"),
        "/pay": Reply(f'<title>Pay</title><button id=go onclick="{"; ".join(attempts)}">Pay</button>'),
        "/order": Reply("placed"),
        "/away": Reply("", 302, {"Location": elsewhere.url}),
    }
    with each.visit(Fence(shop.url, allowed_private=[shop.pair])) as visit:
        visit.open(shop.url)
        visit.page.fill("#name", "Ada")
        visit.page.click("#go")
        visit.settle()
        assert f"{shop.url}/pay?name=Ada" == visit.page.url
        with visit.fence.committing() as watch:
            visit.page.click("#go")
            assert until(lambda: watch.cut == 2, meanwhile=visit.settle)
        assert until(lambda: not visit.egress.journal[elsewhere.pair].allowed)
        assert until(lambda: any("pop-up" in told for told in visit.notices()), meanwhile=visit.settle)
        visit.page.evaluate("location.href = '/away'")
        assert until(lambda: f"navigation to {elsewhere.pair} refused" in visit.notices(), meanwhile=visit.settle)
        assert "Pay" == visit.page.title()
    assert 1 == shop.asked.count("POST /order")
    assert 0 == elsewhere.connections


@pytest.mark.processes
def test_the_browser_dies_with_its_worker(tmp_path: Path) -> None:
    """A worker that is killed outright leaves no browser behind."""
    said = tmp_path / "pid"
    code = (
        "import sys, time, pathlib\n"
        "from agents.browsing.browser import Browser; from agents.browsing.fence import Fence\n"
        "with Browser.opened() as b, b.visit(Fence('https://example.com/')):\n"
        f"    pathlib.Path({str(said)!r}).write_text(str(b._processes.browser)); time.sleep(60)"
    )
    worker = subprocess.Popen([sys.executable, "-c", code])
    try:
        assert until(lambda: said.exists() and said.read_text(), 30)
        browser = int(said.read_text())
        assert _runs(browser)
    finally:
        worker.send_signal(signal.SIGKILL)
        worker.wait()
    assert until(lambda: not _runs(browser), 15)


def _runs(pid: int) -> bool:
    """Whether the process stands; one that ended and was not yet collected does not."""
    try:
        os.kill(pid, 0)
        status = Path(f"/proc/{pid}/stat")
        return not status.exists() or status.read_text().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False
