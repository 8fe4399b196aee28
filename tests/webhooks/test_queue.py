"""The queue: in order per intent, at least once, three days, and then the endpoint is given up."""

import itertools
import json
from collections import Counter, defaultdict
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlmodel import Session

from checkout.housekeeping import prune_deliveries
from checkout.settings import Settings
from checkout.webhooks import outbox, queue
from checkout.webhooks.endpoints import MAX_ENDPOINTS
from checkout.webhooks.errors import EndpointDisabledError, TooManyEndpointsError
from checkout.webhooks.queue import ATTEMPTS, CLAIM_SECONDS, Attempted, Job
from checkout.webhooks.sending import ATTEMPT_SECONDS
from tests.webhooks.post_office import STATES, TENANT, PostOffice, post_office

URL = "https://agent.example/hooks"
OK, BROKEN, GONE = Attempted(status=200), Attempted(status=500, error="500"), Attempted(status=410, error="gone")


class Post:
    """A receiver without a network: answers by a script per event's sequence, and keeps what it accepted."""

    def __init__(self, *answers: Attempted) -> None:
        self.answers = list(answers) or [OK]
        self.seen: list[tuple[str, int]] = []
        self.accepted: dict[str, list[int]] = defaultdict(list)

    def __call__(self, job: Job) -> Attempted:
        """Take one."""
        event = json.loads(job.body)
        self.seen.append((event["data"]["id"], event["sequence"]))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if answer.error is None:
            self.accepted[f"{job.endpoint_id} {event['data']['id']}"].append(event["sequence"])
        return answer


def test_a_later_event_of_an_intent_waits_for_the_earlier_one() -> None:
    """And others' do not wait for it."""
    post = Post(BROKEN, OK)
    with post_office(attempt=post) as office:
        office.endpoint(URL)
        office.happens("ci_1")
        office.happens("ci_2", "failed")
        office.turns()
        assert [("ci_1", 2), ("ci_2", 2)] == post.seen
        office.until_next()
        office.turns()
        assert [("ci_1", 2), ("ci_1", 4), ("ci_1", 6), ("ci_1", 8)] == post.seen[2:]
        assert {"delivered"} == {row.status for row in office.rows()}


def test_whatever_is_refused_each_endpoint_accepts_each_event_in_order() -> None:
    """Two endpoints, three intents, refusals anywhere, events that come while others wait."""
    tenants = itertools.count()

    @settings(max_examples=8, database=None)
    @given(
        answers=st.lists(st.sampled_from([OK, BROKEN]), max_size=12),
        arrivals=st.lists(st.sampled_from(["ci_1", "ci_2", "ci_3", "turn"]), min_size=1, max_size=12),
    )
    def holds(answers: list[Attempted], arrivals: list[str]) -> None:
        tenant = f"t_{next(tenants)}"
        post = Post(*answers, OK)
        office.attempt = post
        places = [office.endpoint(f"{URL}/{number}", tenant=tenant)[0] for number in range(2)]
        intents = {arrival: f"{arrival}_{tenant}" for arrival in arrivals if arrival != "turn"}
        for arrival in arrivals:
            if arrival == "turn":
                office.turn()
            else:
                office.happens(intents[arrival], "completed", tenant=tenant)
        while any(row.status == "pending" for row in office.rows()):
            office.until_next()
            office.turns()
        for endpoint_id, intent_id in itertools.product(places, intents.values()):
            sent = list(range(2, office.sequences[intent_id] + 1, 2))
            assert sent == post.accepted[f"{endpoint_id} {intent_id}"]

    with post_office() as office:
        holds()


def test_nobody_else_sends_what_is_claimed_until_the_claim_lapses() -> None:
    """Whoever claimed it and died is followed by another; if he lives after all, he changes nothing."""
    with post_office() as office:
        office.endpoint(URL)
        office.happens("ci_1", "completed")
        (dead,) = office.claim()
        assert [] == office.claim()
        office.clock.advance(CLAIM_SECONDS)
        (alive,) = office.claim()
        assert (dead.event_id, dead.body, 2) == (alive.event_id, alive.body, alive.attempt)
        office.finish(dead, BROKEN)
        assert "pending" == office.rows()[0].status
        assert office.rows()[0].attempted_at is None
        office.finish(alive, OK)
        office.finish(dead, BROKEN)
        assert ("delivered", 2) == (office.rows()[0].status, office.rows()[0].attempts)


