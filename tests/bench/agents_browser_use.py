"""browser-use buys at the demo shop, in its own environment: `python agents_browser_use.py TASK.json`; prints JSON.

Its own Agent, browser driver and page representation; only the model is ours: the stand-in buyer's policy, fed with the
page text browser-use makes and answering with browser-use's own actions, so both agents are decided by the same rules.
Settings are its fast ones: no screenshots, no judge, no planning, whole forms in one step, the browser started before
the clock. Knows browser-use 0.13; must never be imported by anything that runs in our environment.
"""

import asyncio
import importlib
import json
import os
import re
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from agents.stand_in import conversation, policy  # noqa: E402 (the tree is no package of that environment)
from agents.stand_in.turns import Call, Turn  # noqa: E402

SETTINGS = {
    "ANONYMIZED_TELEMETRY": "false",
    "BROWSER_USE_VERSION_CHECK": "false",
    "BROWSER_USE_CLOUD_SYNC": "false",
    "BROWSER_USE_CLOUD_HINTS": "false",
    "BROWSER_USE_LOGGING_LEVEL": "result",
    "SKIP_LLM_API_KEY_VERIFICATION": "true",
}
ELEMENT = re.compile(
    r"^(?P<indent>\t*)(?:\|[A-Z]+\(\w+\)\|)?\*?\[(?P<index>\d+)\]<(?P<tag>[\w-]+)(?P<attributes>.*?)/?>$"
)
ATTRIBUTE = re.compile(r"([\w-]+)=(.*?)(?= [\w-]+=|\s*$)")
ROLES = {"a": "link", "button": "button", "select": "combobox", "textarea": "textbox"}
INPUTS = {"checkbox": "checkbox", "radio": "radio", "number": "spinbutton", "submit": "button"}
CHARACTERS_PER_TOKEN = 4
MAX_STEPS = 25


def page(state: str, values: dict[str, str], chosen: dict[str, str]) -> str:
    """What browser-use shows of a page, in the words of our reading: its elements become controls.

    It does not show what is selected in a list, so `chosen` says what was, as its own history does to a model.
    """
    title = re.search(r"Tab \w+: (\S+)", state)
    lines = state.partition("Interactive elements:")[2].partition("</browser_state>")[0].splitlines()
    out = [f'page "{title[1] if title else ""}" · phase browse']
    before = ""
    for number, line in enumerate(lines):
        found = ELEMENT.match(line)
        if found is None:
            before = line.strip() or before
            out.append(line.strip())
            continue
        after = next((text.strip() for text in lines[number + 1 :] if text.strip()), "")
        inside = _inside(lines[number + 1 :], len(found["indent"]))
        out.append(_control(found, (before, inside, after), values, chosen))
    return "\n".join(out)


def _inside(following: list[str], depth: int) -> str:
    texts: list[str] = []
    for line in following:
        if ELEMENT.match(line) or len(line) - len(line.lstrip("\t")) <= depth:
            break
        texts.append(line.strip())
    return " ".join(texts)


def _control(
    found: "re.Match[str]", around: tuple[str, str, str], values: dict[str, str], chosen: dict[str, str]
) -> str:
    before, inside, after = around
    attributes = dict(ATTRIBUTE.findall(found["attributes"].strip()))
    tag = found["tag"]
    role = ROLES.get(tag) or (INPUTS.get(attributes.get("type", ""), "textbox") if tag == "input" else "")
    if not role:
        return inside
    label = after if role in ("radio", "checkbox") else inside or before
    name = attributes.get("aria-label") or label or attributes.get("placeholder", "")
    value = chosen.get(name, "") if role == "combobox" else attributes.get("value", "")
    slot = next((slot for slot, known in values.items() if value and known == value), None)
    line = f'[{found["index"]}] {role} "{name}"'
    if value and role not in ("radio", "checkbox"):
        line += f' = "{{{{{slot}}}}}"' if slot else f' = "{value}"'
    return line + "".join(f" {flag}" for flag in ("required", "disabled", "checked") if attributes.get(flag) == "true")


