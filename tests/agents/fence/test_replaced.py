"""A page that is replaced is read once it stands, and never in the place of the next one."""

import pytest

from agents.browsing import settling, watching
from agents.browsing.browser import Visit
from tests.agents.fence.places import Place, serve


def test_an_old_page_is_never_read_in_the_place_of_the_one_that_follows(visit: Visit, shop: Place) -> None:
    """A short document may have come whole before it stands."""
    serve(shop, "<form method=post><button>next</button></form>")
    visit.open(shop.url)
    for number in range(10):
        read: list[str] = []
        visit.page.evaluate("number => { document.forms[0].action = `/?${number}`; document.title = 'old' }", number)
        visit.page.click("button", no_wait_after=True)
        visit.settle(lambda read=read: read.append(visit.page.evaluate("document.title")))  # type: ignore[misc]
        assert [""] == read


def test_a_page_that_was_replaced_while_it_was_asked_is_read(
    visit: Visit, shop: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The browser can be quicker than its answer: the next document came whole, and the old one never answered."""
    serve(shop, "shop")
    visit.open(shop.url)
    asked = []

    def slow(watched: watching.Watched, expression: str) -> dict[str, object]:
        asked.append(expression)
        if len(asked) > 1:
            return ask(watched, expression)
        visit.page.reload()
        return {}

    ask = settling._ask
    monkeypatch.setattr(settling, "_ask", slow)
    read: list[str] = []
    visit.settle(lambda: read.append(visit.page.inner_text("body")))
    assert read
