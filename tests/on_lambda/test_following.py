"""The public state beside checkpoints that are another service's: late after a death, never early, never wrong.

Our own durable service plays AWS's here, because its invocations can be made to die between any two lines.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from typing import Any

import pytest
from aws_durable_execution_sdk_python.exceptions import InvocationError
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, select

from checkout.durable.invocation import Invocation
from checkout.durable.testing import TestBed
from checkout.durable.views import Change
from checkout.on_lambda.deployed import ParkedError, deployed
from checkout.on_lambda.following import told_again
from checkout.purchase import books, codec
from checkout.purchase.ports import Ports
from checkout.purchase.projection import project
from checkout.purchase.saga import purchase
from checkout.purchase.states import TERMINAL, State
from checkout.purchase.terms import Completed
from checkout.store.models import Intent, OrderRow
from payments.ledger import unbalanced
from tests.on_lambda.local_lambda import context
from tests.purchase.scripted import START, World, request


class Cloud:
    """The durable service, one purchase on it, and a handler deployed on its wire.

    `projections_left` counts down; at zero our database is gone. `paused` is what AWS was asked to pause.
    """

    def __init__(self, world: World) -> None:
        self.bed = TestBed()
        self.world = world
        self.paused: list[Mapping[str, Any]] = []
        self.projections_left = 1000
        self.terse = False
        self.watch: Callable[[], None] = lambda: None
        self.bed.service.register("purchase", partial(purchase, ports=world))
        with self.bed.database.transaction() as session:
            session.add(
                Intent(
                    id="ci_1",
                    tenant="t_1",
                    state=State.RETRIEVING_OFFER.value,
                    created_at=START,
                    updated_at=START,
                    confirm_before=START,
                    request={"buyer": {}},
                )
            )
        asked = codec.dumps(request("1"))
        self.bed.service.start("purchase", "ci_1", asked)

    def invoke(self, ports: Ports | None = None) -> None:
        """One invocation, as AWS would make it; an exception of the handler's is the invocation's failure."""
        worker = self.bed.service.worker
        invocation = worker.claim(1)
        assert invocation
        try:
            output = self._run(invocation, ports or self.world)
        except Exception as broken:
            worker.finish(invocation, None, {"ErrorType": type(broken).__name__, "ErrorMessage": str(broken)})
            raise
        else:
            worker.finish(invocation, output)
        finally:
            self.bed.clock.advance(seconds=60)
            self.bed.service.sweeper.sweep()

    def invoke_until_ended(self, survives: int) -> None:
        """Our database goes away after `survives` projections, and is back for the next invocation."""
        self.projections_left = survives
        while self.bed.service.get("ci_1").status == "RUNNING":
            with suppress(InvocationError, OperationalError):
                self.invoke()
            self.projections_left = 1000

    def intent(self) -> Intent:
        """The public state."""
        with self.bed.database.read() as session:
            return session.get_one(Intent, "ci_1")

    def rows(self, table: type[OrderRow]) -> int:
        """How many rows of a kind there are."""
        with self.bed.database.read() as session:
            return len(session.exec(select(table)).all())

    def movements(self) -> list[str]:
        """What our ledger says was done with the money, each once, in order."""
        with self.bed.database.read() as session:
            return list(dict.fromkeys(entry.kind.value for entry in books.entries_of(session, "ci_1")))

    def checkpoint_durable_execution(self, **asked: Any) -> Any:
        """The service's own; with `terse`, without the ends that the caller said itself: on STARTs the SDK insists."""
        self.watch()
        answer = self.bed.service.client.checkpoint_durable_execution(**asked)
        if self.terse:
            said = {update["Id"] for update in asked["Updates"]}
            operations = answer["NewExecutionState"]["Operations"]
            answer["NewExecutionState"]["Operations"] = [
                one for one in operations if one["Id"] not in said or one["Status"] == "STARTED"
            ]
        return answer

    def get_durable_execution_state(self, **asked: Any) -> Any:
        """The service's own."""
        return self.bed.service.client.get_durable_execution_state(**asked)

    def pause_durable_execution(self, **asked: Any) -> None:
        """Remember it."""
        self.paused.append(asked)

    def _run(self, invocation: Invocation, ports: Ports) -> Mapping[str, Any]:
        projector = told_again(self._project, self._has_ended)
        handler: Callable[[Any, Any], Mapping[str, Any]] = deployed(ports, self, self.bed.database, projector)
        return handler(dict(invocation.event), context())

    def _project(self, session: Session, change: Change) -> None:
        self.projections_left -= 1
        if self.projections_left < 0:
            raise OperationalError("COMMIT", {}, ConnectionError("the database is gone"))
        project(session, change, self.bed.clock.now)

    def _has_ended(self, session: Session, name: str) -> bool:
        return session.get_one(Intent, name).state in TERMINAL


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    """A purchase that goes well."""
    made = Cloud(World())
    yield made
    made.bed.close()


