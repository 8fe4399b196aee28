"""Several processes on one PostgreSQL: each claims for itself, and each event is sent once in the good case."""

from collections import Counter
from contextlib import ExitStack

from checkout.store.clock import SystemClock
from checkout.store.session import Database
from checkout.store.vault import Vault
from checkout.webhooks import outbox, queue
from checkout.webhooks.deliverer import Deliverer
from checkout.webhooks.endpoints import Endpoints
from checkout.webhooks.sending import Sender
from merchants.fetch import Fetcher
from tests import servers
from tests.webhooks.post_office import STATES, TENANT
from tests.webhooks.receiver import receiving

INTENTS = 6


def test_deliverers_on_one_postgresql_send_each_event_once_and_in_order() -> None:
    """Two with connections of their own, as two processes have, while events are still being written."""
    clock, vault = SystemClock(), Vault.fresh()
    with receiving() as receiver, servers.postgres_url() as url, ExitStack() as closing:
        allowed = (receiver.pair,)
        databases = [Database.open(url) for _ in range(3)]
        for database in databases:
            closing.callback(database.close)
        writer, *sharing = databases
        with writer.transaction() as session:
            commands = Endpoints(vault, clock, Fetcher(allowed=allowed).check_url, allowed)
            _, secret = commands.create(session, TENANT, receiver.url, None, None)
        deliverers = []
        for database in sharing:
            sender = Sender(Fetcher(allowed=allowed), vault, clock, allowed)
            deliverers.append(Deliverer(database, clock, sender.attempt))
        for deliverer in deliverers:
            closing.enter_context(deliverer.running())
        for sequence, state in enumerate(STATES, 1):
            for number in range(INTENTS):
                happened = outbox.Happened(
                    tenant=TENANT, intent_id=f"ci_{number}", state=state, sequence=sequence, at=clock.now()
                )
                with writer.transaction() as session:
                    outbox.record(session, happened, deliverers[number % 2].wake)
        receiver.has(INTENTS * len(STATES))
    events = [got.verified(secret) for got in receiver.got]
    assert {1} == set(Counter(event["id"] for event in events).values())
    for number in range(INTENTS):
        assert list(STATES) == [event["data"]["state"] for event in events if event["data"]["id"] == f"ci_{number}"]


def test_what_one_transaction_has_claimed_another_passes_over_without_waiting() -> None:
    """Both are open at once; the second takes what is left."""
    clock, vault = SystemClock(), Vault.fresh()
    with servers.postgres_url() as url, ExitStack() as closing:
        first, second = Database.open(url), Database.open(url)
        closing.callback(first.close)
        closing.callback(second.close)
        with first.transaction() as session:
            commands = Endpoints(vault, clock, Fetcher().check_url)
            commands.create(session, TENANT, "https://agent.example/hooks", None, None)
        for number in range(2):
            with first.transaction() as session:
                outbox.record(
                    session,
                    outbox.Happened(
                        tenant=TENANT, intent_id=f"ci_{number}", state="failed", sequence=2, at=clock.now()
                    ),
                )
        with first.transaction() as one, second.transaction() as other:
            mine = queue.claim(one, clock.now(), 1, Counter(), at_once=2)
            theirs = queue.claim(other, clock.now(), 2, Counter(), at_once=2)
        assert (1, 1) == (len(mine), len(theirs))
        assert mine[0].event_id != theirs[0].event_id
