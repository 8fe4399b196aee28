"""Every kind of control is filled in, shows what was meant, and no error says a value."""

from collections.abc import Callable

import pytest

from agents.errors import SlotRefusedError, UnreadableError
from agents.filling.control import fill
from agents.terms import Phase
from tests.agents.seeing.sights import SLOTS, Sight, held, put

Show = Callable[..., Sight]


def test_a_text_field_gets_the_slots_value_and_shows_the_slot(show: Show) -> None:
    """The page has the value; what is read has only its name, also after the page wrote it differently."""
    seen = show(
        "<input aria-label=Email><script>onchange = e => e.target.value = e.target.value.toUpperCase()</script>"
    )
    assert "filled textbox 'Email' with {{buyer.email}}" == put(seen, "textbox", "{{buyer.email}}")
    assert "ADA.ASHWORTH@EXAMPLE.ORG" == held(seen, "input")
    assert '= "{{buyer.email}}"' in seen.see().text


def test_scripts_hear_of_what_was_typed_as_if_a_person_had(show: Show) -> None:
    """Input, change and leaving the field; also where a framework keeps the value itself."""
    seen = show(
        """<input aria-label=Note><script>
        const field = document.querySelector('input'), heard = []; window.heard = heard; let state = '';
        for (const name of ['input', 'change', 'blur']) field.addEventListener(name, () => heard.push(name));
        const own = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value');
        field.addEventListener('input', () => { state = own.get.call(field); });
        field.addEventListener('blur', () => own.set.call(field, state));</script>"""
    )
    put(seen, "textbox", "ring twice")
    assert "ring twice" == held(seen, "input")
    assert ["input", "change", "blur"] == seen.page.evaluate("heard")


def test_a_field_that_formats_or_masks_what_is_typed_is_filled(show: Show) -> None:
    """Groups of four; a slash that the field adds; a field that takes single keys only."""
    seen = show(
        """<input aria-label="Card number" id=n><input aria-label="Expiry date" id=x placeholder="MM/YY" maxlength=5>
        <input aria-label=Code id=c><script>
        n.oninput = () => n.value = n.value.replace(/\\D/g, '').replace(/(.{4})(?=.)/g, '$1 ');
        let typed = ''; c.onkeydown = e => { if (/^\\d$/.test(e.key)) typed += e.key };
        c.oninput = () => c.value = typed;</script>"""
    )
    put(seen, "textbox", "{{card.number}}", "Card number")
    put(seen, "textbox", "{{card.expiry}}", "Expiry date")
    put(seen, "textbox", "{{card.cvc}}", "Code")
    assert ["4242 4242 4242 4242", "07/31", "737"] == [held(seen, f"#{name}") for name in "nxc"]


@pytest.mark.parametrize(
    ("attributes", "written"),
    [
        ("placeholder='MM / YYYY'", "07/2031"),
        ("placeholder='MM / JJJJ'", "07/2031"),
        ("maxlength=4", "0731"),
        ("type=month", "2031-07"),
        ("", "07 / 31"),
    ],
)
def test_an_expiry_is_written_the_way_its_field_wants_it(show: Show, attributes: str, written: str) -> None:
    """Told from the placeholder, the length or the type."""
    seen = show(f"<input aria-label=Expiry {attributes}>")
    fill(seen.observer, next(iter(seen.see().controls)), "{{card.expiry}}", slots=SLOTS, phase=Phase.PAYMENT)
    assert written == held(seen, "input")


COVERED = "position:absolute;opacity:0"
BOXES = {
    "plain": "<input type=checkbox aria-label=Terms>",
    "transparent": f"<label style='position:relative'><input type=checkbox style='{COVERED}'><b>Terms</b></label>",
    "without size": f"<input type=checkbox id=t style='{COVERED};width:0;height:0'><label for=t>Terms</label>",
    "no pointer": "<label>Terms <input type=checkbox style='pointer-events:none'></label>",
    "a script's own": """<div role=checkbox aria-checked=false tabindex=0 aria-label=Terms style="width:9px;height:9px"
        onclick="this.ariaChecked = this.ariaChecked === 'false'"></div>""",
    "under something": """<div style="position:relative"><input type=checkbox aria-label=Terms>
        <div style="position:absolute;inset:0;background:#ccc"></div></div>""",
}


