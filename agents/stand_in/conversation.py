"""A conversation as the policy needs it: the task, the newest page, what it said it did, and what went wrong.

The stand-in keeps nothing between requests. What it must remember it says in words, as models do, and reads here.
Knows the messages of the public wire; must never know a shop.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agents.stand_in.page import Page, is_page, parse

Json = dict[str, Any]
SLOT = re.compile(r"\{\{([a-z0-9_.]+)\}\}")


@dataclass(frozen=True, slots=True)
class Asked:
    """The task, as the first message states it."""

    quote: bool
    url: str
    quantity: int
    variant: Mapping[str, str]
    shipping: str
    by_card: bool
    slots: frozenset[str]
    done: str = ""  # what was clicked before it was asked for the first time


@dataclass(frozen=True, slots=True)
class Result:
    """How one of the policy's calls went."""

    name: str
    text: str
    failed: bool


@dataclass(frozen=True, slots=True)
class Conversation:
    """What the policy knows when it decides."""

    asked: Asked
    page: Page | None
    said: tuple[str, ...]  # its own earlier words, oldest first
    results: tuple[Result, ...]  # of its newest turn
    earlier: tuple[Result, ...]  # of all turns before that

    def times(self, act: str, page: Page | None = None) -> int:
        """How often it said it did `act`, on this page or anywhere."""
        return sum(text.startswith(act) and (page is None or page.key in text) for text in self.said)

    @property
    def failures_in_a_row(self) -> int:
        """How many of its newest turns ended in an error, one after the other."""
        count = 0
        for text in reversed(self.said):
            if not text.startswith("I look again"):
                break
            count += 1
        return count

    def refusals(self, tool: str) -> int:
        """How often `tool` was answered with an error."""
        return sum(result.failed and result.name == tool for result in (*self.earlier, *self.results))


def read(messages: Sequence[Json]) -> Conversation:
    """Read a request's messages."""
    first = next(iter(_texts(messages[0].get("content", ""))), "")
    calls: dict[str, str] = {}
    said: list[str] = []
    turns: list[list[Result]] = []
    page: Page | None = None
    for position, message in enumerate(messages):
        blocks = _blocks(message.get("content", ""))[0 if position else 1 :]  # the first block is the task
        if message.get("role") == "assistant":
            said.extend(block["text"] for block in blocks if block.get("type") == "text")
            calls |= {block["id"]: block["name"] for block in blocks if block.get("type") == "tool_use"}
            continue
        results: list[Result] = []
        for block in blocks:
            texts = list(_texts(block.get("content", ""))) if block.get("type") == "tool_result" else _texts([block])
            text = "\n".join(texts)
            if is_page(text):
                page = parse(text)
            if block.get("type") == "tool_result":
                name = calls.get(block.get("tool_use_id", ""), "")
                results.append(Result(name, text, bool(block.get("is_error"))))
        if position:
            turns.append(results)
    newest = tuple(turns[-1]) if turns else ()
    earlier = tuple(result for results in turns[:-1] for result in results)
    return Conversation(_asked(first), page, tuple(said), newest, earlier)


def _asked(text: str) -> Asked:
    lines = dict(line.partition(":")[::2] for line in text.splitlines() if ":" in line)
    said = {key.strip().lower(): value.strip() for key, value in lines.items()}
    pairs = (pair.partition("=")[::2] for pair in said.get("variant", "").split(";") if "=" in pair)
    quantity = re.search(r"\d+", said.get("quantity", "1"))
    return Asked(
        quote=said.get("task", "quote").startswith("quote"),
        url=said.get("product page", ""),
        quantity=int(quantity[0]) if quantity else 1,
        variant={label.strip(): value.strip() for label, value in pairs},
        shipping=said.get("shipping", ""),
        by_card=said.get("payment", "card").startswith("card"),
        slots=frozenset(SLOT.findall(said.get("slots", ""))),
        done=said.get("done before you", ""),
    )


def _blocks(content: Any) -> list[Json]:
    return [{"type": "text", "text": content}] if isinstance(content, str) else list(content)


def _texts(content: Any) -> Iterator[str]:
    for block in _blocks(content):
        if block.get("type") == "text":
            yield block["text"]
