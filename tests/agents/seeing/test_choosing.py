"""Options are chosen by what they mean: from native lists, from drawn ones, from lists that come later."""

from collections.abc import Callable

import pytest

from agents.errors import UnreadableError
from agents.filling.control import fill
from agents.terms import Phase
from tests.agents.seeing.sights import SLOTS, Sight, held, put

Show = Callable[..., Sight]


def test_an_expiry_of_two_lists_is_chosen_by_name_or_number(show: Show) -> None:
    """Months by their number or name, years by two digits or four."""
    months = "".join(
        f"<option value={n}>{n} - {name}"
        for n, name in enumerate(("Jan", "Feb", "Mar", "Apr", "May", "Jun", "July"), 1)
    )
    years = "".join(f"<option>{n}" for n in range(26, 34))
    seen = show(f"<select aria-label=Month id=m>{months}</select><select aria-label=Year id=y>{years}</select>")
    put(seen, "combobox", "{{card.exp_month}}", "Month")
    put(seen, "combobox", "{{card.exp_year}}", "Year")
    assert ("7", "31") == (held(seen, "#m"), held(seen, "#y"))


@pytest.mark.parametrize(
    "listed",
    [
        "United States",
        "USA",
        "United States of America",
        "Vereinigte Staaten",
        "United States (US)",
        "=US",
        "États-Unis",
    ],
)
def test_a_country_is_found_by_code_and_by_its_names(show: Show, listed: str) -> None:
    """In English, as an abbreviation, in the page's language, or only by the option's value."""
    text, code = ("The States", "US") if listed.startswith("=") else (listed, "17")
    options = f"<option value=1>United Kingdom<option value={code}>{text}<option value=2>United Arab Emirates"
    language = "fr" if listed.startswith("É") else "de"
    seen = show(f"<html lang={language}><select aria-label=Land><option>US Minor Outlying Islands{options}</select>")
    put(seen, "combobox", "{{buyer.country}}")
    assert code == held(seen, "select")


REGIONS = ("<option value=5>California", "<option>CA", "<option value=US-CA>Cali", "<option>California (CA)")


@pytest.mark.parametrize("option", REGIONS)
def test_a_region_is_found_by_code_or_name(show: Show, option: str) -> None:
    """A buyer's CA is California."""
    seen = show(f"<select aria-label=State><option>Colorado{option}<option>Alaska</select>")
    put(seen, "combobox", "{{buyer.province}}")
    assert 1 == seen.page.evaluate("document.querySelector('select').selectedIndex")


def test_a_region_list_that_is_filled_a_moment_later_is_waited_for(show: Show) -> None:
    """Shops fill it once the country is known."""
    seen = show(
        """<select aria-label=State><option>Please wait</select><script>
        setTimeout(() => { document.querySelector("select").innerHTML = "<option>Alabama<option>California" }, 700)
        </script>"""
    )
    put(seen, "combobox", "{{buyer.province}}")
    assert "California" == held(seen, "select")


COUNTRY = """
<select aria-label=Country id=c><option>France<option>United States</select>
<select aria-label=State id=s><option>Choose<option>Paris<option>California</select><script>
c.onchange = () => setTimeout(() => { s.innerHTML = '<option>Choose<option>Alabama<option>California' }, 600)</script>
"""


def test_a_region_survives_that_its_list_is_filled_again_after_the_country(show: Show) -> None:
    """Even where the old list has the region too."""
    seen = show(COUNTRY)
    put(seen, "combobox", "{{buyer.country}}", "Country")
    put(seen, "combobox", "{{buyer.province}}", "State")
    seen.page.wait_for_function("s.textContent.includes('Alabama')")
    assert "California" == held(seen, "#s")


def test_a_list_that_comes_in_the_place_of_a_text_field_is_chosen_from(show: Show) -> None:
    """It takes the field's place a moment after the country was chosen, and the country's own field is left alone."""
    seen = show(
        """<select aria-label=Country id=c><option>France<option>United States</select>
        <input aria-label=State id=t><select aria-label=State id=s hidden><option>Choose<option>California</select>
        <script>c.onchange = () => setTimeout(() => { t.hidden = true; s.hidden = false }, 150)</script>"""
    )
    country, state = seen.ref("combobox", "Country"), seen.ref("textbox", "State")
    fill(seen.observer, country, "{{buyer.country}}", slots=SLOTS, phase=Phase.CONTACT)
    fill(seen.observer, state, "{{buyer.province}}", slots=SLOTS, phase=Phase.CONTACT)
    assert ("California", "") == (held(seen, "#s"), held(seen, "#t"))


