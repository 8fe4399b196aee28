"""Elements by their references, in the world where Playwright keeps them: asked, and acted on, in one message each.

Playwright writes the reference of an element it described onto the element, in a scripting world of its own that no
script of the page can see. Its handles live in the page's world instead: each takes several messages, and the first one
of a document makes it carry Playwright's scripts a second time. Here the elements of a document are noted in that
world, all at once, and spoken to by their references; the origin of a world is told by the browser. Frames of other
processes are not found here, nor would anything be if Playwright changed its ways; then Playwright's handles do. Knows
worlds; must never know what an element is for.
"""

import json
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Protocol
from weakref import WeakKeyDictionary

from playwright.sync_api import CDPSession, JSHandle, Page
from playwright.sync_api import Error as PlaywrightError

_WORLD = "__playwright_utility_world"
# Who is asked for longer is blocked by its own scripts.
ANSWER_MILLISECONDS = 5000
# Every reference there is in a document now, its element noted; an element keeps the references it once had. Shops draw
# controls in open shadow trees, too.
_NOTE = """
(() => {
  const noted = globalThis.noted ??= new Map(), roots = [document];
  globalThis.held = ref => {
    const it = noted.get(ref)?.deref();
    if (!it || it.isConnected === false) throw new Error('gone');
    return it;
  };
  while (roots.length) for (const e of roots.pop().querySelectorAll('*')) {
    if (e._ariaRef) noted.set(e._ariaRef.ref, new WeakRef(e));
    if (e.shadowRoot) roots.push(e.shadowRoot);
  }
  return [...noted.keys()];
})()
"""
# What a function answers is kept under a name like a reference.
_KEEP = "((name, it) => { globalThis.noted.set(name, {deref: () => it}) })(%s, %s)"
_names = count(1)


class Asked(Protocol):
    """What an element here and a handle of Playwright's have in common: functions are called with it."""

    def evaluate(self, expression: str, arg: Any = None, /) -> Any:
        """What the function answers, as JSON."""
        ...

    def evaluate_handle(self, expression: str, arg: Any = None, /) -> "Asked":
        """What the function answers, held where it is."""
        ...


@dataclass(frozen=True, slots=True)
class _Context:
    id: int
    origin: str


@dataclass(frozen=True, slots=True)
class Element:
    """An element, or whatever a function answered, where it is. `origin` is its document's."""

    session: CDPSession
    context_id: int
    origin: str
    ref: str

    def evaluate(self, expression: str, arg: Any = None, /) -> Any:
        """Call `expression`, a function, with the element and `arg`; Playwright's error when it throws or is gone."""
        return _evaluated(self.session, self.context_id, self._call(expression, arg)).get("value")

    def evaluate_handle(self, expression: str, arg: Any = None, /) -> "Element":
        """The same, with the answer kept where it is."""
        name = f"kept{next(_names)}"
        _evaluated(self.session, self.context_id, _KEEP % (json.dumps(name), self._call(expression, arg)))
        return Element(self.session, self.context_id, self.origin, name)

    def frame_within(self) -> str:
        """The frame an iframe holds, by its id. Playwright's error when it holds none."""
        asked = {"objectId": self._object_id()}
        node = self.session.send("DOM.describeNode", asked, timeout=ANSWER_MILLISECONDS)["node"]
        if "frameId" not in node:
            raise PlaywrightError("this is no frame")
        return str(node["frameId"])

    def described(self) -> tuple[str, str]:
        """Its role and its accessible name as the browser has them. Playwright's error when it is gone."""
        asked = {"objectId": self._object_id(), "fetchRelatives": False}
        nodes = self.session.send("Accessibility.getPartialAXTree", asked, timeout=ANSWER_MILLISECONDS)["nodes"]
        role, name = (str(nodes[0].get(key, {}).get("value", "")) for key in ("role", "name"))
        return role, name

    def _object_id(self) -> str:
        return str(_evaluated(self.session, self.context_id, _written(self), value=False)["objectId"])

    def _call(self, expression: str, arg: Any) -> str:
        return f"({expression})({_written(self)}, {_written(arg)})"


