"""Filling in one control, whatever kind it is, and seeing that it took it.

A slot is resolved here, at the last moment, for the very element that gets it: the origin is that of the frame which
owns this element. Values go into the page and nowhere else: no message, no error and no log of this module has one.
"""

import re
import time
from dataclasses import replace
from typing import Final

from playwright.sync_api import ElementHandle
from playwright.sync_api import Error as PlaywrightError

from agents.errors import SlotRefusedError, UnreadableError
from agents.filling.filling import Filling
from agents.filling.lists import choose_from_list, choose_native
from agents.filling.regions import CountryChanged
from agents.filling.toggles import toggle
from agents.filling.words import plain, shows
from agents.seeing.lines import TOGGLES
from agents.seeing.observe import Control, Observer
from agents.seeing.origins import STALE, origin_of
from agents.slots import Slots, slot_in
from agents.terms import Phase

# A control that is not ready by then is covered, moving or gone.
ACT_MILLISECONDS: Final = 2000
# What a shop asks for beside a person's data is short: a size, a count, a note.
MAX_LITERAL: Final = 200
_CARD_LIKE: Final = re.compile(r"\d(?:[ \-.]?\d){11,18}")
_EMAIL: Final = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")
_NOT_TYPED_IN: Final = frozenset({"file", "hidden", "image", "submit", "button", "reset", "color"})
# Expiry fields say by their placeholder or their length how they want it written.
_LONG_YEAR: Final = re.compile(r"[yja]{4}", re.IGNORECASE)
_FOUR_DIGITS, _WITH_SLASH = 4, 5
_TWO_DIGIT_YEAR: Final = 2

_NOW: Final = "e => e.value ?? e.innerText.trim()"
_FACTS: Final = """
e => ({tag: e.tagName, type: (e.type || '').toLowerCase(), role: e.getAttribute('role') || '',
  editable: !!e.isContentEditable, language: e.ownerDocument.documentElement.lang || '',
  placeholder: e.placeholder || '', length: e.maxLength > 0 ? e.maxLength : 0, numeric: e.ariaValueNow,
  shown: e.checkVisibility({visibilityProperty: true}) && e.getClientRects().length > 0,
  disabled: e.matches(':disabled') || !!e.closest('[aria-disabled=true]'), fixed: !!e.readOnly,
  now: (NOW)(e), on: e.checked ?? (e.ariaChecked === 'true' || e.ariaPressed === 'true')})
""".replace("NOW", _NOW)
# Shops validate, format and ask for rates when a field is left.
_LEAVE: Final = "e => { e.blur(); return e.value }"
# As a person's keyboard would, with the browser's own input events, in one step. It answers what the field then shows;
# null where it is no plain field that a person could fill in, or does not take text so.
_ENTER: Final = """
(e, [text, stays]) => {
  const all = e.ownerDocument, kind = (e.type || '').toLowerCase();
  if (!e.matches('input, textarea') || !KINDS.includes(kind) || e.readOnly || e.matches(':disabled')
    || e.closest('[aria-disabled=true]') || !e.checkVisibility({visibilityProperty: true})
    || !e.getClientRects().length) return null;
  e.focus({preventScroll: true});
  let at = all.activeElement;
  while (at && at.shadowRoot && at !== e) at = at.shadowRoot.activeElement;
  if (at !== e) return null;
  e.select();
  if (!all.execCommand('insertText', false, text)) return null;
  if (!stays) e.blur();
  return e.value;
}
""".replace("KINDS", "['text', 'email', 'tel', 'password', 'search', 'url', 'number', 'textarea']")  # no date, no range
# How these are written, or which field takes them, depends on what the page says of it.
_IN_MANY_WAYS: Final = frozenset({"buyer.country", "buyer.province", "card.expiry", "card.exp_month", "card.exp_year"})


