"""Choosing from a list: a native select, or what scripts make of one. Knows lists; must never know slots."""

from collections.abc import Sequence
from typing import Final

from playwright.sync_api import ElementHandle

from agents.browsing.elements import Asked
from agents.filling.filling import Filling
from agents.filling.words import Option, chosen

# A region list is filled again a second after the country was chosen; a slow shop takes two.
REFILL_MILLISECONDS: Final = 2500
# A list that is opened is drawn by then.
OPEN_MILLISECONDS: Final = 800
# A field that suggests may also have nothing to suggest.
SUGGEST_MILLISECONDS: Final = 400
_STEP_MILLISECONDS: Final = 50
_CLICK_MILLISECONDS: Final = 2000
_SHOWN_IN_ERROR: Final = 8
_CODE: Final = 3
_NAMES_TRIED: Final = 2

_OPEN: Final = """
e => {
  const id = e.getAttribute('aria-controls') || e.getAttribute('aria-owns');
  const list = e.matches('[role=listbox]') ? e : id && e.ownerDocument.getElementById(id);
  const all = (list || e.ownerDocument).querySelectorAll('[role=option], [role=menuitemradio]');
  return [...all].filter(one => one.checkVisibility({visibilityProperty: true}) && one.getClientRects().length);
}
"""
_ONE: Final = """
o => [o.ariaLabel || o.innerText.trim(), o.dataset.value || o.getAttribute('value') || '', o.ariaDisabled === 'true']
"""
_SEARCH: Final = """
e => {
  const at = e.ownerDocument.activeElement;
  return at && at !== e && at.matches('input, textarea') ? at : null;
}
"""
_OPTIONS: Final = """
e => [e.selectedIndex, [...e.options].map(o => [o.text, o.value, o.disabled || !!o.closest('optgroup[disabled]')])]
"""
_SELECTED: Final = "e => e.selectedOptions[0]?.text ?? ''"
# As Playwright would, and what is selected then; null where a person could not choose in it now: it is waited for.
_SELECT: Final = """
(e, index) => {
  if (e.multiple || e.matches(':disabled') || !e.checkVisibility({visibilityProperty: true})
    || !e.getClientRects().length) return null;
  e.focus({preventScroll: true});
  e.selectedIndex = index;
  e.dispatchEvent(new Event('input', {bubbles: true, composed: true}));
  e.dispatchEvent(new Event('change', {bubbles: true}));
  return (SELECTED)(e);
}
""".replace("SELECTED", _SELECTED)


def choose_native(filling: Filling) -> None:
    """The option of a `select` that is meant; waits a moment for one that is still to come."""
    element = filling.element
    waited, (at, options) = 0, _native(element)
    patience = REFILL_MILLISECONDS if filling.slot else _STEP_MILLISECONDS
    while (index := chosen(options, filling.ways)) is None and waited < patience:
        filling.page.wait_for_timeout(_STEP_MILLISECONDS)
        waited += _STEP_MILLISECONDS
        at, options = _native(element)
    if index is None:
        raise filling.refused(f"no single option fits; it has {_some(options)}")
    if at == index:
        return  # chosen already: choosing it again would make shops empty what depends on it
    # By index, because texts and values repeat; what is selected then is compared, because lists change.
    selected = element.evaluate(_SELECT, index)
    if selected is None:
        filling.handle().select_option(index=index, timeout=_CLICK_MILLISECONDS)
        selected = element.evaluate(_SELECTED)
    if selected != options[index].text:
        raise filling.refused("its options changed while one was chosen; fill it in again")


def choose_from_list(filling: Filling, *, typed: bool) -> None:
    """The option of a list that scripts draw. `typed`: the field has the text already, and may do without a list."""
    element = filling.handle()
    if not typed and not _drawn(element):
        element.click(timeout=_CLICK_MILLISECONDS)
    wait = SUGGEST_MILLISECONDS if typed else OPEN_MILLISECONDS
    if _choose(filling, wait):
        return
    if typed:
        # A list that is searched by name does not know a code. A field with mere suggestions takes what was typed.
        written = element.input_value()
        for name in [way for way in filling.ways if len(way) > _CODE and way != written][:_NAMES_TRIED]:
            element.fill(name, timeout=_CLICK_MILLISECONDS)
            if _choose(filling, wait):
                return
        element.fill(written, timeout=_CLICK_MILLISECONDS)
        return
    if (search := _search_field(element)) is not None:
        name = next((way for way in filling.ways if len(way) > _CODE), filling.ways[0])
        search.fill(name, timeout=_CLICK_MILLISECONDS)
        if _choose(filling, OPEN_MILLISECONDS):
            return
    options = [_option(one) for one in _drawn(element)]
    element.press("Escape")
    raise filling.refused(f"no single option fits; it has {_some(options)}")


def _choose(filling: Filling, wait_milliseconds: int) -> bool:
    """Click the option that is meant, as soon as there is one."""
    waited = 0
    while True:
        drawn = _drawn(filling.handle())
        index = chosen([_option(one) for one in drawn], filling.ways)
        if index is not None:
            drawn[index].click(timeout=_CLICK_MILLISECONDS)
            return True
        if waited >= wait_milliseconds:
            return False
        filling.page.wait_for_timeout(_STEP_MILLISECONDS)
        waited += _STEP_MILLISECONDS


def _drawn(element: ElementHandle) -> list[ElementHandle]:
    """The options that stand open: in the list this control names, or anywhere in its frame."""
    listed = element.evaluate_handle(_OPEN).get_properties().values()
    return [one for handle in listed if (one := handle.as_element()) is not None]


def _option(drawn: ElementHandle) -> Option:
    text, value, disabled = drawn.evaluate(_ONE)
    return Option(str(text), str(value), bool(disabled))


def _search_field(element: ElementHandle) -> ElementHandle | None:
    """The field a list puts the cursor into to be searched by."""
    found = element.evaluate_handle(_SEARCH).as_element()
    return found if found is not None and found.is_editable() else None


def _native(element: Asked) -> tuple[int, list[Option]]:
    """Which option of a select is chosen, and all of them."""
    at, options = element.evaluate(_OPTIONS)
    return int(at), [Option(str(text), str(value), bool(disabled)) for text, value, disabled in options]


def _some(options: Sequence[Option]) -> str:
    """The first options, for an error a model reads."""
    texts = [repr(option.text.strip()) for option in options[:_SHOWN_IN_ERROR]]
    more = len(options) - len(texts)
    return (", ".join(texts) or "no options") + (f" and {more} more" if more > 0 else "")