def _written(arg: Any) -> str:
    """An argument as a script has it."""
    if isinstance(arg, JSHandle):
        raise PlaywrightError("what lives in the page's world cannot go into another")
    return f"globalThis.held({json.dumps(arg.ref)})" if isinstance(arg, Element) else json.dumps(arg)


def _evaluated(session: CDPSession, context_id: int, expression: str, *, value: bool = True) -> dict[str, Any]:
    asked = {"expression": expression, "contextId": context_id, "returnByValue": value, "awaitPromise": True}
    answer = session.send("Runtime.evaluate", asked, timeout=ANSWER_MILLISECONDS)
    if "exceptionDetails" in answer:
        raise PlaywrightError("the page did not answer")
    found: dict[str, Any] = answer["result"]
    return found


@dataclass  # no slots: Playwright keeps its wrappers of listeners on the object that listens
class Worlds:
    """Playwright's worlds in the documents of one page that share its process, as they come and go."""

    session: CDPSession
    main_frame: str
    _contexts: dict[str, _Context] = field(default_factory=dict)  # by frame
    _where: dict[str, _Context] = field(default_factory=dict)  # by reference

    @property
    def main(self) -> int | None:
        """The world of the page's own document; None where it is not known."""
        known = self._contexts.get(self.main_frame)
        return known.id if known else None

    def evaluate(self, expression: str) -> Any:
        """What an expression is in the page's own document, as JSON. Playwright's error if that is not known."""
        return _evaluated(self.session, self._known(self.main_frame).id, expression).get("value")

    def noting(self, expression: str, frame: str = "") -> Any:
        """The same in the document of a frame (the page's own), with all that Playwright described in there noted."""
        context = self._known(frame or self.main_frame)
        refs, answer = _evaluated(self.session, context.id, f"[{_NOTE}, {expression}]")["value"]
        self._where.update(dict.fromkeys(refs, context))
        return answer

    def find(self, ref: str) -> Element | None:
        """The element of a reference of a snapshot; None where it cannot be found here."""
        if not self._holds(ref):
            for frame in list(self._contexts):
                with suppress(PlaywrightError):  # its document is gone
                    self.noting("0", frame)
        if not self._holds(ref):
            return None
        context = self._where[ref]
        return Element(self.session, context.id, context.origin, ref)

    def _holds(self, ref: str) -> bool:
        context = self._where.get(ref)
        # What the origin is of a frame without an address, Playwright's handles tell.
        return context in self._contexts.values() and context is not None and context.origin.startswith("http")

    def _known(self, frame: str) -> _Context:
        if frame not in self._contexts:
            raise PlaywrightError("this document is not known here")
        return self._contexts[frame]

    def _created(self, event: dict[str, Any]) -> None:
        context = event["context"]
        if context["name"].startswith(_WORLD):
            self._contexts[context["auxData"]["frameId"]] = _Context(context["id"], context["origin"])

    def _destroyed(self, event: dict[str, Any]) -> None:
        gone = event["executionContextId"]
        self._contexts = {frame: context for frame, context in self._contexts.items() if context.id != gone}

    def _cleared(self, _: dict[str, Any]) -> None:
        self._contexts.clear()
        self._where.clear()


_worlds: WeakKeyDictionary[Page, Worlds] = WeakKeyDictionary()


def worlds(page: Page) -> Worlds:
    """The worlds of a page; it is followed from the first time on. Playwright's error when it is gone."""
    if (known := _worlds.get(page)) is not None:
        return known
    session = page.context.new_cdp_session(page)
    target = session.send("Target.getTargetInfo", timeout=ANSWER_MILLISECONDS)["targetInfo"]
    made = _worlds[page] = Worlds(session, target["targetId"])
    session.on("Runtime.executionContextCreated", made._created)  # noqa: SLF001 (its own)
    session.on("Runtime.executionContextDestroyed", made._destroyed)  # noqa: SLF001 (its own)
    session.on("Runtime.executionContextsCleared", made._cleared)  # noqa: SLF001 (its own)
    session.send("Runtime.enable", timeout=ANSWER_MILLISECONDS)
    return made
