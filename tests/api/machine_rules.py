"""The rules of the machine: what developers, agents, operators, time and trouble may do, in any order.

Each rule acts through the public API, says by the model what must be answered, and is wrong if anything else is.
"""

import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from payments.sandbox.faults import Fault
from tests.api.machine_house import AGENT, API, House
from tests.api.machine_model import CANCELLABLE, DECLINED, SOLD, UNPLACED, UNSOLD, Bought, Task
from tests.api.standing import BUYER

PICK = st.integers(min_value=0, max_value=1_000)
PRODUCTS = st.sampled_from((*SOLD, *UNSOLD, *UNPLACED, AGENT, AGENT, AGENT))
TOKENS = st.sampled_from(("tok_visa", "tok_visa", "tok_visa", DECLINED))
# What may go wrong at the provider, and at which of its calls.
FAULTS = st.builds(
    Fault,
    kind=st.sampled_from(("before", "after", "409", "429", "500")),
    path=st.sampled_from((".*/confirm", ".*/capture", ".*/cancel", "/v1/payment_intents", ".*")),
    method=st.sampled_from(("POST", None)),
    nth=st.integers(1, 2),
    times=st.integers(1, 6),
    executed=st.booleans(),
)
# Just over a heartbeat, a permit, an agent's quote, its order, and the window to confirm.
PASSES_SECONDS = st.sampled_from((1, 5, 11, 61, 301, 601, 2701))


