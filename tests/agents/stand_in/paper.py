"""A shop on paper: pages as text, and where each control leads. A conversation is played through it, no browser."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from agents.stand_in import conversation
from agents.stand_in.page import Page, parse
from agents.stand_in.turns import Call, Turn

BUYER = (
    "email",
    "first_name",
    "last_name",
    "full_name",
    "phone",
    "address1",
    "city",
    "province",
    "postal_code",
    "country",
)
CARD = ("number", "expiry", "exp_month", "exp_year", "cvc", "name")
# More turns than any shop on paper needs.
MANY = 15


def task(**asked: str) -> str:
    """The first message."""
    slots = [f"{{{{buyer.{name}}}}}" for name in BUYER]
    if asked.get("task") == "order":
        slots += [f"{{{{card.{name}}}}}" for name in CARD]
    lines = {
        "Task": asked.get("task", "quote"),
        "Product page": "https://shop.example/mug",
        "Quantity": asked.get("quantity", "1"),
        "Variant": asked.get("variant", "none asked"),
        "Payment": asked.get("payment", "card"),
        "Slots": " ".join(slots),
    }
    if "shipping" in asked:
        lines["Shipping"] = asked["shipping"]
    return "\n".join(f"{name}: {value}" for name, value in lines.items())


@dataclass
class PaperShop:
    """Pages by name; `ways` says where a click on a control (by its name) leads; anywhere else the page stays."""

    pages: Mapping[str, str]
    ways: Mapping[tuple[str, str], str]
    now: str = "product"
    filled: dict[str, str | bool] = field(default_factory=dict)
    ended: Call | None = None
    turns: list[Turn] = field(default_factory=list)

    def buy(self, first: str, decide: Callable[[conversation.Conversation], Turn]) -> Call | None:
        """Play until the policy ends it; the call that ended it."""
        messages: list[dict[str, Any]] = [{"role": "user", "content": first}]
        while self.ended is None and len(self.turns) < MANY:
            turn = decide(conversation.read(messages))
            self.turns.append(turn)
            calls = [
                {"type": "tool_use", "id": f"t{len(messages)}_{index}", "name": call.name, "input": call.input}
                for index, call in enumerate(turn.calls)
            ]
            messages.append({"role": "assistant", "content": [{"type": "text", "text": turn.text}, *calls]})
            results: list[dict[str, Any]] = []
            for call, sent in zip(turn.calls, calls, strict=True):
                failed = any(result["is_error"] for result in results)
                text, is_error = ("skipped", True) if failed else self._run(call)
                content = [{"type": "text", "text": text}]
                results.append(
                    {"type": "tool_result", "tool_use_id": sent["id"], "content": content, "is_error": is_error}
                )
            messages.append({"role": "user", "content": results or "Go on by calling a tool."})
        return self.ended

    @property
    def page(self) -> Page:
        """The page in front."""
        return parse(self.pages[self.now])

    def _shown(self) -> str:
        """The page with what was filled in: values by the controls' names, and one radio of a run checked."""
        lines: list[str] = []
        of_radio = {item.ref for item in self.page.items if item.role == "radio" and item.name in self.filled}
        for line in self.pages[self.now].splitlines():
            found = re.match(r'(\s*\[(\S+)\] (\w+) "([^"]*)")(?: = "[^"]*")?(.*)', line)
            value = self.filled.get(found[4]) if found else None
            if found and found[3] == "radio" and of_radio:
                lines.append(found[1] + (" checked" if value else ""))
            elif found is None or value is None:
                lines.append(line)
            elif isinstance(value, bool):
                lines.append(found[1] + (" checked" if value else "") + found[5].replace(" checked", ""))
            else:
                lines.append(f'{found[1]} = "{value}"{found[5]}')
        return "\n".join(lines)

    def _run(self, call: Call) -> tuple[str, bool]:
        if not call.of_browser:
            self.ended = call
            return "done", False
        if call.name == "read_page":
            return self._shown(), False
        if "target" not in call.input:
            return "done", False
        ref = call.input["target"]["ref"]
        control = next((item for item in self.page.items if item.ref == ref), None)
        if control is None:
            return f"there is no {ref}; read the page again", True
        if call.name == "form_input":
            self.filled[control.name] = call.input["value"]
        else:
            self.now = self.ways.get((self.now, control.name), self.now)
        return "done", False
