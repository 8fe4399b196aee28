"""Elements by their references, in the world where Playwright keeps them: asked, and acted on, in one message each.

Playwright writes the reference of an element it described onto the element, in a scripting world of its own that no
script of the page can see. Its handles live in the page's world instead: each takes several messages, and the first one
of a document makes it carry Playwright's scripts a second time. An element found here is held by the browser itself,
and the origin of its world is told by the browser. Frames of other processes are not found here, nor would anything be
if Playwright changed its ways; then Playwright's handles do. Knows worlds; must never know what an element is for.
"""

import json
from dataclasses import dataclass, field
from typing import Any, Protocol
from weakref import WeakKeyDictionary

from playwright.sync_api import CDPSession, JSHandle, Page
from playwright.sync_api import Error as PlaywrightError

_WORLD = "__playwright_utility_world"
# Who is asked for longer is blocked by its own scripts.
ANSWER_MILLISECONDS = 5000
# Shops draw controls in open shadow trees, too.
_FIND = """
(() => {
  const found = [], roots = [document];
  while (roots.length) for (const e of roots.pop().querySelectorAll('*')) {
    if (e._ariaRef?.ref === REF) found.push(e);
    if (e.shadowRoot) roots.push(e.shadowRoot);
  }
  return found.length === 1 ? found[0] : null;
})()
"""


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
    """An element, or whatever a function answered, held by the browser. `origin` is its document's."""

    session: CDPSession
    object_id: str
    origin: str

    def evaluate(self, expression: str, arg: Any = None, /) -> Any:
        """Call `expression`, a function, with the element and `arg`; Playwright's error when it throws or is gone."""
        return self._call(expression, arg, value=True).get("value")

    def evaluate_handle(self, expression: str, arg: Any = None, /) -> "Element":
        """The same, with the answer held where it is."""
        return Element(self.session, self._call(expression, arg, value=False)["objectId"], self.origin)

    def frame_within(self) -> str:
        """The frame an iframe holds, by its id. Playwright's error when it holds none."""
        node = self.session.send("DOM.describeNode", {"objectId": self.object_id}, timeout=ANSWER_MILLISECONDS)["node"]
        if "frameId" not in node:
            raise PlaywrightError("this is no frame")
        return str(node["frameId"])

    def described(self) -> tuple[str, str]:
        """Its role and its accessible name as the browser has them. Playwright's error when it is gone."""
        asked = {"objectId": self.object_id, "fetchRelatives": False}
        nodes = self.session.send("Accessibility.getPartialAXTree", asked, timeout=ANSWER_MILLISECONDS)["nodes"]
        role, name = (str(nodes[0].get(key, {}).get("value", "")) for key in ("role", "name"))
        return role, name

    def _call(self, expression: str, arg: Any, *, value: bool) -> dict[str, Any]:
        asked = {
            "objectId": self.object_id,
            "functionDeclaration": f"function (arg) {{ return ({expression})(this, arg) }}",
            "arguments": [_argument(arg)],
            "returnByValue": value,
            "awaitPromise": True,
        }
        answer = self.session.send("Runtime.callFunctionOn", asked, timeout=ANSWER_MILLISECONDS)
        if "exceptionDetails" in answer:
            raise PlaywrightError("the page's element did not answer")
        found: dict[str, Any] = answer["result"]
        return found


def _argument(arg: Any) -> dict[str, Any]:
    if isinstance(arg, JSHandle):
        raise PlaywrightError("what lives in the page's world cannot go into another")
    return {"objectId": arg.object_id} if isinstance(arg, Element) else {"value": arg}


@dataclass  # no slots: Playwright keeps its wrappers of listeners on the object that listens
class Worlds:
    """Playwright's worlds in the documents of one page that share its process, as they come and go."""

    session: CDPSession
    main_frame: str
    _contexts: dict[str, _Context] = field(default_factory=dict)  # by frame

    @property
    def main(self) -> int | None:
        """The world of the page's own document; None where it is not known."""
        known = self._contexts.get(self.main_frame)
        return known.id if known else None

    def evaluate(self, expression: str, frame: str = "") -> Any:
        """What an expression is in the document of a frame (the page's own), as JSON. Playwright's error if unknown."""
        known = self._contexts.get(frame or self.main_frame)
        if known is None:
            raise PlaywrightError("this document is not known here")
        asked = {"expression": expression, "contextId": known.id, "returnByValue": True}
        answer = self.session.send("Runtime.evaluate", asked, timeout=ANSWER_MILLISECONDS)
        if "exceptionDetails" in answer:
            raise PlaywrightError("the page's document did not answer")
        return answer["result"].get("value")

    def find(self, ref: str) -> Element | None:
        """The one element of a reference of a snapshot; None where it cannot be found here."""
        # The page's own document first, where most of what is acted on is.
        for _, context in sorted(self._contexts.items(), key=lambda known: known[0] != self.main_frame):
            if not context.origin.startswith("http"):
                continue  # of a frame without an address; what its origin is, Playwright's handles tell
            asked = {"expression": _FIND.replace("REF", json.dumps(ref)), "contextId": context.id}
            try:
                found = self.session.send("Runtime.evaluate", asked, timeout=ANSWER_MILLISECONDS)["result"]
            except PlaywrightError:
                continue  # its document is gone
            if "objectId" in found:
                return Element(self.session, found["objectId"], context.origin)
        return None

    def _created(self, event: dict[str, Any]) -> None:
        context = event["context"]
        if context["name"].startswith(_WORLD):
            self._contexts[context["auxData"]["frameId"]] = _Context(context["id"], context["origin"])

    def _destroyed(self, event: dict[str, Any]) -> None:
        gone = event["executionContextId"]
        self._contexts = {frame: context for frame, context in self._contexts.items() if context.id != gone}

    def _cleared(self, _: dict[str, Any]) -> None:
        self._contexts.clear()


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