def test_a_claim_outlives_the_longest_attempt() -> None:
    """Else two would send at once in the good case."""
    assert 2 * ATTEMPT_SECONDS < CLAIM_SECONDS


def test_an_endpoint_that_takes_nothing_for_three_days_is_disabled_and_goes_on_where_it_was() -> None:
    """It says so; nothing is kept for it meanwhile; enabled again it is sent what waited, in order."""
    post = Post(BROKEN)
    with post_office(attempt=post) as office:
        endpoint_id, _ = office.endpoint(URL)
        began = office.clock.now()
        office.happens("ci_1")
        office.happens("ci_2", "failed")
        while office.stored(endpoint_id).disabled_at is None:
            office.until_next()
            office.turns()
        assert timedelta(days=3) < office.clock.now() - began < timedelta(days=3.5)
        assert ATTEMPTS == Counter(post.seen)["ci_1", 2]
        assert queue.DEAD == office.stored(endpoint_id).disabled_reason
        statuses = [row.status for row in office.rows() if row.intent_id == "ci_1"]
        assert ["failed", "pending", "pending", "pending"] == statuses
        assert all(row.due_at is None for row in office.rows() if row.intent_id == "ci_1")
        office.happens("ci_3", "failed")
        assert "ci_3" not in {row.intent_id for row in office.rows()}
        office.clock.advance(86_400)
        seen = len(post.seen)
        assert (0, seen) == (office.turns(), len(post.seen))
        post.answers = [OK]
        office.command(lambda session: office.endpoints.update(session, TENANT, endpoint_id, {"disabled": False}))
        office.turns()
        assert [4, 6, 8] == post.accepted[f"{endpoint_id} ci_1"]
        assert office.stored(endpoint_id).disabled_reason is None


def test_an_event_that_alone_is_refused_is_given_up_alone() -> None:
    """The endpoint lives, and what follows in the same purchase is sent after the three days."""
    refused: list[str] = []

    def attempt(job: Job) -> Attempted:
        if '"sequence":2,' in job.body and "ci_1" in job.body:
            refused.append(job.event_id)
            return BROKEN
        return OK

    with post_office(attempt=attempt) as office:
        endpoint_id, _ = office.endpoint(URL)
        office.happens("ci_1")
        office.clock.advance(60)
        office.happens("ci_2", "failed")
        while any(row.status == "pending" for row in office.rows()):
            office.until_next()
            office.turns()
        of_ci_1 = [row.status for row in office.rows() if row.intent_id == "ci_1"]
        assert (ATTEMPTS, ["failed", *["delivered"] * 3]) == (len(refused), of_ci_1)
        assert office.stored(endpoint_id).disabled_at is None


def test_a_receiver_that_is_gone_is_disabled_at_once() -> None:
    """410 means that nobody wants it, by the convention."""
    with post_office(attempt=Post(GONE)) as office:
        endpoint_id, _ = office.endpoint(URL)
        office.happens("ci_1", "failed")
        office.turns()
        assert (queue.NOT_WANTED, 1) == (office.stored(endpoint_id).disabled_reason, office.rows()[0].attempts)


def test_one_endpoint_gets_only_so_many_at_once_and_leaves_room_for_others() -> None:
    """A receiver that hangs keeps two threads, not all."""
    with post_office() as office:
        slow, _ = office.endpoint(f"{URL}/slow", tenant="t_2")
        for number in range(40):
            office.happens(f"ci_{number}", "failed", tenant="t_2")
        quick, _ = office.endpoint(f"{URL}/quick")
        office.happens("ci_a", "failed")

        def claim(under_way: Counter[str]) -> list[str]:
            with office.database.transaction() as session:
                jobs = queue.claim(session, office.clock.now(), 16, under_way, at_once=2)
            return [job.endpoint_id for job in jobs]

        assert [slow, slow] == claim(Counter())
        assert [quick] == claim(Counter({slow: 2}))
        assert [slow] == claim(Counter({slow: 1}))


