"""A glance shows the same controls as a look, where that is enough to repeat a step, and otherwise there is none."""

from collections.abc import Callable
from io import BytesIO

import pytest
from PIL import Image

from agents.filling.control import fill
from agents.filling.pressing import Aim, press
from agents.terms import Phase
from tests.agents.seeing.sights import SLOTS, Sight

Show = Callable[..., Sight]
FORM = """<h1>Your address</h1><a href=/>Shop</a><label>Email <input type=email></label><label>Country
<select><option>France<option>United States</select></label><label><input type=checkbox> Gift</label>
<label><input type=radio name=how checked> Standard</label><input type=number aria-label=Quantity value=1>
<textarea aria-label=Note></textarea><div role=switch aria-checked=true aria-label=News tabindex=0>.</div>
<button>Continue</button><button disabled>Later</button><input type=submit value="Apply coupon">"""


def test_a_glance_and_a_look_know_the_same_controls(show: Show) -> None:
    """Role, name and state, in the page's order; so a page is the same page either way, and in the same phase."""
    seen = show(FORM)
    glanced, looked = seen.observer.glance(), seen.see(whole=True)
    assert glanced
    kept = ("role", "name", "checked", "disabled")
    facts = [[tuple(getattr(one, name) for name in kept) for one in of.controls.values()] for of in (glanced, looked)]
    assert facts[0] == facts[1]
    assert (glanced.identity, glanced.phase, glanced.title) == (looked.identity, looked.phase, looked.title)


@pytest.mark.parametrize(
    "html",
    [
        "<button>Place order</button>",
        "<button aria-label='Buy now'>Go</button>",
        "<iframe src='https://pay.example/f'></iframe><button>Continue</button>",
        "<iframe srcdoc='<input aria-label=In>'></iframe><button>Continue</button>",
        "<div role=button tabindex=0>Pay $21.00</div>",
    ],
    ids=["order", "order by another name", "another site's frame", "a frame of its own", "payment by a made-up button"],
)
def test_where_a_slip_could_order_or_something_is_unread_there_is_no_glance(show: Show, html: str) -> None:
    """Then the page must be looked at."""
    seen = show(html, {"https://pay.example/f": "<input aria-label='Card number'>"})
    for frame in seen.page.frames[1:]:
        frame.locator("input").wait_for()
    assert seen.observer.glance() is None


def test_what_was_seen_at_a_glance_is_filled_in_and_pressed(show: Show) -> None:
    """By its own references, which stay the same at the next glance; also in Playwright's patient way."""
    seen = show(f"{FORM}<script>document.querySelectorAll('button')[0].onclick = e => e.target.id = 'hit'</script>")
    glanced = seen.observer.glance()
    assert glanced
    refs = {control.name: ref for ref, control in glanced.controls.items()}
    fill(seen.observer, refs["Email"], "{{buyer.email}}", slots=SLOTS, phase=Phase.CONTACT)
    fill(seen.observer, refs["Gift"], True, slots=SLOTS, phase=Phase.CONTACT)
    assert "ada.ashworth@example.org" == seen.page.input_value("input[type=email]")
    assert seen.page.is_checked("input[type=checkbox]")
    press(seen.page, Aim("", None), lambda: seen.observer.clickable(refs["Continue"]), timeout_milliseconds=9000)
    assert 1 == seen.page.locator("#hit").count()
    again = seen.observer.again()
    assert refs == {control.name: ref for ref, control in again.controls.items()}


def test_a_look_after_a_glance_still_knows_what_was_filled_in(show: Show) -> None:
    """The picture masks the list that was chosen from, before and after."""
    seen = show(FORM)
    glanced = seen.observer.glance()
    assert glanced
    country = next(ref for ref, control in glanced.controls.items() if control.name == "Country")
    fill(seen.observer, country, "{{buyer.country}}", slots=SLOTS, phase=Phase.CONTACT)
    at = seen.page.locator("select").bounding_box()
    assert at
    middle = (round(at["x"] + at["width"] / 2), round(at["y"] + at["height"] / 2))
    for look in (False, True):
        if look:
            seen.see()
        picture = Image.open(BytesIO(seen.observer.screenshot())).convert("RGB")
        assert (255, 0, 255) == picture.getpixel(middle)


def test_a_control_that_went_since_the_glance_is_not_found(show: Show) -> None:
    """Nor is the one in its place taken for it."""
    seen = show("<input id=a aria-label=Email>")
    glanced = seen.observer.glance()
    assert glanced
    [ref] = glanced.controls
    seen.page.evaluate("document.querySelector('#a').outerHTML = '<input id=b aria-label=Email>'")
    with pytest.raises(Exception, match="read the page"):
        fill(seen.observer, ref, "{{buyer.email}}", slots=SLOTS, phase=Phase.CONTACT)
    assert "" == seen.page.input_value("#b")
