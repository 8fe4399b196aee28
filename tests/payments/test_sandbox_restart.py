"""A sandbox started again on its files is the same sandbox: records, keys, time, and a money log with no line twice."""

from collections.abc import Callable
from pathlib import Path

import pytest
import stripe

from payments.gateway import Held, Prepared
from payments.sandbox.core import Sandbox
from payments.sandbox.faults import Fault
from payments.sandbox.money_log import read_money_log
from payments.sandbox.transport import InProcessClient
from payments.sandbox.wire import Request
from payments.stripe_gateway import StripeGateway
from tests.payments.rig import TOTAL, ManualClock, asked

Start = Callable[[], tuple[Sandbox, StripeGateway]]


@pytest.fixture
def clock() -> ManualClock:
    """One clock for every life of the sandbox."""
    return ManualClock()


@pytest.fixture
def start(tmp_path: Path, clock: ManualClock) -> Start:
    """Start a sandbox on the same files, as often as it is called."""

    def start() -> tuple[Sandbox, StripeGateway]:
        sandbox = Sandbox(
            clock=clock, log=tmp_path / "money.jsonl", journal=tmp_path / "journal.jsonl", sleep=lambda _: None
        )
        return sandbox, StripeGateway.connect("sk_test_1", http_client=InProcessClient(sandbox))

    return start


def full_life(gateway: StripeGateway, sandbox: Sandbox, clock: ManualClock) -> None:
    """A bit of everything: bought, declined, released, lapsed, refused, lost and troubled calls."""
    for number, token in enumerate(["tok_visa", "tok_chargeDeclined", "tok_mastercard", "tok_visa"]):
        prepared = gateway.prepare(asked(token), key=f"p{number}")
        assert isinstance(prepared, Prepared)
        sandbox.faults.add(Fault(kind="after", method="POST"))
        gateway.hold(prepared, key=f"h{number}")
        if number == 0:
            gateway.capture(prepared.payment_id, TOTAL, key="c")
        if number == 2:
            sandbox.faults.add(Fault(kind="500", method="POST", remembered=True))
            gateway.release(prepared.payment_id, key="r")
        clock.advance(minutes=1)
    gateway.capture("pi_unheard_of", TOTAL, key="c2")
    sandbox.handle(Request(method="POST", path="/_sandbox/clock", body='{"advance_seconds": 60}'))


def test_a_restarted_sandbox_is_the_same_sandbox(start: Start, clock: ManualClock) -> None:
    """Every record, every key and the time survive; nothing is booked twice."""
    sandbox, gateway = start()
    full_life(gateway, sandbox, clock)
    again, _ = start()
    assert sandbox.state() == again.state()
    assert sandbox.money == again.money
    assert 60 == (again.clock.now() - clock.now()).total_seconds()


def test_holds_lapse_while_the_sandbox_is_down(start: Start, clock: ManualClock) -> None:
    """At the moment they were due, not at the moment it came back."""
    _, gateway = start()
    prepared = gateway.prepare(asked(), key="p")
    assert isinstance(prepared, Prepared)
    held = gateway.hold(prepared, key="h")
    assert isinstance(held, Held)
    clock.advance(days=30)
    again, _ = start()
    assert held.capture_before.isoformat() == again.money[-1].at


def test_the_log_on_disk_is_every_movement_once(start: Start, clock: ManualClock, tmp_path: Path) -> None:
    """Restarting rewrites nothing, and adds what a crash kept from being written."""
    sandbox, gateway = start()
    full_life(gateway, sandbox, clock)
    path = tmp_path / "money.jsonl"
    whole = path.read_bytes()
    lines = read_money_log(path)
    assert list(sandbox.money) == lines
    for survived in range(len(whole) + 1):
        path.write_bytes(whole[:survived])
        if survived % 97 == 0 or survived in (0, len(whole)):  # every so often: each restart replays everything
            start()
            assert whole == path.read_bytes()


def test_a_torn_journal_loses_only_the_request_that_was_being_written(
    start: Start, clock: ManualClock, tmp_path: Path
) -> None:
    """Its caller never got an answer; the next one starts on a clean line."""
    _, gateway = start()
    prepared = gateway.prepare(asked(), key="p")
    assert isinstance(prepared, Prepared)
    path = tmp_path / "journal.jsonl"
    path.write_bytes(path.read_bytes() + b'{"at": "2026-01')
    _, gateway = start()
    assert isinstance(gateway.hold(prepared, key="h"), Held)
    sandbox, _ = start()
    assert ["hold"] == [line.kind.value for line in sandbox.money]
    assert clock.now() == sandbox.clock.now()


def test_two_sandboxes_never_give_the_same_name(tmp_path: Path) -> None:
    """A database that outlives its sandbox must not find another's payment under its own's name."""
    names = set()
    for namespace in ("a", "b"):
        gateway = StripeGateway.connect("sk_test_1", http_client=InProcessClient(Sandbox(namespace=namespace)))
        prepared = gateway.prepare(asked(), key="p")
        assert isinstance(prepared, Prepared)
        names.add(prepared.payment_id)
    assert 2 == len(names)
    first = Sandbox(journal=tmp_path / "j", namespace="first")
    second = Sandbox(journal=tmp_path / "j", namespace="second")
    assert first.world.namespace == second.world.namespace


def test_faults_do_not_survive(start: Start) -> None:
    """They were for the process that is gone."""
    sandbox, _ = start()
    sandbox.faults.add(Fault(kind="before"))
    again, gateway = start()
    assert () == again.faults.waiting
    assert isinstance(gateway.client.v1.events.list(), stripe.ListObject)
