"""The model's loop: show the page, take its acts, run them, until the task ends.

Three tools of ours beside the browser's: `quote_ready`, `order_ready`, `give_up`. The model only says that it is ready;
what follows is code's. Knows messages and tool calls; must never know what a reading or a commit is.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from anthropic.types.beta import BetaMessage, BetaToolResultBlockParam, BetaToolUseBlock

from agents.budget import Meter
from agents.desk import Desk
from agents.errors import BudgetSpentError, RefusedError
from agents.messages import redacted, sent_back, with_one_page
from agents.model import Model
from agents.ports import Service
from agents.terms import Outcome
from agents.toolset import ShopToolset
from merchants.sdk import Refused

# What a purchase may end with when an agent gives up; the public words.
GIVE_UP_CODES = (
    "product_out_of_stock",
    "product_not_found",
    "variant_selections_required",
    "variant_selections_invalid",
    "unsupported_store_no_guest_checkout",
    "captcha_blocked",
    "bot_protection_blocked",
    "missing_shipping_method",
    "form_validation_error",
    "insufficient_stock",
    "offer_retrieval_failed",
)
# A model that only talks is told once more what it is for, then once again, and then it is over.
MAX_IDLE_TURNS = 2
SKIPPED = "Not executed: an earlier action in this turn failed."
MAX_MESSAGE_CHARACTERS = 500

# An end is tried by code: an outcome ends the task, a string tells the model what is still wrong.
End = Callable[[Mapping[str, Any]], Outcome | str]


@dataclass(slots=True)
class Explorer:
    """One task's conversation. `ends` are the tools that may end it, by name."""

    model: Model
    desk: Desk
    toolset: ShopToolset
    service: Service
    meter: Meter
    system: str
    ends: Mapping[str, End]
    messages: list[Any] = field(default_factory=list)
    idle_turns: int = 0

    def run(self, task: str, page: str) -> Outcome:
        """Talk until an end is reached. What ended it from inside is raised: a definite no, or a spent budget."""
        tools = [self.toolset.to_dict(), *(TOOLS[name] for name in self.ends)]
        first = [{"type": "text", "text": text} for text in (task, page)]
        self.messages = [{"role": "user", "content": first}]
        while True:
            self.meter.turn()
            self.service.at(f"turn {self.meter.turns} on a {self._where()} page")
            # Redaction is the last thing that happens to what leaves.
            messages = redacted(with_one_page(self.messages), self.desk.redactor.text)
            answer = self.model.ask(system=self.system, tools=tools, messages=messages, meter=self.meter)
            said = [sent_back(block) for block in answer.content] or [{"type": "text", "text": "(nothing)"}]
            self.messages.append({"role": "assistant", "content": said})
            calls = [block for block in answer.content if isinstance(block, BetaToolUseBlock)]
            if not calls:
                self._idle(answer)
                continue
            results: list[BetaToolResultBlockParam] = []
            for call in calls:
                result = self._one(call, failed=any(done.get("is_error") for done in results))
                if not isinstance(result, dict):
                    return result
                results.append(cast("BetaToolResultBlockParam", result))
            self.messages.append({"role": "user", "content": results})

    def _one(self, call: BetaToolUseBlock, *, failed: bool) -> Outcome | dict[str, Any]:
        """Run one call; after a failed one the rest of its turn is skipped, for it was planned as a sequence."""
        if failed:
            return _result(call, SKIPPED, is_error=True)
        if call.toolset_name is not None:
            result = self.toolset.tool_result(call)
            if self.desk.stopped:
                raise self.desk.stopped
            return dict(result)
        end = self.ends.get(call.name)
        if end is None:
            return _result(call, f"there is no tool {call.name!r}", is_error=True)
        reached = end(call.input)
        if isinstance(reached, str):
            return _result(call, reached, is_error=True)
        return reached

    def _idle(self, answer: BetaMessage) -> None:
        """An answer without an act."""
        if answer.stop_reason == "refusal":
            raise RefusedError(Refused(code="offer_retrieval_failed", message="the model declined the task"))
        self.idle_turns += 1
        if self.idle_turns > MAX_IDLE_TURNS:
            raise BudgetSpentError("the model talks and does nothing")
        hint = "Your answer was cut off; do less in one turn." if answer.stop_reason == "max_tokens" else ""
        self.messages.append({"role": "user", "content": f"{hint} Go on by calling a tool.".strip()})

    def _where(self) -> str:
        return self.desk.seen.phase if self.desk.seen else "new"


def give_up(said: Mapping[str, Any]) -> Outcome | str:
    """The model's own no. It may only be one of the known codes; nothing was ordered, whatever it says."""
    code, message = said.get("code"), str(said.get("message") or "the agent gave up")
    if code not in GIVE_UP_CODES:
        return f"`code` must be one of {', '.join(GIVE_UP_CODES)}"
    return Refused(code=str(code), message=message[:MAX_MESSAGE_CHARACTERS])


def _tool(name: str, description: str, properties: Mapping[str, Any]) -> dict[str, Any]:
    schema = {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}
    return {"name": name, "description": description, "input_schema": schema}


TOOLS: Mapping[str, dict[str, Any]] = {
    "quote_ready": _tool(
        "quote_ready", "The page in front shows the final total, with shipping and tax. Code reads it.", {}
    ),
    "order_ready": _tool(
        "order_ready",
        "Everything is filled in and the page in front has the control that places the order. Code checks and clicks.",
        {"ref": {"type": "string", "description": "Reference of that control, from the newest reading."}},
    ),
    "give_up": _tool(
        "give_up",
        "The task cannot be done.",
        {"code": {"type": "string", "enum": list(GIVE_UP_CODES)}, "message": {"type": "string"}},
    ),
}


def _result(call: BetaToolUseBlock, text: str, *, is_error: bool) -> dict[str, Any]:
    result = {"type": "tool_result", "tool_use_id": call.id, "content": text, "is_error": is_error}
    return {**result, "toolset_name": call.toolset_name} if call.toolset_name else result
