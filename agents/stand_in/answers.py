"""A turn as the servers send it: one message, or the same message as a stream of events. Knows the wire alone."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from typing import Any

from agents.stand_in.blocks import TOOLSET_NAME, Request
from agents.stand_in.turns import Turn

MODEL = "stand-in-buyer-1"
# The usual rule of thumb, and close for English and JSON alike.
CHARACTERS_PER_TOKEN = 4
# Streams come in pieces; this many characters to one.
PIECE = 24
Json = dict[str, Any]


def tokens(value: object) -> int:
    """How many tokens something has, by its characters."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return -(-len(text) // CHARACTERS_PER_TOKEN)


def input_tokens(body: Json) -> int:
    """What a request costs to read."""
    return tokens([body.get("messages", []), body.get("system", ""), body.get("tools", [])])


def message(body: Json, request: Request, turn: Turn) -> Json:
    """The answer. Ids are made of the request, so the same request gets the same answer."""
    asked = {name: value for name, value in body.items() if name != "stream"}
    seed = hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()
    blocks, cut = _within(_blocks(turn, seed), request.max_tokens or 0)
    stop = "max_tokens" if cut else turn.stop_reason
    return {
        "id": f"msg_{seed[:24]}",
        "type": "message",
        "role": "assistant",
        "model": MODEL,
        "content": blocks,
        "stop_reason": stop,
        "stop_sequence": None,
        "stop_details": _refusal() if stop == "refusal" else None,
        "usage": {
            "input_tokens": input_tokens(body),
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 0,
            "output_tokens": max(1, sum(map(_output_tokens, blocks))),
            "service_tier": "standard",
        },
    }


def _blocks(turn: Turn, seed: str) -> list[Json]:
    blocks: list[Json] = [{"type": "text", "text": turn.text}] if turn.text else []
    for number, call in enumerate(turn.calls):
        block: Json = {
            "type": "tool_use",
            "id": f"toolu_{seed[:20]}{number:02d}",
            "name": call.name,
            "input": call.input,
            "caller": {"type": "direct"},
        }
        blocks.append(block | ({"toolset_name": TOOLSET_NAME} if call.of_browser else {}))
    return blocks


def _within(blocks: Sequence[Json], limit: int) -> tuple[list[Json], bool]:
    """The blocks that fit into `limit` tokens, the first that does not cut short, and whether any was cut."""
    kept: list[Json] = []
    left = limit
    for block in blocks:
        needed = _output_tokens(block)
        if needed <= left:
            kept.append(block)
            left -= needed
            continue
        if block["type"] == "text" and left > 0:
            kept.append({"type": "text", "text": block["text"][: left * CHARACTERS_PER_TOKEN]})
        return kept, True
    return kept, False


def _output_tokens(block: Json) -> int:
    """What a block cost to write: its words, or its name and input; ids and types are the server's."""
    return tokens(block["text"]) if block["type"] == "text" else tokens([block["name"], block["input"]])


def _refusal() -> Json:
    return {"type": "refusal", "category": None, "explanation": "The stand-in was told to decline."}


def events(answer: Json) -> Iterator[bytes]:
    """The answer as server-sent events."""
    usage = answer["usage"]
    start = answer | {
        "content": [],
        "stop_reason": None,
        "stop_details": None,
        "usage": usage | {"output_tokens": 1},
    }
    yield event("message_start", message=start)
    yield event("ping")
    for index, block in enumerate(answer["content"]):
        is_text = block["type"] == "text"
        empty: Json = {**block, "text": ""} if is_text else {**block, "input": {}}
        yield event("content_block_start", index=index, content_block=empty)
        whole = block["text"] if is_text else json.dumps(block["input"])
        for begin in range(0, len(whole), PIECE):
            piece = whole[begin : begin + PIECE]
            delta = (
                {"type": "text_delta", "text": piece}
                if is_text
                else {"type": "input_json_delta", "partial_json": piece}
            )
            yield event("content_block_delta", index=index, delta=delta)
        yield event("content_block_stop", index=index)
    ending = {name: answer[name] for name in ("stop_reason", "stop_sequence", "stop_details")}
    yield event("message_delta", delta=ending, usage={"output_tokens": usage["output_tokens"]})
    yield event("message_stop")


def event(name: str, **fields: Any) -> bytes:
    """One server-sent event."""
    return f"event: {name}\ndata: {json.dumps({'type': name, **fields})}\n\n".encode()
