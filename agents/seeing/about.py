"""What the accessibility tree does not tell, asked of the browser: titles of frames, what a form requires, hidden text.

Asked once for each frame. The answers of frames of other processes come from the page's own scripting world, so they
may be lies; each only decides how the page is described to a model. Must never be used to decide what may be done.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Frame, Page

from agents.browsing.elements import worlds
from agents.seeing.lines import CONTROLS, DIALOGS, FIELDS, TOGGLES, About
from agents.seeing.tree import Node
from agents.seeing.words import folded

# An element that does not answer by then is described without this.
ASK_MILLISECONDS: Final = 500
MAX_ANSWERS: Final = 200
_PARTS: Final = 5

_MODAL: Final = "e => e.ariaModal === 'true' || e.matches(':modal')"
_TITLE: Final = "e => e.title || e.ariaLabel || e.name || ''"

# What fields are called that must be filled in, and those that hold passwords.
_FIELDS: Final = """
() => {
  const words = element => {
    const copy = element.cloneNode(true);
    copy.querySelectorAll('select, input, textarea, button').forEach(inner => inner.remove());
    return copy.textContent;
  };
  const called = field => {
    const by = (field.getAttribute('aria-labelledby') || '').split(/\\s+/).map(id => document.getElementById(id));
    return by.filter(Boolean).map(words).join(' ') || field.ariaLabel || [...field.labels || []].map(words).join(' ')
      || field.placeholder || field.title || '';
  };
  const names = selector => [...document.querySelectorAll(selector)].map(called);
  return [names(':required, [aria-required=true]'), names('input[type=password]')];
}
"""

# Texts that stand in the page and that nobody sees: transparent, of no size, clipped away, off the page's edge, or in
# the colour of what is behind them. What fades in on its own counts as seen. A text that is also seen elsewhere stays.
_HIDDEN: Final = """
() => {
  const MIN = 12, MAX_NODES = 6000, known = new Map(), scroll = [scrollX, scrollY];
  const rgba = text => (text.match(/[\\d.]+/g) || [0, 0, 0, 0]).map(Number);
  const own = (element, style) => {
    if (style.opacity === '0' && style.transitionDuration === '0s' && style.animationName === 'none') return true;
    if (parseFloat(style.fontSize) < 2) return true;
    const box = element.getBoundingClientRect();
    if (box.width <= 1 && box.height <= 1 && style.overflow !== 'visible') return true;
    if (style.display === 'inline' && !box.width) return false;
    return box.right + scroll[0] <= 0 || box.bottom + scroll[1] <= 0;
  };
  const behind = element => {
    for (let at = element; at; at = at.parentElement) {
      const style = getComputedStyle(at), colour = rgba(style.backgroundColor);
      if (style.backgroundImage !== 'none') return null;
      if (colour.length < 4 || colour[3] > 0.5) return colour;
    }
    return [255, 255, 255];
  };
  const blends = (element, style) => {
    const colour = rgba(style.color);
    if (colour.length > 3 && colour[3] < 0.05) return true;
    const back = behind(element);
    return !!back && [0, 1, 2].every(at => Math.abs(colour[at] - back[at]) < 12);
  };
  const unseen = element => {
    if (!element) return false;
    if (!known.has(element))
      known.set(element, own(element, getComputedStyle(element)) || unseen(element.parentElement));
    return known.get(element);
  };
  const hidden = new Set(), seen = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let count = 0; walker.nextNode() && count < MAX_NODES; count++) {
    const text = walker.currentNode.data.replace(/\\s+/g, ' ').trim(), parent = walker.currentNode.parentElement;
    if (!text || !parent || ['SCRIPT', 'STYLE', 'NOSCRIPT', 'TEMPLATE', 'OPTION'].includes(parent.tagName)) continue;
    if (unseen(parent) || (text.length >= MIN && blends(parent, getComputedStyle(parent)))) hidden.add(text);
    else seen.push(text);
  }
  const all = seen.join(' ');
  return [...hidden].filter(text => text.length >= MIN && !all.includes(text));
}
"""

# Playwright's text has nothing where a line break stands: "Street<br>Town" is "StreetTown". Each run of text with
# breaks in it, as it comes out there and as it should.
_BROKEN: Final = """
() => {
  const runs = new Map(), one = parts => parts.join('').replace(/\\s+/g, ' ').trim();
  const keep = parts => {
    if (!parts.includes('\\n')) return;
    const lines = parts.join('').split('\\n').map(line => line.replace(/[ \\t]+/g, ' ').trim()).filter(Boolean);
    runs.set(one(parts.map(part => part === '\\n' ? '' : part)), lines.join(', '));
  };
  for (const parent of new Set([...document.querySelectorAll('br')].map(br => br.parentElement))) {
    let parts = [];
    for (const child of parent.childNodes) {
      if (child.nodeName === 'BR') parts.push('\\n');
      else if (child.nodeType === Node.TEXT_NODE) parts.push(child.data.replace(/\\s+/g, ' '));
      else if (child.nodeType === Node.ELEMENT_NODE && child.matches('b, i, em, strong, span, small'))
        parts.push(child.textContent.replace(/\\s+/g, ' '));
      else { keep(parts); parts = []; }
    }
    keep(parts);
  }
  return [...runs];
}
"""


_ALL: Final = f"() => [({_HIDDEN})(), ({_BROKEN})(), ...({_FIELDS})(), document.title]"


@dataclass(slots=True)
class _Answers:
    """What one frame said of itself."""

    hidden: list[str]
    broken: dict[str, str]
    required: frozenset[str]
    secret: frozenset[str]
    title: str


def about(page: Page, tree: Node, slot_of: Callable[[str, str, str], str | None]) -> About:
    """Everything a writer needs to know of this tree. `slot_of`: what went into a control of a ref, role and name."""
    frames: dict[str, str] = {}
    answers: list[_Answers] = []
    required: set[str] = set()
    secret: set[str] = set()
    for iframe, nodes in _by_frame(tree).items():
        frames[iframe], found = _ask(page, iframe)
        said = _answers(found)
        answers.append(said)
        fields = [node for node in nodes if node.role in FIELDS | TOGGLES]
        required.update(node.ref for node in fields if folded(node.name) in said.required)
        secret.update(node.ref for node in fields if folded(node.name) in said.secret)
    nodes = [node for node in tree.walk() if node.ref]
    slots = {node.ref: slot_of(node.ref, node.role, node.name) for node in nodes if node.role in CONTROLS}
    return About(
        frames=frames,
        required=frozenset(required),
        secret=frozenset(secret),
        slots={ref: slot for ref, slot in slots.items() if slot},
        modal=frozenset(node.ref for node in nodes if node.role in DIALOGS and _is_modal(page, node.ref)),
        hidden=sorted((text for said in answers for text in said.hidden), key=len, reverse=True),
        broken={glued: lines for said in answers for glued, lines in said.broken.items()},
        title=answers[0].title,
    )


def _by_frame(tree: Node) -> dict[str, list[Node]]:
    """The nodes of each frame, by the reference of its iframe; the page's own under no reference."""
    found: dict[str, list[Node]] = {"": []}

    def sort(node: Node, frame: str) -> None:
        for child in node.children:
            found[frame].append(child)
            if child.role == "iframe" and child.children:
                found.setdefault(child.ref, [])
                sort(child, child.ref)
            else:
                sort(child, frame)

    sort(tree, "")
    return found


