"""This machine is reached in no spelling and by no name, the whole way through a browser."""

import json

import pytest

from agents.browsing.browser import Browser
from agents.browsing.fence import Fence
from agents.errors import FencedError
from tests.agents.fence.places import Names, Place, Reply

SECONDS = 5.0


def test_a_shop_whose_name_means_this_machine_is_not_opened(browser: Browser, elsewhere: Place) -> None:
    """The whole way: the visit says what the proxy found."""
    fence = Fence("http://127-0-0-1.nip.example:8080/")
    browser._resolve, before = Names(["127.0.0.1"]), browser._resolve
    try:
        with browser.visit(fence) as visit, pytest.raises(FencedError, match="not on the public Internet"):
            visit.open("http://127-0-0-1.nip.example:8080/")
        with browser.visit(fence) as visit, pytest.raises(FencedError, match="not on the public Internet"):
            visit.open("https://127-0-0-1.nip.example/")
    finally:
        browser._resolve = before
    assert 0 == elsewhere.connections


SPELLINGS = [
    "[::1]",
    "[::ffff:127.0.0.1]",
    "0.0.0.0",  # noqa: S104 (nothing is bound to it: it is asked for)
    "2130706433",
    "0x7f.1",
    "0177.0.0.1",
    "127.1",
    "localhost",
    "①②⑦.0.0.1",
]


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_page_reaches_this_machine_in_no_spelling(
    browser: Browser, shop: Place, elsewhere: Place, spelling: str
) -> None:
    """Whatever the browser makes of it, by http, by https, and as a socket."""
    asks = [f"http://{spelling}:{elsewhere.port}/", f"https://{spelling}:{elsewhere.port}/"]
    code = f"""
      window.done = 0;
      for (const url of {json.dumps(asks)}) fetch(url, {{mode: 'no-cors'}}).finally(() => window.done += 1);
      try {{ new WebSocket('ws://{spelling}:{elsewhere.port}/').onerror = () => window.done += 1 }}
      catch (e) {{ window.done += 1 }}"""
    shop.pages = {"/": Reply(f"<script>{code}</script>")}
    with browser.visit(Fence(shop.url, allowed_private=[shop.pair])) as visit:
        visit.open(shop.url)
        visit.page.wait_for_function("window.done === 3", timeout=SECONDS * 1000)
        others = [reached for pair, reached in visit.egress.journal.items() if pair != shop.pair]
    assert others
    assert not any(reached.allowed for reached in others)
    assert 0 == elsewhere.connections