class Machine(RuleBasedStateMachine):
    """Two tenants, one worker, one operator, on a house that stands for the whole run."""

    house: ClassVar[House]

    def __init__(self) -> None:
        super().__init__()
        self.bought: list[Bought] = []
        self.tasks: list[Task] = []
        self.dead: list[tuple[str, str]] = []
        self.done: dict[tuple[str, str, str], tuple[Any, Any]] = {}
        self.trouble = False

    @initialize()
    def keys(self) -> None:
        """New tenants each time, so that what earlier runs left is nobody's."""
        run = uuid.uuid4().hex[:8]
        self.developers = {name: self.house.key(name) for name in (f"a_{run}", f"b_{run}")}
        self.worker = self.house.key("workers", "agent")
        self.operator = self.house.key("operators", "operator")

    # Developers

    @rule(product=PRODUCTS, who=st.booleans(), reuse=st.sampled_from((None, "new", "same", "other body")))
    def create(self, product: str, who: bool, reuse: str | None) -> None:  # noqa: FBT001 (hypothesis calls by name)
        """Ask for an offer, perhaps under a key that was used before."""
        tenant = list(self.developers)[who]
        used = [key for key in self.done if key[0] == tenant and key[1] == API]
        once = uuid.uuid4().hex if reuse == "new" or (reuse and not used) else None
        email = f"ada+{uuid.uuid4().hex[:12]}@example.com"
        body = {"productUrl": self.house.product_url(product), "quantity": 1, "buyer": {**BUYER, "email": email}}
        if reuse and once is None:
            self._replay(used[-1], self.developers[tenant], body if reuse == "other body" else None)
            return
        answer = self.house.call(self.developers[tenant], "POST", API, body, once=once)
        assert 201 == answer.status_code, answer.text
        now = self.house.clock.now()
        new = Bought(intent_id=answer.json()["id"], tenant=tenant, email=email, product=product, created_at=now)
        new.see(answer.json())
        self.bought.append(new)
        if once:
            self.done[tenant, API, once] = (body, answer.json())

    @precondition(lambda self: self.bought)
    @rule(pick=PICK)
    def poll(self, pick: int) -> None:
        """Reading changes nothing; another tenant's key finds nothing, at any address."""
        one = self._any(pick)
        first, second = self._read(one), self._read(one)
        assert first == second
        for path in ("", "/order"):
            hidden = self.house.call(self._other(one), "GET", f"{API}/{one.intent_id}{path}")
            unknown = self.house.call(self._other(one), "GET", f"{API}/ci_{'0' * 32}{path}")
            assert (404, unknown.json()["code"]) == (hidden.status_code, hidden.json()["code"])

    @rule(limit=st.integers(1, 5))
    def list_all(self, limit: int) -> None:
        """Each tenant's pages hold each of its intents once, and no other's."""
        for tenant, key in self.developers.items():
            listed: list[str] = []
            after: dict[str, str] = {}
            while True:
                query = "&".join([f"limit={limit}", *(f"{name}={value}" for name, value in after.items())])
                page = self.house.call(key, "GET", f"{API}?{query}").json()
                listed += [one["id"] for one in page["data"]]
                if not page["pageInfo"]["hasNextPage"]:
                    break
                after = {"after": page["pageInfo"]["endCursor"]}
            assert sorted(listed) == sorted(one.intent_id for one in self.bought if one.tenant == tenant)

    @precondition(lambda self: self.bought)
    @rule(pick=PICK, token=TOKENS, once=st.booleans(), agreed=st.sampled_from((None, "right", "wrong")))
    def confirm(self, pick: int, token: str, once: bool, agreed: str | None) -> None:  # noqa: FBT001 (see create)
        """Say yes: taken exactly while the offer waits, to the total that was agreed."""
        one = self._any(pick)
        self._read(one)
        body: dict[str, Any] = {"paymentMethod": {"type": "stripe_token", "stripeToken": token}}
        if agreed and one.total:
            more = one.total["amountSubunits"] + (1 if agreed == "wrong" else 0)
            body["agreedTotal"] = {**one.total, "amountSubunits": more}
        path, key = f"{API}/{one.intent_id}/confirm", uuid.uuid4().hex if once else None
        assert 404 == self.house.call(self._other(one), "POST", path, body).status_code
        answer = self.house.call(self._own(one), "POST", path, body, once=key)
        may = one.confirmable(self.house.clock.now())
        if may and agreed == "wrong":
            assert (409, "price_changed") == (answer.status_code, answer.json()["code"])
        elif answer.status_code == 200:
            assert may is not False, f"confirmed while {one.state}"
            self._confirmed(one, token)
            if key:
                self.done[one.tenant, path, key] = (body, answer.json())
        else:
            assert not may, answer.text
            assert (409, "invalid_checkout_intent_state") == (answer.status_code, answer.json()["code"])

    @precondition(lambda self: any(one.state == "awaiting_confirmation" for one in self.bought))
    @rule(pick=PICK, token=TOKENS, same_key=st.booleans())
    def confirm_at_once(self, pick: int, token: str, same_key: bool) -> None:  # noqa: FBT001 (see create)
        """Four at the same time, under one key or under four: it is confirmed once."""
        waiting = [one for one in self.bought if one.state == "awaiting_confirmation"]
        one = waiting[pick % len(waiting)]
        body = {"paymentMethod": {"type": "stripe_token", "stripeToken": token}}
        path, shared = f"{API}/{one.intent_id}/confirm", uuid.uuid4().hex

        def send(_: int) -> tuple[int, str, Any]:
            once = shared if same_key else uuid.uuid4().hex
            got = self.house.call(self._own(one), "POST", path, body, once=once)
            return got.status_code, got.json().get("code", ""), got.json()

        self._read(one)
        may = one.confirmable(self.house.clock.now())
        with ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(send, range(4)))
        yes = [document for status, _, document in answers if status == 200]
        refused = {code for status, code, _ in answers if status != 200}
        assert refused <= {"idempotency_in_flight", "invalid_checkout_intent_state"}
        assert bool(yes) == bool(may) or may is None
        if not yes:
            return
        assert len(yes) == 1 or (same_key and all(document == yes[0] for document in yes))
        self.house.seen["confirmed by one of four at once"] += 1
        self._confirmed(one, token)

    @precondition(lambda self: self.bought)
    @rule(pick=PICK)
    def cancel(self, pick: int) -> None:
        """Call it back: taken until it is being placed, and never again after."""
        one = self._any(pick)
        self._read(one)
        path = f"{API}/{one.intent_id}/cancel"
        assert 404 == self.house.call(self._other(one), "POST", path).status_code
        answer = self.house.call(self._own(one), "POST", path)
        if one.state in CANCELLABLE:
            assert (200, "failed") == (answer.status_code, answer.json()["state"]), answer.text
            one.cancelled = True
            self.house.seen["cancelled"] += 1
            self._read(one)
        else:
            assert (409, "invalid_checkout_intent_state") == (answer.status_code, answer.json()["code"])

    @precondition(lambda self: self.done)
    @rule(pick=PICK, changed=st.booleans())
    def repeat(self, pick: int, changed: bool) -> None:  # noqa: FBT001 (see create)
        """A request that was done is sent again, as it was or with another body."""
        known = list(self.done)[pick % len(self.done)]  # in the order they were done
        body = {**self.done[known][0], "referenceId": "other"} if changed and known[1] == API else None
        self._replay(known, self.developers[known[0]], body)

    # Time, workers of the service, trouble

    @rule()
    def work(self) -> None:
        """The service does what it can."""
        self.house.work()

    @rule(seconds=PASSES_SECONDS)
    def pass_time(self, seconds: int) -> None:
        """Time passes everywhere, and what fell due is done."""
        self.house.clock.advance(seconds)
        self.house.work()

    @rule(fault=FAULTS)
    def trouble_comes(self, fault: Fault) -> None:
        """The provider will fail at some call."""
        self.trouble = True
        self.house.sandbox.faults.add(fault)

    @rule()
    def trouble_ends(self) -> None:
        """The provider is well again."""
        self.house.sandbox.faults.clear()

    @rule(product=PRODUCTS, who=st.booleans(), token=TOKENS)
    def buy(self, product: str, who: bool, token: str) -> None:  # noqa: FBT001 (see create)
        """The usual way without detours, so that runs get deep."""
        self.create(product, who, None)
        self.house.work()
        self.confirm(len(self.bought) - 1, token, once=True, agreed="right")
        self.house.work()

    @rule(product=st.sampled_from(SOLD), who=st.booleans())
    def be_offered(self, product: str, who: bool) -> None:  # noqa: FBT001 (see create)
        """An offer waits for its buyer, who agreed to another total."""
        self.create(product, who, None)
        self.house.work()
        self.confirm(len(self.bought) - 1, "tok_visa", once=False, agreed="wrong")

    # What the rules share

    def _any(self, pick: int) -> Bought:
        return self.bought[pick % len(self.bought)]

    def _own(self, one: Bought) -> str:
        return self.developers[one.tenant]

    def _other(self, one: Bought) -> str:
        return next(key for tenant, key in self.developers.items() if tenant != one.tenant)

    def _read(self, one: Bought) -> dict[str, Any]:
        answer = self.house.call(self._own(one), "GET", f"{API}/{one.intent_id}")
        assert 200 == answer.status_code, answer.text
        document: dict[str, Any] = answer.json()
        one.see(document)
        return document

    def _confirmed(self, one: Bought, token: str) -> None:
        assert one.paid_with is None, "confirmed twice"
        one.paid_with = token
        self._read(one)

    def _replay(self, known: tuple[str, str, str], key: str, other: Any) -> None:
        """The first answer again; with another body a refusal."""
        body, first = self.done[known]
        answer = self.house.call(key, "POST", known[1], other or body, once=known[2])
        if other:
            assert (422, "idempotency_conflict") == (answer.status_code, answer.json()["code"])
            self.house.seen["another body refused"] += 1
        else:
            assert ("true", first) == (answer.headers["idempotent-replayed"], answer.json())
            self.house.seen["replayed"] += 1
