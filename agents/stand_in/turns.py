"""What the policy can do in one turn: say a sentence, call tools. Knows the tools' names; must never know a page."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

# Sentences begin with what is done: the policy reads its own words to know what it did.
OPEN = "I open the product page"
LOOK = "I look again"
ADD = "I add the product to the basket"
FILL = "I fill in the form"
GO = "I go on with"
READY = "I am ready"
STOP = "I stop"


@dataclass(frozen=True, slots=True)
class Call:
    """One tool call. `of_browser`: a member of the browser toolset, not a tool of the caller's own."""

    name: str
    input: dict[str, Any]
    of_browser: bool = True


@dataclass(frozen=True, slots=True)
class Turn:
    """One answer. `stop` is the stop reason; by default it follows from the calls."""

    text: str
    calls: tuple[Call, ...] = ()
    stop: str | None = None

    @property
    def stop_reason(self) -> str:
        """Why the answer ends here."""
        return self.stop or ("tool_use" if self.calls else "end_turn")


def navigate(url: str) -> Call:
    """Open an address."""
    return Call("navigate", {"url": url})


def read_page() -> Call:
    """Read the page."""
    return Call("read_page", {})


def click(ref: str) -> Call:
    """Click a control."""
    return Call("left_click", {"target": {"type": "ref", "ref": ref}})


def put(ref: str, value: str | bool) -> Call:  # noqa: FBT001 (a box is ticked or not: the value is the point)
    """Set a field's value."""
    return Call("form_input", {"target": {"type": "ref", "ref": ref}, "value": value})


def quote_ready() -> Call:
    """The total stands."""
    return Call("quote_ready", {}, of_browser=False)


def order_ready(ref: str) -> Call:
    """Only the commit is left."""
    return Call("order_ready", {"ref": ref}, of_browser=False)


def give_up(code: str, message: str) -> Turn:
    """The task cannot be done."""
    return Turn(f"{STOP}: {message}", (Call("give_up", {"code": code, "message": message}, of_browser=False),))


def acting(text: str, calls: Iterable[Call]) -> Turn:
    """A turn of acts that ends with a look at what came of them."""
    return Turn(text, (*calls, read_page()))
