"""What an agent worker says, said twice, too early, too late, by the wrong one: over HTTP, to a service as it runs.

Each cell is a purchase: a task of one kind, a word about it, a trouble with that word. The answer must be definite, the
word must count at most once, and the provider's log and the worker's own book of orders must agree at the end.
"""

from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest

from tests.api.agent import SOLD_OUT
from tests.faults.infrastructure.buyer import CREATE
from tests.faults.infrastructure.deal import SAYS, Deal, House, calling, house
from tests.faults.infrastructure.stand import stand
from tests.servers import postgres_url

pytestmark = [pytest.mark.processes, pytest.mark.timeout(300)]
KINDS, VERBS = ("offer", "order"), ("succeed", "fail", "heartbeat")
# Past what either kind of task may take, by the service's settings.
TOO_LATE_SECONDS = 700.0
ALREADY, EXPIRED, UNKNOWN = (409, "callback_already_completed"), (410, "callback_expired"), (404, "callback_not_found")


@pytest.fixture(scope="module")
def at_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """API, worker, PostgreSQL, Redis and provider as processes; the agents are these tests."""
    agents = {"CHECKOUT_AGENTS_ENABLED": "true", "CHECKOUT_AGENT_EMBEDDED": "false"}
    with postgres_url() as url, stand(tmp_path_factory.mktemp("callbacks"), url, None, **agents) as made:
        made.set_clocks(0)
        made.serve(clocked=True)
        made.hire(ahead_seconds=0)
        with house(made) as opened:
            yield opened


def told(answer: httpx2.Response) -> tuple[int, str]:
    """What was refused, and how."""
    return answer.status_code, answer.json().get("code", "")


def duplicate(at_home: House, kind: str, verb: str) -> list[str]:
    """The same word twice: the same answer, and it counts once."""
    deal = Deal.begun(at_home)
    task = deal.at(kind)
    first, second = deal.say(task, verb), deal.say(task, verb)
    assert (200, 200, first.json()) == (first.status_code, second.status_code, second.json())
    return deal.ends(kind, verb, task)


def out_of_order(at_home: House, kind: str, verb: str) -> list[str]:
    """Another last word has arrived before it: that one stands."""
    deal = Deal.begun(at_home)
    task = deal.at(kind)
    last = "fail" if verb == "succeed" else "succeed"
    assert 200 == deal.say(task, last).status_code
    assert ALREADY == told(task.say(verb, SAYS[kind, verb]))
    return deal.ends(kind, last, task)


def before_the_wait(at_home: House, kind: str, verb: str) -> list[str]:
    """The purchase has given the task and has not yet written that it waits: the word is not lost."""
    deal = Deal.begun(at_home) if kind == "order" else None
    if deal:
        assert 200 == deal.task("offer").say("succeed", SAYS["offer", "succeed"]).status_code
        assert "awaiting_confirmation" == deal.buyer.until(deal.one, "awaiting_confirmation")
    gate = at_home.suspending()
    if deal:
        deal.confirmed()
    deal = deal or Deal.begun(at_home)
    try:
        assert gate.reached.wait(10)
        task = deal.task(kind)
        assert "InvocationCompleted" != at_home.beside.durable.history(deal.one.intent_id)[-1]["EventType"]
        assert 200 == deal.say(task, verb).status_code
    finally:
        at_home.made.to_database.gates.remove(gate)
        gate.open()
    return deal.ends(kind, verb, task)


def after_timeout(at_home: House, kind: str, verb: str) -> list[str]:
    """The purchase has gone on without it: nothing of it counts."""
    deal = Deal.begun(at_home)
    task = deal.at(kind)
    at_home.made.set_clocks(TOO_LATE_SECONDS)
    try:
        broken = deal.judged("failed")
        assert EXPIRED == told(task.say(verb, SAYS[kind, verb]))
    finally:
        at_home.made.set_clocks(0)
    return broken + deal.judged("failed")