def fill(observer: Observer, ref: str, value: str | bool, *, slots: Slots, phase: Phase) -> str:  # noqa: FBT001 (what a field takes)
    """Fill in the control and see that it shows it; what was done, in words without the value.

    A string is a literal, an option's text, or one whole slot; a boolean is for checkboxes and radios.
    UnreadableError when the control cannot be filled so; SlotRefusedError when the value may not go there.
    """
    control, element = observer.control(ref), observer.held(ref)
    slot = None if isinstance(value, bool) else slot_in(value)
    resolved, where = "", origin_of(element) if slot else ""
    if slot:
        resolved = slots.value(slot, origin=where, fence=observer.visit.fence, phase=phase)
    filling = Filling(
        page=observer.visit.page, element=element, handle=lambda: _handle(observer, ref, where),
        clickable=lambda: observer.clickable(ref), name=control.name, role=control.role, value=resolved, slot=slot,
        country=slots.country,
    )  # fmt: skip
    try:
        if slot == "buyer.province" and observer.country_changed:
            is_list = control.role in ("combobox", "listbox")
            observer.country_changed.wait_for(element, is_list=is_list)
        if slot and slot not in _IN_MANY_WAYS and control.role == "textbox" and _enter(filling, resolved):
            return _filled(observer, filling, ref)
        filling = replace(filling, facts=element.evaluate(_FACTS))
        if isinstance(value, bool) or (control.role in TOGGLES and slot is None):
            spends = observer.spends or bool(observer.card_frames)
            return toggle(filling, _as_bool(filling, value), spends=spends)
        if not slot:
            filling = replace(filling, value=_literal(value, password=filling.facts["type"] == "password"))
        if slot == "buyer.province" and not filling.facts["shown"] and (other := _in_its_place(observer, control)):
            return fill(observer, other, value, slots=slots, phase=phase)
        _ready(filling)
        if slot == "buyer.country":
            _put_country(filling, observer)
        else:
            _put(filling)
    except PlaywrightError as failed:
        # Playwright's own message quotes what was to be typed.
        raise filling.refused("it is covered, moving or gone; read the page again") from _without_words(failed)
    return _filled(observer, filling, ref)


def _handle(observer: Observer, ref: str, where: str) -> ElementHandle:
    """Playwright's handle of what is filled in; with a slot, in a frame of the origin the slot was given for."""
    handle = observer.element(ref)
    if where and origin_of(handle) != where:
        raise UnreadableError(STALE)
    return handle


def _filled(observer: Observer, filling: Filling, ref: str) -> str:
    """It took the value; what a slot went into is remembered before anything is said of the page."""
    if filling.slot:
        observer.remember(ref, filling.slot, filling.element)
    return f"filled {filling.role} {filling.name!r}" + (f" with {{{{{filling.slot}}}}}" if filling.slot else "")


def _enter(filling: Filling, text: str) -> bool:
    """Type at once into a plain field, and see that it shows it."""
    # A list of suggestions closes when the field is left, so it is chosen from first.
    shown = filling.element.evaluate(_ENTER, [text, filling.role == "combobox"])
    return shown is not None and shows(str(shown), text)


def _in_its_place(observer: Observer, gone: Control) -> str | None:
    """The field of the same name that took the place of one that is hidden now: a list of regions for a text field."""
    now = observer.again().controls.values()
    alike = [one.ref for one in now if (one.name, one.frame) == (gone.name, gone.frame) and one.ref != gone.ref]
    return alike[0] if len(alike) == 1 else None


def _without_words(failed: PlaywrightError) -> Exception:
    return type(failed)("the browser could not do it")


def _literal(value: str, *, password: bool) -> str:
    """A literal that may be typed: nothing that only a slot may hold."""
    if "{{" in value or "}}" in value:
        raise SlotRefusedError("a value is one whole slot, or has none in it")
    if password:
        raise SlotRefusedError("nothing is typed into a password field but a slot")
    if len(value) > MAX_LITERAL:
        raise SlotRefusedError(f"a literal has at most {MAX_LITERAL} characters")
    if _CARD_LIKE.search(value) or _EMAIL.search(value):
        raise SlotRefusedError("numbers of cards and e-mail addresses are filled in as slots")
    return value


def _as_bool(filling: Filling, value: str | bool) -> bool:  # noqa: FBT001 (as given)
    if isinstance(value, bool):
        return value
    said = value.strip().casefold()
    if said in ("true", "on", "yes", "checked", filling.name.casefold()):
        return True
    if said in ("false", "off", "no", "unchecked"):
        return False
    raise filling.refused("it is checked with true and unchecked with false")