@pytest.mark.parametrize("box", BOXES.values(), ids=BOXES)
def test_a_checkbox_is_checked_and_unchecked_whatever_covers_it(show: Show, box: str) -> None:
    """Drawn by its label, of no size, of a script's own make, or under something else."""
    seen = show(box)
    for on in (True, True, False):
        put(seen, "checkbox", on)
        assert on is next(iter(seen.see().controls.values())).checked


def test_a_radio_covered_by_its_label_is_chosen(show: Show) -> None:
    """And is not unchecked."""
    row = "<label style='position:relative'><input type=radio name=r style='position:absolute;{}'>Express</label>"
    seen = show("<input type=radio name=r>" + row.format("left:-999px") + row.format("opacity:0;width:0;height:0"))
    refs = list(seen.see().controls)
    for number, ref in enumerate(refs):
        fill(seen.observer, ref, True, slots=SLOTS, phase=Phase.SHIPPING)
        assert [number == at for at in range(3)] == [control.checked for control in seen.see().controls.values()]
    with pytest.raises(UnreadableError):
        fill(seen.observer, refs[2], False, slots=SLOTS, phase=Phase.SHIPPING)


def test_numbers_texts_and_rich_texts_are_filled(show: Show) -> None:
    """A quantity, a spinner without a field, a text area, an editable element."""
    seen = show(
        """<input type=number aria-label=Quantity value=1><textarea aria-label=Note></textarea>
        <div contenteditable role=textbox aria-label=Gift></div>
        <div role=spinbutton aria-label=Candles tabindex=0 aria-valuenow=1 onkeydown="this.ariaValueNow =
          Number(this.ariaValueNow) + (event.key === 'ArrowUp' ? 1 : -1)">1</div>"""
    )
    put(seen, "spinbutton", "3", "Quantity")
    put(seen, "spinbutton", "4", "Candles")
    put(seen, "textbox", "two\nlines", "Note")
    put(seen, "textbox", "Hello", "Gift")
    assert ["3", "two\nlines"] == [held(seen, "input"), held(seen, "textarea")]
    assert ("Hello", "4") == (
        seen.page.inner_text("[contenteditable]"),
        seen.page.get_attribute("[role=spinbutton]", "aria-valuenow"),
    )


FIELD = "<input aria-label='Card number'>"
FRAME = '<iframe title="Card" src="{}"></iframe>'


def test_a_card_goes_into_the_payment_hosts_frame(show: Show) -> None:
    """And shows there as its slot."""
    seen = show(FRAME.format("https://pay.example/f"), {"https://pay.example/f": FIELD})
    inside = seen.page.frame_locator("iframe").locator("input")
    inside.wait_for()
    put(seen, "textbox", "{{card.number}}")
    assert "4242424242424242" == inside.input_value()
    assert '= "{{card.number}}"' in seen.see().text


@pytest.mark.parametrize(
    "lie",
    [
        "",
        "{location: {origin: 'https://pay.example'}}",
        "{location: {origin: 'https://pay.example'}, documentElement: {}}",
        "document.querySelector('iframe').contentDocument",
        "window.parent.document",
    ],
)
def test_nothing_goes_into_a_frame_of_another_site_whatever_it_says_of_itself(show: Show, lie: str) -> None:
    """The origin is the browser's word, not the page's."""
    script = f"<script>Object.defineProperty(Node.prototype, 'ownerDocument', {{get: () => {lie}}})</script>"
    inner = f"<iframe></iframe>{FIELD}{script if lie else ''}"
    seen = show(FRAME.format("https://evil.example/f"), {"https://evil.example/f": inner})
    inside = seen.page.frame_locator("iframe").locator("input")
    inside.wait_for()
    for slot in ("card.number", "buyer.email"):
        with pytest.raises((SlotRefusedError, UnreadableError)):
            put(seen, "textbox", f"{{{{{slot}}}}}")
    assert "" == inside.input_value()