def test_a_country_that_stands_already_is_not_chosen_again(show: Show) -> None:
    """Which would empty the region."""
    seen = show(COUNTRY)
    seen.page.select_option("#c", "United States")
    seen.page.evaluate("window.chosen = 0; c.addEventListener('change', () => chosen++)")
    put(seen, "combobox", "{{buyer.country}}", "Country")
    assert 0 == seen.page.evaluate("chosen")


def test_a_text_field_that_a_list_takes_the_place_of_is_not_filled_unseen(show: Show) -> None:
    """The model is told to look again."""
    seen = show(
        """<select aria-label=Country id=c><option>France<option>United States</select><input aria-label=State id=t>
        <script>c.onchange = () => setTimeout(() => { t.hidden = true }, 100)</script>"""
    )
    ref = seen.ref("textbox", "State")
    put(seen, "combobox", "{{buyer.country}}", "Country")
    with pytest.raises(UnreadableError, match=r"hidden|read the page again"):
        fill(seen.observer, ref, "{{buyer.province}}", slots=SLOTS, phase=Phase.CONTACT)
    assert "" == held(seen, "#t")


def test_an_option_is_chosen_by_its_text_and_only_when_one_alone_fits(show: Show) -> None:
    """S is not XS; a sold-out option is none; two that fit are none."""
    seen = show(
        "<select aria-label=Size><option>XS<option>S - $5<option>M blue<option>M red<option disabled>L</select>"
    )
    put(seen, "combobox", "S")
    assert "S - $5" == held(seen, "select")
    for unfit in ("M", "L", "XXL"):
        with pytest.raises(UnreadableError, match="no single option fits; it has 'XS'"):
            put(seen, "combobox", unfit)
    assert "S - $5" == held(seen, "select")


LISTBOX = """
<button role=combobox aria-label=Colour aria-expanded=false aria-controls=l onclick="l.hidden = false">Choose</button>
<ul role=listbox id=l hidden>
<li role=option>Red</li><li role=option>Blue</li><li role=option aria-disabled=true>Green</li></ul>
<ul><li role=option>Blue</li></ul>
<script>
l.onclick = e => { document.querySelector('button').textContent = e.target.textContent; l.hidden = true }</script>
"""


def test_a_list_that_scripts_draw_is_opened_and_chosen_from(show: Show) -> None:
    """In the list the control names, not in another one."""
    seen = show(LISTBOX)
    put(seen, "combobox", "Blue")
    assert "Blue" == seen.page.inner_text("button")
    with pytest.raises(UnreadableError, match="no single option fits"):
        put(seen, "combobox", "Green")


def test_a_list_with_a_search_field_of_its_own_is_searched(show: Show) -> None:
    """The options come only when something is typed."""
    seen = show(
        """<div role=combobox tabindex=0 aria-label=Country onclick="p.hidden = false; q.focus()">Choose</div>
        <div id=p hidden><input id=q aria-label=Search><ul role=listbox id=l></ul></div><script>
        q.oninput = () => { if (/^united st/i.test(q.value)) l.innerHTML = '<li role=option>United States</li>' };
        l.onclick = e => { p.hidden = true; document.querySelector('div').textContent = e.target.textContent }
        </script>"""
    )
    put(seen, "combobox", "{{buyer.country}}")
    assert "United States" == seen.page.inner_text("div >> nth=0")


def test_a_field_with_suggestions_takes_the_suggestion_or_what_was_typed(show: Show) -> None:
    """An address may have none."""
    seen = show(
        """<input role=combobox aria-label=Country aria-controls=l><ul role=listbox id=l></ul><script>
        const field = document.querySelector('input');
        field.oninput = () => l.innerHTML = '<li role=option>Utah</li><li role=option>Vermont</li>';
        l.onmousedown = e => { field.value = e.target.textContent + '!' }</script>"""
    )
    put(seen, "combobox", "Vermont")
    assert "Vermont!" == held(seen, "input")
    put(seen, "combobox", "Narnia")
    assert "Narnia" == held(seen, "input")