def _ready(filling: Filling) -> None:
    """Refuse what a person could not fill in."""
    facts = filling.facts
    if facts["tag"] == "INPUT" and facts["type"] in _NOT_TYPED_IN:
        raise filling.refused("it is not a field to fill in")
    if not facts["shown"]:
        raise filling.refused("it is hidden")
    if facts["disabled"]:
        raise filling.refused("it is disabled")


def _put_country(filling: Filling, observer: Observer) -> None:
    """Fill in a country. Where that changed it, let the page put the country's regions in place."""
    changed = CountryChanged.before(filling.element)
    _put(filling)
    if filling.element.evaluate(_NOW) != filling.facts["now"]:
        observer.visit.settle()
        # A slow machine takes its time to get here; what comes later counts from now.
        observer.country_changed = replace(changed, at=time.monotonic())


def _put(filling: Filling) -> None:
    """Fill it the way its kind is filled."""
    facts = filling.facts
    if facts["tag"] == "SELECT":
        choose_native(filling)
    elif filling.role == "combobox" and plain(str(facts["now"])) in map(plain, filling.ways):
        return  # it shows what is meant, chosen before
    elif facts["tag"] in ("INPUT", "TEXTAREA") and filling.role != "listbox":
        _type(filling)
        if filling.role == "combobox":
            choose_from_list(filling, typed=True)
    elif facts["editable"]:
        filling.handle().fill(filling.value, timeout=ACT_MILLISECONDS)
        _expect(filling, filling.handle().inner_text())
    elif filling.role in ("combobox", "listbox", "button"):
        choose_from_list(filling, typed=False)
    elif filling.role == "spinbutton" and facts["numeric"] is not None:
        _spin(filling)
    else:
        raise filling.refused("it takes no text")


def _type(filling: Filling) -> None:
    """Set the text at once; where a script will not have that, key by key."""
    text = _written(filling)
    if filling.facts["fixed"]:
        raise filling.refused("it cannot be edited")
    if _enter(filling, text):
        return
    element, stays = filling.handle(), filling.role == "combobox"
    element.fill(text, timeout=ACT_MILLISECONDS)
    shown = element.input_value() if stays else element.evaluate(_LEAVE)
    if not shows(str(shown), text):
        element.fill("", timeout=ACT_MILLISECONDS)
        element.focus()
        element.type(text, timeout=ACT_MILLISECONDS)
        shown = element.input_value() if stays else element.evaluate(_LEAVE)
    _expect(filling, str(shown), text)


def _written(filling: Filling) -> str:
    """The value as this field wants it: expiry dates differ, everything else is typed as it is."""
    value, facts = filling.value, filling.facts
    if filling.slot == "card.exp_year" and facts["length"] == _TWO_DIGIT_YEAR:
        return value[-2:]
    if filling.slot != "card.expiry":
        return value
    month, year = value[:2], value[-2:]
    if facts["type"] == "month":
        return f"20{year}-{month}"
    if _LONG_YEAR.search(f"{facts['placeholder']} {filling.name}"):
        return f"{month}/20{year}"
    if facts["length"] == _FOUR_DIGITS:
        return month + year
    return f"{month}/{year}" if facts["length"] == _WITH_SLASH else value


def _spin(filling: Filling) -> None:
    """A spinner without a text field goes by the arrow keys."""
    read = "e => Number(e.ariaValueNow)"
    if not re.fullmatch(r"\d{1,3}", filling.value):
        raise filling.refused("it takes a small whole number")
    wanted, now = int(filling.value), int(filling.element.evaluate(read))
    handle = filling.handle()
    handle.focus()
    for _ in range(abs(wanted - now)):
        handle.press("ArrowUp" if wanted > now else "ArrowDown")
    _expect(filling, str(filling.element.evaluate(read)))


def _expect(filling: Filling, shown: str, meant: str | None = None) -> None:
    if not shows(shown, meant if meant is not None else filling.value):
        raise filling.refused("it does not show what was filled in; it may want another form of it, or less text")
