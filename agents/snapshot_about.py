"""What the accessibility tree does not tell, asked of the browser: titles of frames, what a form requires, hidden text.

Asked once for each control of a document. The answers come from the page's own scripting world, so they may be lies;
each only decides how the page is described to a model. Must never be used to decide what may be done.
"""

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Frame, Page

from agents.snapshot_lines import CONTROLS, FIELDS, TOGGLES, About
from agents.snapshot_tree import Node

# An element that does not answer by then is described without this.
ASK_MILLISECONDS: Final = 500
# Pages with more fields than this are lists of goods, not forms.
MAX_ASKED: Final = 60
MAX_HIDDEN: Final = 200

_FACTS: Final = "e => [!!e.required || e.ariaRequired === 'true', e.type === 'password']"
_MODAL: Final = "e => e.ariaModal === 'true' || e.matches(':modal')"
_TITLE: Final = "e => e.title || e.ariaLabel || e.name || ''"

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


@dataclass(slots=True)
class Knowing:
    """Asks for one visit, and keeps what does not change while a document stands."""

    _facts: dict[tuple[str, ...], tuple[bool, bool]] = field(default_factory=dict)

    def about(self, page: Page, tree: Node, slot_of: Callable[[str, str, str], str | None]) -> About:
        """Everything a writer needs to know of this tree."""
        nodes = [node for node in tree.walk() if node.ref]
        iframes = [node for node in nodes if node.role == "iframe" and node.children]
        fields = [node for node in nodes if node.role in FIELDS | TOGGLES]
        facts = {node.ref: self._of(page, node) for node in fields[:MAX_ASKED]}
        frames = {node.ref: _frame(page, node) for node in iframes}
        seen = [page.main_frame, *(frame for _, frame in frames.values() if frame)]
        return About(
            frames={ref: title for ref, (title, _) in frames.items()},
            required=frozenset(ref for ref, (required, _) in facts.items() if required),
            secret=frozenset(ref for ref, (_, secret) in facts.items() if secret),
            slots={
                node.ref: slot
                for node in nodes
                if node.role in CONTROLS and (slot := slot_of(node.ref, node.role, node.name))
            },
            modal=frozenset(_modal(page, nodes)),
            hidden=sorted((text for frame in seen for text in _hidden(frame)), key=len, reverse=True),
            broken=dict(pair for frame in seen for pair in _broken(frame)),
        )

    def _of(self, page: Page, node: Node) -> tuple[bool, bool]:
        key = (page.url, node.ref, node.role, node.name)
        if key not in self._facts:
            answer = _ask(page, node.ref, _FACTS)
            known = isinstance(answer, list) and len(answer) == 2  # noqa: PLR2004 (required, and of type password)
            self._facts[key] = (bool(answer[0]), bool(answer[1])) if known else (False, False)
        return self._facts[key]


def _modal(page: Page, nodes: Iterable[Node]) -> list[str]:
    return [
        node.ref for node in nodes if node.role in ("dialog", "alertdialog") and _ask(page, node.ref, _MODAL) is True
    ]


def _frame(page: Page, node: Node) -> tuple[str, Frame | None]:
    with suppress(PlaywrightError):  # the frame went away while it was looked at; it is described without its title
        element = page.locator(f"aria-ref={node.ref}").element_handle(timeout=ASK_MILLISECONDS)
        return str(element.evaluate(_TITLE)), element.content_frame()
    return "", None


def _hidden(frame: Frame) -> list[str]:
    with suppress(PlaywrightError):  # a frame on its way elsewhere: nothing of it is read either
        found = frame.evaluate(_HIDDEN)
        return [text for text in found[:MAX_HIDDEN] if isinstance(text, str)] if isinstance(found, list) else []
    return []


def _broken(frame: Frame) -> list[tuple[str, str]]:
    with suppress(PlaywrightError):  # as above
        found = frame.evaluate(_BROKEN)
        return [(str(glued), str(lines)) for glued, lines in found[:MAX_HIDDEN]] if isinstance(found, list) else []
    return []


def _ask(page: Page, ref: str, question: str) -> Any:
    with suppress(PlaywrightError):  # the element went away meanwhile; the next reading will say so
        return page.locator(f"aria-ref={ref}").evaluate(question, timeout=ASK_MILLISECONDS)
    return None
