"""What a commit needs around it: a task, a service that keeps its own record, and a visit to the little shop."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from agents import guard
from agents.browsing.browser import Browser, Visit
from agents.browsing.fence import Fence
from agents.committing import commit
from agents.errors import PermitRefusedError, TaskLostError
from agents.evidence import Evidence
from agents.redaction import Redactor
from agents.seeing.observe import Observer
from agents.slots import Slots
from agents.terms import Kind, Permit, Readings, SavedSession, Task
from merchants.sdk import Cost, Offer, OfferRequest, Order, Refused, Unclear
from payments.money import Money
from tests.agents.reading.little_shop import LittleShop
from tests.agents.reading.pages import BUYER

TOTAL = Money(2646, "USD")


@dataclass
class Recorder:
    """The service, for one task. `meanwhile` runs while the permit is asked for."""

    task: Task
    permit_seconds: float = 10.0
    meanwhile: Callable[[], object] = lambda: None
    lost_at: str = ""
    permits: list[Readings] = field(default_factory=list)
    sessions: list[SavedSession] = field(default_factory=list)
    witnessed_: list[dict[str, Any]] = field(default_factory=list)

    def at(self, step: str) -> None:
        """Nobody to tell; at the step `lost_at` the task is somebody else's."""
        if self.lost_at and self.lost_at in step:
            raise TaskLostError(step)

    def permit(self, readings: Readings, session: SavedSession) -> Permit:
        """By the same comparison as the real one."""
        assert self.task.offer
        if differs := guard.differences(readings, self.task.offer, self.task.request):
            raise PermitRefusedError("; ".join(differs), reason="permit_differs")
        self.permits.append(readings)
        self.sessions.append(session)
        self.meanwhile()
        return Permit(permit_id="p1", expires_at=datetime.now(UTC) + timedelta(seconds=self.permit_seconds))

    def witnessed(self, evidence: dict[str, Any]) -> None:
        """Remember."""
        self.witnessed_.append(evidence)


@dataclass
class World:
    """One visit to the shop, on its review page."""

    shop: LittleShop
    visit: Visit
    observer: Observer
    redactor: Redactor
    service: Recorder
    task: Task
    folder: Path

    def ref(self, name: str = "Place order") -> str:
        """The reference of a control, as the model would give it."""
        return next(ref for ref, control in self.observer.snapshot().controls.items() if control.name == name)

    def commit(self, ref: str | None = None, *, confirm_seconds: float = 20.0) -> Order | Refused | Unclear:
        """The commit, on the page in front."""
        return commit(
            self.visit,
            self.observer,
            ref or self.ref(),
            task=self.task,
            service=self.service,
            redactor=self.redactor,
            evidence=Evidence(self.folder, self.task.intent_id),
            confirm_seconds=confirm_seconds,
        )


def task_at(shop: LittleShop, *, kind: Kind = Kind.ORDER, session: SavedSession | None = None) -> Task:
    """Two blue mugs, confirmed at $26.46."""
    request = OfferRequest(product_url=f"{shop.url}/mug", quantity=2, buyer=BUYER, variant={"Colour": "Blue"})
    offer = Offer(
        merchant="agent",
        item_id=request.product_url,
        title="Enamel mug",
        quantity=2,
        cost=Cost(subtotal=Money(2000, "USD"), total=TOTAL, shipping=Money(646, "USD")),
        shipping_options=[],
        selected_shipping_option_id=None,
        payment_handler=None,
        merchant_state={},
        variant=dict(request.variant),
    )
    deadline = datetime.now(UTC) + timedelta(seconds=120)
    return Task(
        callback_id="cb",
        token="t",
        kind=kind,
        intent_id="ci_1",
        request=request,
        offer=offer,
        deadline=deadline,
        session=session,
    )


@contextmanager
def at_review(browser: Browser, shop: LittleShop, folder: Path, *, payment_host: str = "") -> Iterator[World]:
    """A visit that stands on the review page."""
    task = task_at(shop)
    fence = Fence(
        task.request.product_url,
        allowed_private=[shop.pair, *([payment_host] if payment_host else [])],
        payment_hosts=[payment_host] if payment_host else [],
    )
    redactor = Redactor(Slots(BUYER))
    with browser.visit(fence) as visit:
        visit.open(f"{shop.url}/review")
        yield World(shop, visit, Observer(visit, redactor), redactor, Recorder(task), task, folder)


def later(task: Task, session: SavedSession) -> Task:
    """The look-up of a task whose worker fell silent."""
    return replace(task, kind=Kind.LOOK_UP, session=session)
