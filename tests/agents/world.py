"""A world for the browser agent: a shop and a model as processes, a browser, and a service that keeps a record."""

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from agents import guard
from agents.bookmarks import Bookmarks
from agents.browsing.browser import Browser
from agents.buying import Buying
from agents.errors import PermitRefusedError
from agents.model import Model
from agents.terms import Budget, BuyingConfig, Kind, Outcome, Permit, Readings, SavedSession, Task
from checkout import children
from merchants.sdk import Buyer, Offer, OfferRequest
from payments.cards import Card, OneCard
from payments.instruments import InstrumentSource, NoInstruments

BUYER = Buyer(
    first_name="Ada",
    last_name="Ashworth",
    email="ada.ashworth@example.org",
    phone="+1 415 555 0132",
    address1="1200 Fillmore Street",
    city="San Francisco",
    province="CA",
    postal_code="94115",
    country="US",
)
CARD = Card(number="4242424242424242", exp_month=12, exp_year=2031, cvc="737", holder="Ada Ashworth")
TASK_SECONDS = 60


@dataclass(slots=True)
class ScriptedService:
    """The service for one task: grants by the same comparison as the real one, and remembers all it was told."""

    task: Task
    grants: bool = True
    steps: list[str] = field(default_factory=list)
    permits: list[Readings] = field(default_factory=list)
    sessions: list[SavedSession] = field(default_factory=list)
    evidence: list[dict[str, Any]] = field(default_factory=list)

    def at(self, step: str) -> None:
        """Remember."""
        self.steps.append(step)

    def permit(self, readings: Readings, session: SavedSession) -> Permit:
        """Once, and only for exactly the confirmed order."""
        assert self.task.offer
        differs = guard.differences(readings, self.task.offer, self.task.request)
        if differs or self.permits or not self.grants:
            raise PermitRefusedError("; ".join(differs) or "already granted", reason="permit_differs")
        self.permits.append(readings)
        self.sessions.append(session)
        return Permit(permit_id="permit_1", expires_at=datetime.now(UTC) + timedelta(seconds=10))

    def witnessed(self, evidence: dict[str, Any]) -> None:
        """Remember."""
        self.evidence.append(evidence)


@dataclass(slots=True)
class World:
    """Everything a task meets."""

    folder: Path
    shop: children.Child
    model_server: children.Child
    browser: Browser
    model: Model
    instruments: InstrumentSource
    budget: Budget = field(default_factory=Budget)
    # Of one worker, which makes a quote and its order; where there are none, every task comes to another worker.
    bookmarks: Bookmarks | None = None

    def offer_task(self, product: str, *, quantity: int = 1, variant: Mapping[str, str] | None = None) -> Task:
        """A quote of the shop's product of this behaviour (or of a whole URL)."""
        url = product if "://" in product else self.shop.said["products"][product]
        return Task(
            callback_id=f"cb_{time.monotonic_ns()}",
            token="cbt_x",
            kind=Kind.OFFER,
            intent_id=f"ci_{time.monotonic_ns()}",
            request=OfferRequest(product_url=url, quantity=quantity, buyer=BUYER, variant=variant or {}),
            offer=None,
            deadline=datetime.now(UTC) + timedelta(seconds=TASK_SECONDS),
        )

    def order_task(self, quoted: Task, offer: Offer) -> Task:
        """The order of a quoted offer."""
        return Task(
            callback_id=quoted.callback_id + "_order",
            token="cbt_y",
            kind=Kind.ORDER,
            intent_id=quoted.intent_id,
            request=quoted.request,
            offer=offer,
            deadline=datetime.now(UTC) + timedelta(seconds=TASK_SECONDS),
        )

    def prepare(self) -> None:
        """What a worker does while there is no task."""
        self._buying().prepare()

    def run(self, task: Task, service: ScriptedService | None = None) -> Outcome:
        """One task, in this process."""
        return self._buying().run(task, service or ScriptedService(task))

    def _buying(self) -> Buying:
        config = BuyingConfig(
            evidence_folder=self.folder / "evidence",
            allowed_private=self.shop.said["hosts"],
            payment_hosts=self.shop.said.get("payment_hosts", ()),
            budget=self.budget,
        )
        return Buying(
            browser=self.browser,
            model=self.model,
            instruments=self.instruments,
            config=config,
            bookmarks=Bookmarks() if self.bookmarks is None else self.bookmarks,
        )

    def orders(self) -> list[dict[str, Any]]:
        """The shop's order book."""
        return lines(Path(self.shop.said["book"]))

    def requests(self) -> list[dict[str, Any]]:
        """Everything the model was ever sent."""
        return lines(self.folder / "model.jsonl")


def lines(path: Path) -> list[dict[str, Any]]:
    """A log's whole lines."""
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


@contextmanager
def world(folder: Path, *, persona: str = "buyer", card: bool = True, shop: tuple[str, ...] = ()) -> Iterator[World]:
    """Shop, model and browser, started and ended."""
    with ExitStack() as stack:
        started = children.start(
            *("shop", "merchants.demo.browser_shop", "--port", "0"),
            *("--book", str(folder / "orders.jsonl"), "--log", str(folder / "shop.jsonl"), *shop),
            folder=folder,
        )
        stack.callback(started.stop)
        server = children.start(
            *("model", "agents.stand_in", "--port", "0", "--log", str(folder / "model.jsonl"), "--persona", persona),
            folder=folder,
        )
        stack.callback(server.stop)
        browser = stack.enter_context(Browser.opened())
        model = Model.connect("stand-in-buyer-1", api_key="stand-in", base_url=server.url)
        stack.callback(model.close)
        instruments = OneCard(card=CARD) if card else NoInstruments()
        yield World(folder, started, server, browser, model, instruments)