def test_only_the_events_that_were_asked_for_are_kept() -> None:
    """By type, and by tenant; one event has one id wherever it goes."""
    with post_office() as office:
        some, _ = office.endpoint(URL, types=["checkout_intent.completed"])
        every, _ = office.endpoint(URL)
        office.endpoint(URL, tenant="t_2")
        office.happens("ci_1")
        kept = {
            endpoint: [row.state for row in office.rows() if row.endpoint_id == endpoint] for endpoint in (some, every)
        }
        assert {some: ["completed"], every: list(STATES)} == kept
        assert 5 == len(office.rows())
        assert 4 == len({row.event_id for row in office.rows()})


def test_a_transaction_that_is_rolled_back_leaves_no_event() -> None:
    """And nobody is woken; one that commits wakes."""
    woken: list[str] = []
    with post_office() as office:
        office.endpoint(URL)
        happened = outbox.Happened(tenant=TENANT, intent_id="ci_1", state="failed", sequence=2, at=office.clock.now())

        def tell(session: Session) -> None:
            outbox.record(session, happened, lambda: woken.append("woken"))
            session.flush()

        def fail(session: Session) -> None:
            tell(session)
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            office.command(fail)
        assert ([], []) == (woken, office.rows())
        office.command(tell)
        assert (["woken"], 1) == (woken, len(office.rows()))


def test_a_delivery_can_be_sent_again_whatever_became_of_it() -> None:
    """With the same id, so that the receiver knows it; not at a disabled endpoint."""
    post = Post(OK)
    with post_office(attempt=post) as office:
        endpoint_id, _ = office.endpoint(URL)
        office.happens("ci_1", "placing_order", "completed")
        office.turns()
        row = office.rows()[0]

        def again(session: Session) -> None:
            office.endpoints.redeliver(session, TENANT, endpoint_id, row.id)

        office.command(again)
        assert 1 == office.turns()
        assert [("ci_1", 2), ("ci_1", 4), ("ci_1", 2)] == post.seen
        assert "delivered" == office.rows()[0].status
        office.command(lambda session: office.endpoints.update(session, TENANT, endpoint_id, {"disabled": True}))
        with pytest.raises(EndpointDisabledError):
            office.command(again)


def test_what_waits_for_its_next_attempt_can_be_tried_now() -> None:
    """When the receiver was mended within a pause of hours."""
    post = Post(BROKEN, OK)
    with post_office(attempt=post) as office:
        endpoint_id, _ = office.endpoint(URL)
        office.happens("ci_1", "failed")
        office.turns()
        row = office.rows()[0]
        office.command(lambda session: office.endpoints.redeliver(session, TENANT, endpoint_id, row.id))
        office.turns()
        assert ("delivered", 2) == (office.rows()[0].status, office.rows()[0].attempts)


def test_a_deleted_endpoint_takes_its_deliveries_along() -> None:
    """Also one that is under way: its end finds nothing."""
    with post_office() as office:
        endpoint_id, _ = office.endpoint(URL)
        office.happens("ci_1")
        (job,) = office.claim()
        office.command(lambda session: office.endpoints.delete(session, TENANT, endpoint_id))
        office.finish(job, OK)
        assert [] == office.rows()


def test_a_tenant_has_only_so_many_endpoints() -> None:
    """Each costs a row and a request for every state of every purchase."""
    with post_office() as office:
        for _ in range(MAX_ENDPOINTS):
            office.endpoint(URL)
        with pytest.raises(TooManyEndpointsError):
            office.endpoint(URL)
        office.endpoint(URL, tenant="t_2")


def test_old_deliveries_are_forgotten_by_housekeeping() -> None:
    """After their retention, and not before."""

    def prune(office: PostOffice) -> int:
        return prune_deliveries(office.database, office.clock, Settings(webhook_retention_days=30))

    with post_office(attempt=Post(OK)) as office:
        office.endpoint(URL)
        office.happens("ci_1")
        office.turns()
        office.clock.advance(29 * 86_400)
        office.happens("ci_2", "failed")
        assert 0 == prune(office)
        office.clock.advance(2 * 86_400)
        assert 4 == prune(office)
        assert ["ci_2"] == [row.intent_id for row in office.rows()]
