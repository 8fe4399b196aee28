"""A stand-in on a socket of its own, and the official client on it: the judge nobody here wrote."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anthropic
import httpx2

from agents.stand_in.core import StandIn
from agents.stand_in.server import Server

TOOLSET: Any = {"type": "browser_toolset_20260801", "configs": {"javascript_exec": {"enabled": False}}}
READY: Any = {"name": "quote_ready", "description": "The total stands.", "input_schema": {"type": "object"}}
TASK = "Task: quote\nProduct page: https://shop.example/mug\nQuantity: 1\nVariant: none asked\nPayment: card\nSlots: "


@dataclass
class Running:
    """A served stand-in."""

    stand_in: StandIn
    url: str

    def client(self, **options: Any) -> anthropic.Anthropic:
        """The official client on it."""
        http = anthropic.DefaultHttpxClient(trust_env=False)
        return anthropic.Anthropic(api_key="sk-test-key", base_url=self.url, http_client=http, **options)

    def post(self, body: Any, **headers: str) -> httpx2.Response:
        """A request by hand, for what the client would never send."""
        usual = {"x-api-key": "k", "anthropic-version": "2023-06-01"} | headers
        with httpx2.Client(trust_env=False) as client:
            return client.post(f"{self.url}/v1/messages", json=body, headers={k: v for k, v in usual.items() if v})


@contextmanager
def running(*, persona: str = "buyer", log: Path | None = None) -> Iterator[Running]:
    """Serve until the block ends."""
    stand_in = StandIn(persona=persona, log=log)
    server = Server(stand_in)
    thread = threading.Thread(target=server.serve)
    thread.start()
    try:
        yield Running(stand_in, server.url)
    finally:
        server.close()
        thread.join()


def first_request(**changed: Any) -> dict[str, Any]:
    """A worker's first request."""
    return {
        "model": "claude-sonnet-5-5",
        "max_tokens": 4096,
        "messages": [{"role": "user", "content": TASK}],
        "tools": [TOOLSET, READY],
        **changed,
    }