def test_a_card_is_not_typed_before_it_is_paid(show: Show) -> None:
    """Whatever the page asks for."""
    seen = show("<input aria-label='Card number'>")
    with pytest.raises(SlotRefusedError):
        put(seen, "textbox", "{{card.number}}", phase=Phase.CONTACT)
    assert "" == held(seen, "input")


@pytest.mark.parametrize(
    "literal",
    [
        "4242 4242 4242 4242",
        "me@evil.example",
        "x" * 201,
        "Mr {{buyer.last_name}}",
        "{{buyer.email}} ",
        "378282246310005",
    ],
)
def test_a_literal_is_short_and_nothing_that_only_a_slot_may_hold(show: Show, literal: str) -> None:
    """Card numbers, e-mail addresses, texts with half a slot in them."""
    seen = show("<input aria-label=Note>")
    if literal.strip() == "{{buyer.email}}":
        put(seen, "textbox", literal)
        return
    with pytest.raises(SlotRefusedError):
        put(seen, "textbox", literal)
    assert "" == held(seen, "input")


@pytest.mark.parametrize(
    ("html", "error"),
    [
        ("<input type=file aria-label=X>", "not a field"),
        ("<input disabled aria-label=X>", "disabled"),
        ("<input readonly aria-label=X>", "cannot be edited"),
        ("<input type=password aria-label=X>", "password"),
        (
            "<input aria-label=X><script>document.querySelector('input').onfocus = e => e.target.remove()</script>",
            "gone|no such control",
        ),
        ("<select disabled aria-label=X><option>a</select>", "disabled"),
        ("<button aria-label=X>go</button>", "no single option fits; it has no options"),
        ("<input aria-label=X maxlength=3 oninput='this.value = this.value.slice(0, 3)'>", "does not show"),
        ("<a href=# aria-label=X>go</a>", "takes no text"),
        ("<input type=number aria-label=X>", "it is covered, moving or gone"),
    ],
)
def test_what_cannot_be_filled_is_an_error_without_the_value(show: Show, html: str, error: str) -> None:
    """It names the control; the value is in no message and no cause."""
    seen = show(html)
    with pytest.raises((UnreadableError, SlotRefusedError), match=error) as failed:
        fill(seen.observer, next(iter(seen.see().controls)), "sesame", slots=SLOTS, phase=Phase.PAYMENT)
    assert "sesame" not in f"{failed.value} {failed.value.__cause__}"
    assert failed.value.__cause__ is None or failed.value.__suppress_context__


def test_a_field_that_was_hidden_meanwhile_is_not_filled(show: Show) -> None:
    """What a person could not see, the agent does not fill in either."""
    seen = show("<input aria-label=A>")
    ref = seen.ref("textbox")
    seen.page.evaluate("document.querySelector('input').style.visibility = 'hidden'")
    with pytest.raises(UnreadableError, match="hidden"):
        fill(seen.observer, ref, "x", slots=SLOTS, phase=Phase.BROWSE)


def test_a_reference_of_another_page_is_refused(show: Show) -> None:
    """Unknown, gone, or of a page before."""
    seen = show("<input aria-label=A>")
    ref = seen.ref("textbox")
    seen.fresh("<p>gone</p>")
    for unknown in (ref, "e999", "", "e1 >> xpath=//body", "f9e1"):
        with pytest.raises(UnreadableError, match="read the page again"):
            fill(seen.observer, unknown, "x", slots=SLOTS, phase=Phase.BROWSE)


def test_references_hold_when_something_else_looks_at_the_page(show: Show) -> None:
    """Playwright forgets them with every other snapshot."""
    seen = show("<input aria-label=A><button>B</button>")
    ref = seen.ref("textbox")
    seen.page.locator("button").aria_snapshot()
    fill(seen.observer, ref, "x", slots=SLOTS, phase=Phase.BROWSE)
    assert "x" == held(seen, "input")
