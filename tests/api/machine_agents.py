"""The machine's agents and operators: a worker that is honest and clumsy, and whoever forges and repeats its calls.

The worker's shop is a book of the test's: an order is written into it only with a permit in hand, as a click would be.
What it then says, and whether it says anything, is up to the machine.
"""

from datetime import datetime
from typing import Any

import httpx2
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from payments.money import Money
from tests.api.agent import OFFER, SESSION, SOLD_OUT, TOTAL, readings
from tests.api.machine_house import AGENT
from tests.api.machine_model import Task, agents_order, wire
from tests.api.machine_rules import PICK, Machine

CLAIM = "/internal/agent-tasks/claim"
KINDS = ("offer", "order", "look_up")
ABSENT = {"type": "Absent", "message": "the shop's own list has no such order"}
UNCLEAR = {"type": "Unclear", "message": "the page went away"}


class AgentMachine(Machine):
    """The machine with agents and operators."""

    @rule(kinds=st.lists(st.sampled_from(KINDS), unique=True, min_size=1))
    def claim(self, kinds: list[str]) -> None:
        """Take a task. One that another worker had is taken over, and its old token is dead; an order never is."""
        answer = self.house.call(self.worker, "POST", CLAIM, {"worker": "w", "kinds": kinds})
        if answer.status_code == 204:
            return
        got, now = answer.json(), self.house.clock.now()
        (one,) = [one for one in self.bought if one.intent_id == got["task"]["request"]["intent_id"]]
        assert "tok_" not in str(got["task"])
        before = [task for task in self.tasks if task.task_id == got["callbackId"]]
        assert not before or got["kind"] != "order", "an order was given to a second worker"
        if before:
            self.house.seen["taken over"] += 1
        self.tasks = [task for task in self.tasks if task not in before]
        self.dead += [(task.task_id, task.token) for task in before]
        self.tasks.append(
            Task(
                task_id=got["callbackId"],
                kind=got["kind"],
                token=got["token"],
                bought=one,
                claimed_at=now,
                deadline=datetime.fromisoformat(got["deadline"]),
                heard_at=now,
            )
        )

    @rule(who=st.booleans())
    def have_an_order_to_place(self, who: bool) -> None:  # noqa: FBT001 (hypothesis calls by name)
        """The usual way to a worker with a confirmed order in hand, who first reads the page wrongly."""
        self.create(AGENT, who, None)
        self.house.work()
        self.claim(["offer"])
        if offers := self._open("offer"):
            self._say(offers[-1], "succeed", OFFER)
        self.house.work()
        self.confirm(len(self.bought) - 1, "tok_visa", once=False, agreed=None)
        self.house.work()
        self.claim(["order"])
        if orders := self._open("order"):
            self._permitted(orders[-1], "wrong")

    @precondition(lambda self: self.tasks)
    @rule(pick=PICK)
    def heartbeat(self, pick: int) -> None:
        """A sign of life, also of a task that is over."""
        self._say(self._task(pick), "heartbeat", None)

    @precondition(lambda self: self._open("offer"))
    @rule(pick=PICK, sells=st.sampled_from((True, True, True, False)))
    def quote(self, pick: int, sells: bool) -> None:  # noqa: FBT001 (see above)
        """Bring an offer, or say that there is none; in time, too late, or for a purchase that is no more."""
        tasks = self._open("offer")
        self._say(tasks[pick % len(tasks)], *(("succeed", OFFER) if sells else ("fail", SOLD_OUT)))

    @precondition(lambda self: self._open("order"))
    @rule(
        pick=PICK,
        reads=st.sampled_from(("right", "right", "wrong")),
        says=st.sampled_from(("order", "seen", "nothing")),
    )
    def order(self, pick: int, reads: str, says: str) -> None:
        """Ask leave, place the order with it, and say so, or half of it, or nothing at all."""
        tasks = self._open("order")
        task = tasks[pick % len(tasks)]
        if self._permitted(task, reads):
            assert task.bought.intent_id not in self.house.agent_orders, "a second order was permitted"
            number = f"A-{len(self.house.agent_orders) + 1}"
            self.house.agent_orders[task.bought.intent_id] = {"order_id": number, "total_minor": TOTAL.amount_minor}
            task.placed = True
            self.house.seen["ordered by an agent"] += 1
        if task.placed and says == "order":
            number = self.house.agent_orders[task.bought.intent_id]["order_id"]
            self._say(task, "succeed", agents_order(number))
        elif task.placed and says == "seen":
            total = {"amount_minor": TOTAL.amount_minor, "currency": TOTAL.currency}
            number = self.house.agent_orders[task.bought.intent_id]["order_id"]
            self._say(task, "heartbeat", {"evidence": {"order_number": number, "total": total}})
        elif not task.placed and says == "order":
            self._say(task, "fail", SOLD_OUT)

    @precondition(lambda self: self._open("look_up"))
    @rule(pick=PICK, knows=st.booleans())
    def look_up(self, pick: int, knows: bool) -> None:  # noqa: FBT001 (see above)
        """Say whether the order stands, truly, or that it cannot be told."""
        tasks = self._open("look_up")
        task = tasks[pick % len(tasks)]
        self._say(task, "succeed", self._truth(task) if knows else UNCLEAR)

    @precondition(lambda self: any(task.answer for task in self.tasks))
    @rule(pick=PICK)
    def say_it_again(self, pick: int) -> None:
        """The same answer again is answered as before; another one is refused, and so is a heartbeat."""
        answered = [task for task in self.tasks if task.answer]
        task = answered[pick % len(answered)]
        assert task.answer
        self._say(task, *task.answer)
        self._say(task, "fail", {**SOLD_OUT, "message": "something else"})
        self._say(task, "heartbeat", None)
        self.house.seen["said again"] += 1

    @rule(pick=PICK, verb=st.sampled_from(("succeed", "fail", "heartbeat")))
    def forge(self, pick: int, verb: str) -> None:
        """A wrong token, one of another task, one that was taken over, an unknown task, a developer's key: nothing."""
        body = {"succeed": OFFER, "fail": SOLD_OUT, "heartbeat": None}[verb]
        known = self._task(pick).task_id if self.tasks else "cb_unknown"
        others = [task.token for task in self.tasks if task.task_id != known]
        attempts = [(known, "cbt_forged"), *((known, token) for token in others[-1:]), *self.dead[-1:]]
        for task_id, token in [*attempts, ("cb_before_its_wait", "cbt_early")]:
            answer = self._send(self.worker, task_id, token, verb, body)
            assert (404, "callback_not_found") == (answer.status_code, answer.json()["code"])
        stolen = self._task(pick).token if self.tasks else "cbt_any"
        answer = self._send(next(iter(self.developers.values())), known, stolen, verb, body)
        assert (403, "missing_scope") == (answer.status_code, answer.json()["code"])

    @precondition(lambda self: self.bought)
    @rule(pick=PICK)
    def operator_answers(self, pick: int) -> None:
        """An open question is answered once, with the truth; where none is open, there is nothing to answer."""
        one = self._any(pick)
        asks = self.house.intent(one.intent_id).review_callback_id is not None
        path = f"/internal/purchases/{one.intent_id}/answer"
        orders = self.house.orders(one.intent_id, one.email)
        body: dict[str, Any] = {"verdict": "retry", "reason": "asked the shop", "operator": "ops"}
        if orders:
            body |= {
                "verdict": "placed",
                "merchantOrderId": orders[0]["order_id"],
                "total": wire(self._charged(orders[0])),
            }
        elif one.product == AGENT:  # a permit lives ten seconds, and a question is asked minutes later
            body["verdict"] = "not_placed"
        assert 403 == self.house.call(self._own(one), "POST", path, body).status_code
        answers = [self.house.call(self.operator, "POST", path, body).status_code for _ in range(2)]
        if asks:
            self.house.seen["operator answered"] += 1
            assert [200, 409] == answers
        else:
            assert [409, 409] == answers

    # What the rules share

    def _task(self, pick: int) -> Task:
        return self.tasks[pick % len(self.tasks)]

    def _open(self, kind: str) -> list[Task]:
        return [task for task in self.tasks if task.kind == kind and task.answer is None]

    def _permitted(self, task: Task, reads: str) -> bool:
        """Ask for a permit; whether it was granted. It is granted once, and only for what was confirmed."""
        changed: dict[str, Any] = {"url": self.house.product_url(AGENT)}
        changed |= {} if reads == "right" else {"totals": [{"amount_minor": 1, "currency": "USD"}] * 2}
        body = {"readings": readings(**changed), "session": SESSION}
        path = f"/internal/agent-tasks/{task.task_id}/permit"
        answer = self.house.call(self.worker, "POST", path, body, x_callback_token=task.token)
        now = self.house.clock.now()
        if answer.status_code == 200:
            assert reads == "right", "permitted to pay another total"
            assert task.permit_until is None, "permitted twice"
            task.permit_until, task.heard_at = datetime.fromisoformat(answer.json()["expiresAt"]), now
            return True
        code = answer.json()["code"]
        if task.permit_until is not None:
            assert code in ("permit_already_granted", "callback_expired"), answer.text
        elif reads == "wrong":
            assert code in ("permit_differs", "permit_too_late", "callback_expired"), answer.text
        else:
            late = task.may_be_late(now) or (task.deadline - now).total_seconds() < 60
            assert late, answer.text
            assert code in ("permit_too_late", "callback_expired"), answer.text
        return False

    def _say(self, task: Task, verb: str, body: Any) -> httpx2.Response:
        """Call back, and hold the answer against the model."""
        answer = self._send(self.worker, task.task_id, task.token, verb, body)
        status, code = answer.status_code, answer.json().get("code")
        if task.answer is not None:
            same = task.answer == (verb, body)
            assert (200, None) == (status, code) if same else (409, "callback_already_completed") == (status, code)
        elif status == 200:
            task.heard_at = self.house.clock.now()
            task.answer = (verb, body) if verb != "heartbeat" else None
        else:
            self.house.seen["too late"] += 1
            assert task.may_be_late(self.house.clock.now()), answer.text
            assert (410, "callback_expired") == (status, code), answer.text
        return answer

    def _send(self, key: str, task_id: str, token: str, verb: str, body: Any) -> httpx2.Response:
        path = f"/internal/callbacks/{task_id}/{verb}"
        return self.house.call(key, "POST", path, body, x_callback_token=token)

    def _truth(self, task: Task) -> dict[str, Any]:
        order = self.house.agent_orders.get(task.bought.intent_id)
        return agents_order(order["order_id"]) if order else ABSENT

    @staticmethod
    def _charged(order: dict[str, Any]) -> Money:
        return Money(order["total_minor"], order.get("currency", TOTAL.currency))
