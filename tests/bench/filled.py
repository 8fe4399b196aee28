"""A database with many purchases in it: a few are real, the others are their copies, made on the server.

Making them all would measure something else. The copies of a purchase that awaits confirmation can be polled, listed,
confirmed and cancelled like the first one; the copies of one that is over are what a service has kept of its past.
"""

import secrets
from dataclasses import dataclass

import psycopg
from sqlalchemy import text

from checkout import wiring
from checkout.api import keys
from checkout.durable.service import DurableService
from checkout.purchase.commands import Asked, Pays, Purchases
from checkout.settings import Settings
from checkout.store.clock import SystemClock
from checkout.store.session import Database, connection_of
from checkout.store.vault import Vault
from tests.purchase.scripted import ADA, World

TENANT = "bench"
# Where the copies' numbers begin; far from what the real ones get.
FIRST_ID = 10_000_000
URL = "https://shop.example/lamp"
WIRE = {
    "buyer": {"firstName": "Ada", "lastName": "Lovelace", "email": "ada@example.com", "phone": "+12025550123"}
    | {"address1": "1 Engine Way", "city": "London", "province": "CA", "postalCode": "90001", "country": "US"},
    "productUrl": URL,
    "quantity": 1,
}
PAYS = Pays(method="stripe_token", token="tok_visa", echo={"type": "stripe_token", "stripeToken": "tok_****visa"})
# Each table of a purchase: which column says whose row it is, and what a copy has of its own, by its number `n`.
_TABLES = {
    "intents": (
        "o.id = :name",
        "'id', {name}, 'created_at', o.created_at - n * interval '1 ms', 'confirmation_callback_id', {callback}",
    ),
    "orders": ("o.intent_id = :name", "'id', 'order-' || n, 'intent_id', {name}, 'created_at', {created}"),
    "payment_tokens": ("o.intent_id = :name", "'id', 'ptk-' || n, 'intent_id', {name}"),
    "ledger": ("o.intent_id = :name", "'id', n * 100 + o.id, 'movement_id', o.movement_id || n, 'intent_id', {name}"),
    "durable_executions": ("o.name = :name", "'id', n, 'name', {name}, 'operation_id', gen_random_uuid()"),
    "durable_operations": ("o.execution_id = {execution}", "'execution_id', n, 'callback_id', {callback_if_any}"),
    "durable_events": ("o.execution_id = {execution}", "'execution_id', n"),
}
_WORDS = {
    "name": "'ci_' || lpad(to_hex(n), 32, '0')",
    "callback": "CASE WHEN o.confirmation_callback_id IS NULL THEN NULL ELSE 'callback-' || n END",
    "callback_if_any": "CASE WHEN o.callback_id IS NULL THEN NULL ELSE 'callback-' || n END",
    "created": "o.created_at - n * interval '1 ms'",
    "execution": "(SELECT id FROM durable_executions WHERE name = :name)",
}
# What stands around purchases: requests of the last day, other tenants' keys and webhook endpoints, agents' done tasks.
_AROUND = (
    """INSERT INTO idempotency (tenant, method, path, key, body_hash, status, body, headers, created_at)
    SELECT 'bench', 'POST', '/api/v1/checkout-intents', md5(n::text), md5(n::text), 201, '{}', '{}',
        now() - n * interval '100 ms' FROM generate_series(1, :count) n""",
    """INSERT INTO api_keys (id, tenant, name, key_hash, scopes, created_at)
    SELECT 'key-' || n, 'tenant-' || n, '', md5(n::text), 'intents:read', now()
    FROM generate_series(1, :count / 10) n""",
    """INSERT INTO agent_tasks (callback_id, intent_id, tenant, kind, status, task, created_at, deadline, claims)
    SELECT 'task-' || n, 'ci_' || lpad(to_hex(n), 32, '0'), 'bench', 'quote', 'done', '{}', now(), now(), 1
    FROM generate_series(1, :count) n""",
    """INSERT INTO webhook_endpoints (id, tenant, url, sealed_secret, created_at, updated_at)
    SELECT 'whe-' || n, 'tenant-' || n, 'https://agent.example/', 'x', now(), now()
    FROM generate_series(1, :count / 2) n""",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """What is in it: `waiting` purchases that await confirmation and `ended` ones, and keys of their tenant."""

    keys: tuple[str, ...]
    waiting: int
    ended: int

    @staticmethod
    def name(number: int) -> str:
        """The intent id of a waiting copy, from 0."""
        return f"ci_{FIRST_ID + 2 * number:032x}"


def fill(url: str, *, waiting: int, ended: int, callers: int = 1) -> Filled:
    """Fill a fresh database; the statistics are up to date afterwards."""
    database = Database.open(url)
    clock, settings = SystemClock(), Settings(secret_key=None)
    durable = DurableService(database, clock=clock)
    wiring.register(durable, World(), clock, settings)
    purchases = Purchases(durable, Vault.fresh(), clock, settings)
    asked = Asked(product_url=URL, quantity=1, buyer=ADA, wire=WIRE)
    with database.transaction() as session:
        made = tuple(
            keys.create_key(session, TENANT, str(number), keys.DEVELOPER_SCOPES, now=clock.now())[1]
            for number in range(callers)
        )
        waits = purchases.create(session, TENANT, asked).id
        ends = purchases.create(session, TENANT, asked, PAYS).id
    durable.run_until_idle()
    # By turns, as they come in life: even numbers wait, odd ones are over.
    _copy(database, waits, FIRST_ID, waiting)
    _copy(database, ends, FIRST_ID + 1, ended)
    with database.transaction() as session:
        for statement in _AROUND:
            connection_of(session).execute(text(statement), {"count": waiting + ended})
    durable.close()
    database.close()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")
    return Filled(keys=made, waiting=waiting, ended=ended)


def _copy(database: Database, name: str, first: int, count: int) -> None:
    with database.transaction() as session:
        connection_of(session).execute(text("SET LOCAL statement_timeout = 0"))
        for table, (whose, own) in _TABLES.items():
            statement = (
                f"INSERT INTO {table} SELECT r.* FROM {table} o, "  # noqa: S608 (our own words)
                f"generate_series(CAST(:first AS bigint), CAST(:last AS bigint), 2) n, "
                f"LATERAL json_populate_record(o, json_build_object({own.format(**_WORDS)})) r WHERE {whose}"
            ).format(**_WORDS)
            values = {"first": first, "last": first + 2 * (count - 1), "name": name}
            connection_of(session).execute(text(statement), values)


def unique() -> str:
    """A word nobody has used."""
    return secrets.token_hex(8)
