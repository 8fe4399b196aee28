"""The API's side of purchases on AWS in one process: rows, commands, calls made when asked, and a small AWS with state.

Time is set by hand, no thread runs, nothing listens. Knows how it is put together; nothing of any test.
"""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

from botocore.exceptions import ClientError, EndpointConnectionError
from cryptography.fernet import Fernet
from sqlmodel import Session, col, select

from checkout.durable.views import Change, ExecutionStatus, ExecutionView, OperationView
from checkout.on_lambda.calling import Calls
from checkout.on_lambda.executions import LambdaExecutions
from checkout.on_lambda.following import told_again
from checkout.on_lambda.histories import Histories
from checkout.purchase import codec, tasks
from checkout.purchase.commands import Asked, Pays, Purchases
from checkout.purchase.projection import project
from checkout.purchase.terms import TaskKind
from checkout.settings import Settings
from checkout.store.clock import ManualClock
from checkout.store.models import AwsCall, Intent
from checkout.store.session import Database
from checkout.store.vault import Vault
from merchants.sdk import Order
from payments.money import Money
from tests.on_lambda.local_lambda import the_handler
from tests.purchase.scripted import ADA, OFFER, START, request

PAYS = Pays(method="stripe_token", token="tok_visa", echo={"type": "stripe_token"})
ORDER = codec.dumps(Order(merchant_order_id="A-1", total=Money(2646, "USD")))


class Aws:
    """AWS as far as commands need it: executions by name, callbacks answered once; it can be away, or deaf."""

    def __init__(self) -> None:
        self.away = self.deaf = False
        self.executions: dict[str, str] = {}
        self.answered: dict[str, str] = {}
        self.calls: list[tuple[str, str]] = []

    def invoke(self, *, FunctionName: str, InvocationType: str, DurableExecutionName: str, Payload: bytes) -> Any:  # noqa: N803 (boto3's names)
        """The same name is the same execution."""
        assert ("purchase:live", "Event") == (FunctionName, InvocationType)
        assert codec.loads(Payload.decode())
        return self._heard("invoke", DurableExecutionName, lambda: self._started(DurableExecutionName))

    def stop_durable_execution(self, *, DurableExecutionArn: str, Error: Any) -> Any:  # noqa: N803 (same)
        """Only what was started."""
        assert Error
        name = DurableExecutionArn.rpartition(":")[2]
        return self._heard("stop", name, lambda: self.executions.update({name: "STOPPED"}))

    def send_durable_execution_callback_success(self, *, CallbackId: str, Result: bytes) -> Any:  # noqa: N803 (same)
        """The first answer stands."""
        return self._heard("succeed", CallbackId, lambda: self._answer(CallbackId, Result.decode()))

    def send_durable_execution_callback_failure(self, *, CallbackId: str, Error: Any) -> Any:  # noqa: N803 (same)
        """The same for a failure."""
        return self._heard("fail", CallbackId, lambda: self._answer(CallbackId, str(Error)))

    def send_durable_execution_callback_heartbeat(self, *, CallbackId: str) -> Any:  # noqa: N803 (same)
        """Heard."""
        return self._heard("heartbeat", CallbackId, lambda: None)

    def _started(self, name: str) -> dict[str, str]:
        self.executions.setdefault(name, "RUNNING")
        return {"DurableExecutionArn": f"arn:aws:lambda:{name}"}

    def _answer(self, callback_id: str, answer: str) -> None:
        if callback_id in self.answered:
            raise ClientError({"Error": {"Code": "CallbackTimeoutException", "Message": "closed"}}, "callback")
        self.answered[callback_id] = answer

    def _heard(self, verb: str, about: str, act: Callable[[], Any]) -> Any:
        if not self.away:
            self.calls.append((verb, about))
            done = act()
            if not self.deaf:
                return done
        raise EndpointConnectionError(endpoint_url="https://lambda.example")