def test_the_public_state_ends_with_the_purchase(cloud: Cloud) -> None:
    """One invocation: completed, one order, the money in the books."""
    cloud.invoke()
    assert "SUCCEEDED" == cloud.bed.service.get("ci_1").status
    assert ("completed", 1) == (cloud.intent().state, cloud.rows(OrderRow))
    assert {"pi_1": cloud.world.captured["pi_1"]} == dict(cloud.world.captured)


def test_answers_that_do_not_repeat_what_they_were_told_are_enough(cloud: Cloud) -> None:
    """The public state and the books are the same, whether AWS repeats the ends that a handler told it or not."""
    cloud.terse = True
    seen: list[str] = []
    cloud.watch = lambda: seen.append(cloud.intent().state)
    cloud.invoke()
    assert ("completed", 1) == (cloud.intent().state, cloud.rows(OrderRow))
    assert {"retrieving_offer", "placing_order"} <= set(seen)
    with cloud.bed.database.read() as session:
        assert [] == list(unbalanced(books.entries_of(session, "ci_1")))
    assert ["hold", "capture"] == cloud.movements()


@pytest.mark.parametrize("survives", range(16))
def test_wherever_our_database_goes_away_the_next_invocation_makes_it_good(cloud: Cloud, survives: int) -> None:
    """The invocation ends, no step runs twice, and what is shown in the end is how the purchase ended."""
    cloud.invoke_until_ended(survives)
    ended = codec.loads(cloud.bed.service.get("ci_1").result or "")
    completed = isinstance(ended, Completed)
    assert ("completed" if completed else "failed") == cloud.intent().state
    assert (completed, completed) == (cloud.rows(OrderRow) == 1, len(cloud.world.orders) == 1)
    assert {} == cloud.world.held
    intent = cloud.intent()
    assert (True, "pi_1", None) == (intent.offer is not None, intent.payment_id, intent.hold_expires_at)
    assert ["hold", "capture" if completed else "release"] == cloud.movements()
    assert all(cloud.world.called(name) <= 1 for name in ("prepare", "hold", "place_order", "capture"))
    with cloud.bed.database.read() as session:
        assert {} == unbalanced(books.entries_of(session, "ci_1"))


def test_a_bug_pauses_the_purchase_instead_of_ending_it(cloud: Cloud) -> None:
    """AWS is asked to pause, our operator sees why, and the execution has not ended: it can go on once mended."""
    with pytest.raises(ParkedError, match="AttributeError"):
        cloud.invoke(ports=World(limits=None))  # type: ignore[arg-type]  # a build with a bug
    (paused,) = cloud.paused
    assert cloud.bed.service.get("ci_1").arn == paused["DurableExecutionArn"]
    assert paused["Reason"].startswith("AttributeError")
    intent = cloud.intent()
    assert intent.review_since is not None
    assert "AttributeError" in (intent.unclear or "")
    assert "RUNNING" == cloud.bed.service.get("ci_1").status
    cloud.invoke()
    assert "completed" == cloud.intent().state