class StandInChat:
    """The policy as a chat model of browser-use's."""

    model = name = model_name = provider = "stand-in"
    _verified_api_keys = True

    def __init__(self, first: str, values: dict[str, str], completion: Any) -> None:
        self.messages: list[dict[str, Any]] = [{"role": "user", "content": first}]
        self.values = values
        self.turns = 0
        self.characters = 0
        self.seconds = 0.0
        self.committed = False
        self.chosen: dict[str, str] = {}
        self._completion = completion

    async def ainvoke(self, messages: list[Any], output_format: Any = None, **_: Any) -> Any:
        """One decision."""
        began = time.perf_counter()
        self.turns += 1
        self.characters += sum(len(message.text) for message in messages)
        state = next(message.text for message in reversed(messages) if "<browser_state>" in message.text)
        actions = self._decide(state)
        said = {"evaluation_previous_goal": "", "memory": "", "next_goal": "", "action": actions}
        answer = self._completion(completion=output_format.model_validate(said), usage=None)
        self.seconds += time.perf_counter() - began
        return answer

    def _decide(self, state: str) -> list[dict[str, Any]]:
        if self.committed:
            return [{"done": {"text": "ordered", "success": True}}]
        if self.turns > 1:
            self._saw(page(state, self.values, self.chosen))
        turn = policy.decide(conversation.read(self.messages))
        self._said(turn)
        actions = [action for call in turn.calls if (action := self._action(call))]
        return actions or [{"wait": {"seconds": 1}}]

    def _said(self, turn: Turn) -> None:
        calls = [
            {"type": "tool_use", "id": f"t{self.turns}_{index}", "name": call.name, "input": call.input}
            for index, call in enumerate(turn.calls)
        ]
        self.messages.append({"role": "assistant", "content": [{"type": "text", "text": turn.text}, *calls]})

    def _saw(self, text: str) -> None:
        calls = [block for block in self.messages[-1]["content"] if block["type"] == "tool_use"]
        results = [{"type": "tool_result", "tool_use_id": call["id"], "content": "done"} for call in calls]
        results[-1]["content"] = [{"type": "text", "text": text}]
        self.messages.append({"role": "user", "content": results})

    def _action(self, call: Call) -> dict[str, Any] | None:
        if call.name == "order_ready":
            self.committed = True
            return {"click": {"index": int(call.input["ref"])}}
        if not call.of_browser:
            return {"done": {"text": str(call.input), "success": False}}
        if call.name == "navigate":
            return {"navigate": {"url": call.input["url"], "new_tab": False}}
        return self._on_page(call) if "target" in call.input else None

    def _on_page(self, call: Call) -> dict[str, Any]:
        index = int(call.input["target"]["ref"])
        value = call.input.get("value", True)
        if isinstance(value, bool):
            return {"click": {"index": index}}
        text = self.values.get(value.strip("{}"), value)
        shown = conversation.read(self.messages).page
        field = next((item for item in shown.items if item.ref == str(index)), None) if shown else None
        if field and field.role == "combobox":
            self.chosen[field.name] = text
            return {"select_dropdown": {"index": index, "text": text}}
        return {"input": {"index": index, "text": text, "clear": True}}


async def buy(task: dict[str, Any]) -> dict[str, Any]:
    """One purchase; what it took."""
    library: Any = importlib.import_module("browser_use")
    views: Any = importlib.import_module("browser_use.llm.views")
    profile = library.BrowserProfile(
        executable_path=task["browser"],
        headless=True,
        chromium_sandbox=False,
        enable_default_extensions=False,
        keep_alive=True,
        user_data_dir=None,
    )
    session = library.BrowserSession(browser_profile=profile)
    await session.start()
    chat = StandInChat(task["first"], task["values"], views.ChatInvokeCompletion)
    agent = library.Agent(
        task="Buy the product.",
        llm=chat,
        browser_session=session,
        use_vision=False,
        use_judge=False,
        use_thinking=False,
        enable_planning=False,
        max_actions_per_step=20,
    )
    began = time.perf_counter()
    history = await agent.run(max_steps=MAX_STEPS)
    wall = time.perf_counter() - began
    await session.kill()
    return {
        "done": history.is_successful(),
        "turns": chat.turns,
        "own_seconds": wall - chat.seconds,
        "input_tokens": chat.characters // CHARACTERS_PER_TOKEN,
    }


def main() -> None:
    """Buy once, and print."""
    os.environ.update(SETTINGS)
    task = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    sys.stdout.write(json.dumps(asyncio.run(buy(task))) + "\n")


if __name__ == "__main__":
    main()