def _ask(page: Page, iframe: str) -> tuple[str, Any]:
    """The title of a frame (of none, for the page's own document), and what its document says of itself."""
    with suppress(PlaywrightError):  # a document of another process, perhaps
        known = worlds(page)
        if not iframe:
            return "", known.noting(f"({_ALL})()")
        if element := known.find(iframe):
            return str(element.evaluate(_TITLE)), known.noting(f"({_ALL})()", element.frame_within())
    title, frame = _frame(page, iframe) if iframe else ("", page.main_frame)
    with suppress(PlaywrightError):  # a frame on its way elsewhere: nothing of it is read either
        return title, frame.evaluate(_ALL) if frame else None
    return title, None


def _frame(page: Page, ref: str) -> tuple[str, Frame | None]:
    with suppress(PlaywrightError):  # the frame went away while it was looked at; it is described without its title
        for element in page.locator(f"aria-ref={ref}").element_handles():
            return str(element.evaluate(_TITLE)), element.content_frame()
    return "", None


def _answers(found: Any) -> _Answers:
    if not isinstance(found, list) or len(found) != _PARTS:
        found = [[], [], [], [], ""]
    hidden, broken, required, secret, title = found
    return _Answers(
        hidden=_texts(hidden),
        broken={
            str(pair[0]): str(pair[1])
            for pair in (broken if isinstance(broken, list) else [])[:MAX_ANSWERS]
            if isinstance(pair, list) and len(pair) > 1
        },
        required=frozenset(folded(name) for name in _texts(required)),
        secret=frozenset(folded(name) for name in _texts(secret)),
        title=title if isinstance(title, str) else "",
    )


def _texts(found: Any) -> list[str]:
    return [text for text in found[:MAX_ANSWERS] if isinstance(text, str)] if isinstance(found, list) else []


def _is_modal(page: Page, ref: str) -> bool:
    with suppress(PlaywrightError):  # the dialog was closed meanwhile; the next reading will not have it
        if element := worlds(page).find(ref):
            return element.evaluate(_MODAL) is True
        return page.locator(f"aria-ref={ref}").evaluate(_MODAL, timeout=ASK_MILLISECONDS) is True
    return False