class House:
    """The API's side: rows, commands, and the calls, made when a test says so."""

    def __init__(self, database_url: str) -> None:
        self.aws = Aws()
        self.clock = ManualClock(START)
        self.database = Database.open(database_url)
        self.database.create_tables()
        self.calls = Calls(self.database, self.clock, self.aws, "purchase:live", keep=timedelta(days=1))
        self.executions = LambdaExecutions(
            clock=self.clock,
            projector=partial(project, now=self.clock.now),
            calls=self.calls,
            histories=Histories(database=self.database, client=self.aws, function="purchase:live"),
            heartbeat_seconds=60,
        )
        # The deployed handler's own look at the intent, before it projects.
        self.has_ended: Callable[[Session, str], bool] = the_handler().__globals__["_has_ended"]
        self.purchases = Purchases(self.executions, Vault(Fernet.generate_key()), self.clock, Settings())

    def create(self, pays: Pays | None = None) -> str:
        """A new purchase."""
        asked = Asked(product_url="https://shop.example/lamp", quantity=1, buyer=ADA, wire={"buyer": {}})
        with self.database.transaction() as session:
            return self.purchases.create(session, "t_1", asked, pays).id

    def project(self, intent_id: str, **operation: Any) -> None:
        """What AWS's handler shows of a checkpoint."""
        projector = told_again(partial(project, now=self.clock.now), self.has_ended)
        with self.database.transaction() as session:
            projector(session, change(intent_id, **operation))

    def offered(self) -> str:
        """A purchase that waits to be confirmed, by its callback `cb_ID`."""
        intent_id = self.create()
        self.calls.make_due()
        self.project(intent_id, name="fetch-offer", type="STEP", status="SUCCEEDED", payload=codec.dumps(OFFER))
        self.project(intent_id, name="await-confirmation", callback_id=f"cb_{intent_id}")
        return intent_id

    def task(self, kind: TaskKind) -> tuple[str, str]:
        """A purchase whose agent has a task of this kind, claimed now; both ids."""
        intent_id = self.offered()
        with self.database.transaction() as session:
            now = self.clock.now()
            asked = request(intent_id.removeprefix("ci_"))
            tasks.give(session, f"task_{intent_id}", kind, asked, OFFER, now=now, seconds=600)
            tasks.claim(session, [kind.value], worker="w1", token_hash="h", now=now, heartbeat_seconds=60)
        return intent_id, f"task_{intent_id}"

    def do(self, verb: Callable[..., Any], *arguments: Any) -> None:
        """One command in a transaction of its own."""
        with self.database.transaction() as session:
            verb(*arguments, session=session)

    def intent(self, intent_id: str) -> Intent:
        """Its row."""
        with self.database.read() as session:
            return session.get_one(Intent, intent_id)

    def later(self, seconds: float) -> None:
        """Time passes, and what is due is made."""
        self.clock.advance(seconds=seconds)
        self.calls.make_due()

    def owed(self) -> list[str]:
        """What is not done, in order."""
        with self.database.read() as session:
            rows = session.exec(select(AwsCall).where(col(AwsCall.done_at).is_(None)).order_by(col(AwsCall.id)))
            return [row.verb for row in rows]


def change(intent_id: str, **operation: Any) -> Change:
    """One operation as AWS's handler would show it."""
    execution = ExecutionView(
        arn="arn",
        name=intent_id,
        function="purchase",
        version=1,
        status=ExecutionStatus.RUNNING,
        input="",
        result=None,
        error=None,
        parked=None,
        started_at=START,
        ended_at=None,
    )
    fields: dict[str, Any] = {
        "id": operation["name"],
        "parent_id": None,
        "type": "CALLBACK",
        "sub_type": None,
        "status": "STARTED",
        "attempt": 1,
        "payload": None,
        "error": None,
        "callback_id": None,
        "next_attempt_at": None,
        "started_at": START,
        "ended_at": None,
    }
    return Change(execution=execution, operations=(OperationView(**{**fields, **operation}),))