def after_terminal(at_home: House, kind: str, verb: str) -> list[str]:
    """The purchase is over: cancelled while an offer was sought, completed by an order."""
    deal = Deal.begun(at_home)
    task = deal.at(kind)
    if kind == "offer":
        deal.cancel()
        assert EXPIRED == told(task.say(verb, SAYS[kind, verb]))
        return deal.judged("failed")
    assert 200 == deal.say(task, "succeed").status_code
    broken = deal.ends(kind, "succeed", task)
    another = {**SAYS[kind, "succeed"], "merchant_order_id": "A-2"}
    assert ALREADY == told(task.say(verb, another if verb == "succeed" else SAYS[kind, verb]))
    return broken + deal.judged("completed")


def wrong_tenant(at_home: House, kind: str, verb: str) -> list[str]:
    """Another tenant's token, and a developer's key: neither tells nor changes anything."""
    deal = Deal.begun(at_home)
    task = deal.at(kind)
    other = Deal.begun(at_home, at_home.bob)
    others = other.task("offer")
    assert UNKNOWN == told(task.say(verb, SAYS[kind, verb], others.token))
    headers = {"X-Callback-Token": task.token}
    with calling(at_home.made, at_home.made.key("t_bob")) as bob:
        said = bob.post(f"/internal/callbacks/{task.id}/{verb}", json=SAYS[kind, verb], headers=headers)
        assert 403 == said.status_code
        assert 404 == bob.get(f"{CREATE}/{deal.one.intent_id}").status_code
    assert 200 == others.say("fail", SOLD_OUT).status_code
    assert 200 == deal.say(task, verb).status_code
    return deal.ends(kind, verb, task) + other.judged("failed")


def forged(at_home: House, kind: str, verb: str) -> list[str]:
    """A token that was never minted, none, an id that was never given, and nobody's key."""
    deal = Deal.begun(at_home)
    task = deal.at(kind)
    body = SAYS[kind, verb]
    for token in ("cbt_forged", ""):
        assert UNKNOWN == told(task.say(verb, body, token))
    headers = {"X-Callback-Token": task.token}
    assert UNKNOWN == told(at_home.worker.post(f"/internal/callbacks/cb_forged/{verb}", json=body, headers=headers))
    with calling(at_home.made, "") as nobody:
        assert 401 == nobody.post(f"/internal/callbacks/{task.id}/{verb}", json=body, headers=headers).status_code
    assert 200 == deal.say(task, verb).status_code
    return deal.ends(kind, verb, task)


def replayed(at_home: House, kind: str, verb: str) -> list[str]:
    """An old word comes again: of a worker that gave its offer back, or of a purchase that is over."""
    deal = Deal.begun(at_home)
    task = deal.at(kind)
    if kind == "offer":
        given = at_home.worker.post(
            f"/internal/agent-tasks/{task.id}/give-back", headers={"X-Callback-Token": task.token}
        )
        assert 200 == given.status_code
        anew = deal.task("offer")
        assert UNKNOWN == told(task.say(verb, SAYS[kind, verb]))
        assert 200 == deal.say(anew, verb).status_code
        assert UNKNOWN == told(task.say(verb, SAYS[kind, verb]))
        return deal.ends(kind, verb, anew)
    first = deal.say(task, verb)
    broken = deal.ends(kind, verb, task)
    again = task.say(verb, SAYS[kind, verb])
    if verb == "heartbeat":
        assert ALREADY == told(again)
    else:
        assert (200, first.json()) == (again.status_code, again.json())
    return broken + deal.judged("failed" if verb == "fail" else "completed")


TROUBLES: dict[str, Callable[[House, str, str], list[str]]] = {
    "duplicate": duplicate,
    "out of order": out_of_order,
    "before the wait": before_the_wait,
    "after timeout": after_timeout,
    "after terminal": after_terminal,
    "wrong tenant": wrong_tenant,
    "forged": forged,
    "replayed": replayed,
}


def every() -> list[Any]:
    """All cells; one of each trouble on every push."""
    return [
        pytest.param(trouble, kind, verb, marks=[] if (kind, verb) == ("order", "succeed") else [pytest.mark.full])
        for trouble in TROUBLES
        for kind in KINDS
        for verb in VERBS
    ]


@pytest.mark.parametrize(("trouble", "kind", "verb"), every())
def test_no_callback_breaks_a_promise(at_home: House, trouble: str, kind: str, verb: str) -> None:
    """A definite answer, and every promise kept."""
    assert [] == TROUBLES[trouble](at_home, kind, verb)
