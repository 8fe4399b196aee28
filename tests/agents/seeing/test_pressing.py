"""A control is pressed once, by the pointer, never through what covers it; at once only where nothing is spent."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Error as PlaywrightError

from agents.filling.pressing import Aim, press
from tests.agents.seeing.sights import Sight

Show = Callable[..., Sight]
COUNTS = "<script>window.heard = []; onclick = e => heard.push([e.target.id, e.isTrusted])</script>"


@pytest.mark.parametrize("spends", [False, True])
def test_a_control_is_pressed_once_as_by_a_person(show: Show, *, spends: bool) -> None:
    """Also one far down the page, and a link over two lines."""
    seen = show(
        f"""{COUNTS}<button id=near>Near</button><p style='width:9em'>Some words <a id=two href='#x'>a link that is
        broken over two lines</a></p><div style='height:3000px'></div><button id=far><b>Far</b></button>"""
    )
    for name in ("near", "two", "far"):
        _press(seen, f"#{name}", timeout_milliseconds=20_000, spends=spends)
    assert [3, True] == seen.page.evaluate("[heard.length, heard.every(one => one[1])]")


@pytest.mark.parametrize("spends", [False, True])
def test_what_covers_a_control_is_never_pressed_in_its_place(show: Show, *, spends: bool) -> None:
    """A banner over the page; the control is reported as out of reach, and nothing at all was pressed."""
    seen = show(f"{COUNTS}<button id=on>Go on</button><div id=over style='position:fixed;inset:0'>Cookies</div>")
    with pytest.raises(PlaywrightError):
        _press(seen, "#on", timeout_milliseconds=200, spends=spends)
    assert [] == seen.page.evaluate("heard")


@pytest.mark.parametrize("attributes", ["disabled", "style='visibility:hidden'", "style='display:none'"])
def test_a_control_nobody_could_press_is_not_pressed(show: Show, attributes: str) -> None:
    """Disabled or hidden ones are waited for, and then given up."""
    seen = show(f"{COUNTS}<button id=on {attributes}>Go on</button>")
    with pytest.raises(PlaywrightError):
        _press(seen, "#on", timeout_milliseconds=200, spends=False)
    assert [] == seen.page.evaluate("heard")


def test_a_control_that_moves_is_pressed_where_it_comes_to_stand(show: Show) -> None:
    """While something is animated, the pointer waits for it."""
    seen = show(
        f"""{COUNTS}<style>@keyframes in {{ from {{ margin-left: 300px }} }} #on {{ animation: in .3s linear }}</style>
        <button id=on>Go on</button>"""
    )
    _press(seen, "#on", timeout_milliseconds=20_000, spends=False)
    assert [["on", True]] == seen.page.evaluate("heard")


def test_a_page_with_a_control_that_places_the_order_is_pressed_with_patience(show: Show) -> None:
    """What a reading says of it; before any reading, every page may have one."""
    seen = show("<button>Continue</button>")
    assert seen.observer.spends
    seen.see()
    assert not seen.observer.spends
    seen.page.set_content("<button>Continue</button><button>Place order</button>")
    seen.see()
    assert seen.observer.spends


def _press(seen: Sight, selector: str, *, timeout_milliseconds: float, spends: bool) -> None:
    found = seen.page.query_selector(selector)
    assert found
    aim = None if spends else Aim.at_once(found)
    press(seen.page, aim, lambda: found, timeout_milliseconds=timeout_milliseconds)
