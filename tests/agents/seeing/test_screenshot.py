"""No picture shows what was filled in, what a payment frame holds, or a value of the buyer's anywhere else."""

from collections.abc import Callable
from io import BytesIO

import pytest
from PIL import Image
from playwright.sync_api import FloatRect

from agents.errors import UnreadableError
from agents.filling.control import fill
from agents.terms import Phase
from tests.agents.seeing.sights import SLOTS, Sight

Show = Callable[..., Sight]

# Masks have this colour.
MASK = (255, 0, 255)
PAGE = """
<body style="margin:0;background:#fff;font:20px monospace">
<p id=title>A mug for two</p>
<p><input id=email aria-label=Email><input id=coupon aria-label=Coupon value=HELLO></p>
<p><select id=country aria-label=Country><option>France<option>United States</select>
<select id=size aria-label=Size><option>Small<option>Large</select></p>
<p><textarea id=note>ring twice</textarea></p>
<p id=address>1200 Fillmore Street</p><p id=card>Card: 4242-4242-4242-4242</p><p id=last>Visa •••• 4242</p>
<iframe id=frame src="https://pay.example/f" style="width:300px;height:60px;border:0"></iframe>
<iframe id=own src="https://shop.example/own" style="width:300px;height:60px;border:0"></iframe>
"""
FRAMES = {
    "https://pay.example/f": "<body style='background:#fff'>secure <input aria-label='Card number'>",
    "https://shop.example/own": "<body style='background:#fff;margin:0'><p>seen</p><input id=x value=hidden>",
}


def test_everything_filled_in_is_masked_and_the_rest_is_seen(show: Show) -> None:
    """Text fields, chosen slots, foreign frames and values in plain text: pixel by pixel."""
    seen = show(PAGE, FRAMES)
    seen.page.frame_locator("#frame").locator("input").wait_for()
    seen.page.frame_locator("#own").locator("input").wait_for()
    fill(seen.observer, seen.ref("textbox", "Email"), "{{buyer.email}}", slots=SLOTS, phase=Phase.CONTACT)
    fill(seen.observer, seen.ref("combobox", "Country"), "{{buyer.country}}", slots=SLOTS, phase=Phase.CONTACT)
    fill(seen.observer, seen.ref("combobox", "Size"), "Large", slots=SLOTS, phase=Phase.CONTACT)
    seen.see()
    boxes = {
        name: _box(seen, f"#{name}")
        for name in ("email", "coupon", "country", "note", "address", "card", "last", "frame")
    }
    own = seen.page.frame_locator("#own").locator("input").bounding_box()
    assert own
    picture = Image.open(BytesIO(seen.observer.screenshot())).convert("RGB")
    for name, box in {**boxes, "field of an own frame": own}.items():
        assert {MASK} == _colours(picture, box), name
    for name in ("title", "size"):
        assert MASK not in _colours(picture, _box(seen, f"#{name}")), name
    own_text = seen.page.frame_locator("#own").locator("p").bounding_box()
    assert own_text
    assert MASK not in _colours(picture, own_text)


def test_a_picture_is_taken_of_a_page_without_a_single_control(show: Show) -> None:
    """And the page is left as it was."""
    seen = show("<p>Thank you</p>")
    picture = Image.open(BytesIO(seen.observer.screenshot()))
    assert picture.size == (1280, 720)
    assert "Thank you" == seen.page.inner_text("body").strip()


def test_what_is_on_top_or_inside_a_component_is_masked_as_well(show: Show) -> None:
    """A dialog in the top layer, an open shadow tree, a list in an own frame, and a value beside another one."""
    seen = show(
        """<body style="margin:0;background:#fff"><dialog id=top><input id=in value=x></dialog><x-box id=host></x-box>
        <p id=two>Ada Ashworth <b>1200 Fillmore Street</b></p><iframe id=own src="https://shop.example/own"></iframe>
        <script>document.querySelector('#host').attachShadow({mode: 'open'}).innerHTML = '<p id=deep>94115 CA</p>';
        document.querySelector('#top').showModal()</script>""",
        {"https://shop.example/own": "<select id=c aria-label=Country><option>France<option>United States</select>"},
    )
    seen.page.frame_locator("#own").locator("select").wait_for()
    seen.page.evaluate("document.querySelector('#top').close()")
    fill(seen.observer, seen.ref("combobox", "Country"), "{{buyer.country}}", slots=SLOTS, phase=Phase.CONTACT)
    seen.see()
    seen.page.evaluate("document.querySelector('#top').showModal()")
    inner = seen.page.frame_locator("#own").locator("select").bounding_box()
    assert inner
    picture = Image.open(BytesIO(seen.observer.screenshot())).convert("RGB")
    for box in (_box(seen, "#in"), _box(seen, "#two"), _box(seen, "#deep"), inner):
        assert {MASK} == _colours(picture, box)
    assert {MASK} != _colours(picture, _box(seen, "#top"))


def test_a_filled_list_that_cannot_be_found_again_masks_every_list(show: Show) -> None:
    """The page has put another in its place, which may show the same."""
    seen = show("<select id=a aria-label=Country><option>France<option>United States</select>")
    fill(seen.observer, seen.ref("combobox", "Country"), "{{buyer.country}}", slots=SLOTS, phase=Phase.CONTACT)
    seen.page.evaluate("document.querySelector('#a').outerHTML = '<select id=b><option>United States</select>'")
    seen.page.evaluate("() => new Promise(requestAnimationFrame)")
    picture = Image.open(BytesIO(seen.observer.screenshot())).convert("RGB")
    assert {MASK} == _colours(picture, _box(seen, "#b"))


def test_no_picture_is_given_away_of_a_page_that_takes_the_masks_off(show: Show) -> None:
    """Whoever watches what is added to the page can remove it before it is painted."""
    seen = show(
        """<input value=x><script>new MutationObserver(seen => seen.forEach(one => one.addedNodes.forEach(
        node => node.remove()))).observe(document.documentElement, {childList: true})</script>"""
    )
    with pytest.raises(UnreadableError, match="no picture"):
        seen.observer.screenshot()


def _box(seen: Sight, selector: str) -> FloatRect:
    box = seen.page.locator(selector).bounding_box()
    assert box
    return box


def _colours(picture: Image.Image, box: FloatRect) -> set[tuple[int, ...]]:
    """The colours inside a box, without its outermost pixels, which masks may share with their neighbours."""
    left, top = round(box["x"]) + 1, round(box["y"]) + 1
    part = picture.crop((left, top, left + round(box["width"]) - 2, top + round(box["height"]) - 2))
    return {colour for _, colour in part.getcolors(1 << 24) or [] if isinstance(colour, tuple)}
