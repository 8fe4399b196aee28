"""Elements are found by their references in a world of their own, with the origin of their document."""

from collections.abc import Callable

import pytest
from playwright.sync_api import ElementHandle
from playwright.sync_api import Error as PlaywrightError

from agents.browsing.elements import Element, worlds
from agents.seeing.origins import origin_of
from tests.agents.seeing.sights import SHOP, Sight

Show = Callable[..., Sight]
SITE = SHOP.removesuffix("/checkout")


def test_an_element_is_found_by_its_reference_also_in_a_shadow_tree_and_in_later_documents(show: Show) -> None:
    """As long as Playwright keeps its references where they are looked for; else everything would take its slow way."""
    seen = show(
        "<div id=host></div><script>host.attachShadow({mode: 'open'}).innerHTML = '<input aria-label=A>'</script>"
    )
    for html in ("<input aria-label=A>", "<p><input aria-label=A></p>"):
        element = seen.observer.held(seen.ref("textbox", "A"))
        assert isinstance(element, Element)
        assert ("INPUT", SITE) == (element.evaluate("e => e.tagName"), origin_of(element))
        assert ("textbox", "A") == element.described()
        seen.page.goto(f"{SHOP}?again")
        seen.fresh(html)


def test_an_element_in_a_frame_has_that_frames_origin(show: Show) -> None:
    """A payment form is filled for the origin it comes from, whichever page it stands in."""
    seen = show(
        "<input aria-label=Out><iframe src='https://pay.example/fields'></iframe>",
        {"https://pay.example/fields": "<input aria-label=In>"},
    )
    seen.page.frame_locator("iframe").locator("input").wait_for()
    origins = [origin_of(seen.observer.held(seen.ref("textbox", name))) for name in ("Out", "In")]
    assert [SITE, "https://pay.example"] == origins


def test_a_page_cannot_give_references_of_its_own(show: Show) -> None:
    """What its scripts write on elements is not seen from the other world."""
    seen = show("<input aria-label=Mine><input aria-label=Other>")
    ref = seen.ref("textbox", "Mine")
    seen.page.evaluate(
        """ref => { const [mine, other] = document.querySelectorAll('input');
        mine.remove(); other._ariaRef = {ref, role: 'textbox', name: 'Mine'} }""",
        ref,
    )
    with pytest.raises(PlaywrightError):
        seen.observer.held(ref).evaluate("e => e.ariaLabel")


def test_where_a_reference_cannot_be_found_so_playwrights_own_handle_does(show: Show) -> None:
    """For frames of other processes, and should Playwright keep its references elsewhere one day."""
    seen = show("<input aria-label=A>")
    ref = seen.ref("textbox", "A")
    seen.page.evaluate("1")
    known = worlds(seen.page)
    known._contexts.clear()  # as if Playwright called its world by another name
    assert known.find(ref) is None
    handle = seen.observer.held(ref)
    assert isinstance(handle, ElementHandle)
    assert SITE == origin_of(handle)


def test_what_a_function_throws_and_what_is_gone_are_playwrights_errors(show: Show) -> None:
    """Whoever acts on an element handles one kind of error."""
    seen = show("<input aria-label=A>")
    element = seen.observer.held(seen.ref("textbox", "A"))
    with pytest.raises(PlaywrightError):
        element.evaluate("() => { throw new Error('no') }")
    seen.page.goto(f"{SHOP}?next")
    with pytest.raises(PlaywrightError):
        element.evaluate("e => e.tagName")
