"""The whole product as processes: service with embedded worker, payment sandbox, shop for browsers, stand-in model."""

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from checkout import children
from tests.agents.world import BUYER, CARD, lines
from tests.e2e.served import Served, served

CREATE = "/api/v1/checkout-intents"
VISA = {"type": "stripe_token", "stripeToken": "tok_visa"}
# The wire's names for the same person.
PERSON = {
    name.split("_")[0] + "".join(part.title() for part in name.split("_")[1:]): value
    for name, value in asdict(BUYER).items()
    if value is not None
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """What runs, and the outside's own books."""

    service: Served
    shop: Mapping[str, Any]
    folder: Path

    def orders(self) -> list[dict[str, Any]]:
        """The shop's order book."""
        return lines(Path(self.shop["book"]))

    @contextmanager
    def worker(self, name: str) -> Iterator[children.Child]:
        """A worker as a process of its own, ended with the block."""
        child = children.start(
            *(name, "checkout", "agent-worker", "--service", self.service.url),
            folder=self.folder,
            environment={**self.service.environment, "CHECKOUT_AGENT_KEY": self.service.key("operator", "agent")},
        )
        try:
            yield child
        finally:
            child.stop()


@contextmanager
def whole(folder: Path, **settings: str) -> Iterator[Whole]:
    """All of it, ended with the block."""
    with ExitStack() as stack:
        shop = children.start(
            *("shop", "merchants.demo.browser_shop", "--port", "0"),
            *("--book", str(folder / "orders.jsonl"), "--log", str(folder / "shop.jsonl")),
            folder=folder,
        )
        stack.callback(shop.stop)
        model = children.start(
            *("model", "agents.stand_in", "--port", "0", "--log", str(folder / "model.jsonl")), folder=folder
        )
        stack.callback(model.stop)
        environment = {
            "CHECKOUT_AGENTS_ENABLED": "true",
            "CHECKOUT_MODEL_URL": model.url,
            "CHECKOUT_AGENT_MODEL": "stand-in-buyer-1",
            "CHECKOUT_AGENT_CARD": json.dumps(asdict(CARD)),
            "CHECKOUT_EVIDENCE_FOLDER": str(folder / "evidence"),
            "CHECKOUT_ALLOWED_PRIVATE_HOSTS": json.dumps(shop.said["hosts"]),
            "CHECKOUT_PAYMENT_HOSTS": json.dumps(shop.said["payment_hosts"]),
            "ANTHROPIC_API_KEY": "",
            **settings,
        }
        service = stack.enter_context(served(folder, **environment))
        yield Whole(service=service, shop=shop.said, folder=folder)
