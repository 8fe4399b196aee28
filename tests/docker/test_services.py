"""The whole composition without an engine: each service's very command, boxed, from the first start to the last stop.

PostgreSQL, Redis, migration, API, worker, agent worker and the demo's world, on a network of their own. One purchase is
made by an adapter and one by an agent in a browser that keeps its sandbox; then everything is asked to end.
"""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.docker import composition
from tests.docker.engine import Engine, engine

pytestmark = [pytest.mark.processes, pytest.mark.timeout(600)]

WORLD = ("payment-sandbox", "ucp-shop", "browser-shop", "model")
UP = ("postgres", "redis", *WORLD, "api", "worker", "agent-worker")
# What the postgres image's entry point does before it starts its command.
ENTRY_POINT = """
initdb --username=$POSTGRES_USER --pwfile=$POSTGRES_PASSWORD_FILE $POSTGRES_INITDB_ARGS --auth=scram-sha-256
echo 'host all all all scram-sha-256' >>$PGDATA/pg_hba.conf
echo "listen_addresses = '*'" >>$PGDATA/postgresql.conf
echo "CREATE DATABASE $POSTGRES_DB" | postgres --single postgres
"""
BUYER = """
import json, sys, httpx2
from checkout.demo.buying import Developer
url, key, product = sys.argv[1:]
with httpx2.Client(timeout=30) as http:
    developer = Developer(url, key, http)
    intent = developer.create(product, "ada@example.com")
    intent = developer.until(intent["id"], "awaiting_confirmation", "failed")
    if intent["state"] == "awaiting_confirmation":
        developer.confirm(intent["id"], "tok_visa")
        intent = developer.until(intent["id"], "completed", "failed")
    print(json.dumps(intent))
"""


def namespaces_are_refused() -> str:
    """Why nothing can be boxed here; empty where it can."""
    if os.geteuid() != 0:
        return "boxing services takes root"
    tried = subprocess.run(
        ["/usr/bin/unshare", "--net", "--mount", "true"], capture_output=True, text=True, check=False
    )
    return tried.stderr.strip()


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """Everything started in the file's own order, each waited for until its health check is well."""
    if why := namespaces_are_refused():
        pytest.skip(f"the composition was not run: {why}")
    folder = tmp_path_factory.mktemp("composition")
    secrets = folder / "secrets"
    subprocess.run([str(composition.FOLDER / "secrets.sh"), str(secrets)], check=True, capture_output=True)
    given = {**composition.variables(composition.DEMO), "SECRETS_FOLDER": str(secrets)}
    with engine(composition.services(given), folder) as made:
        done(made, "postgres", "sh", "-ec", ENTRY_POINT)
        made.start("postgres", "redis")
        done(made, "migrate", *made.services["migrate"].command)
        made.start(*WORLD, "api")
        (secrets / "checkout_agent_key").write_text(key(made, "operator", "agent"))
        made.start("worker", "agent-worker")
        yield made


def done(up: Engine, name: str, *command: str) -> str:
    """What a command prints that must succeed."""
    ran = up.run(name, *command)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def key(up: Engine, tenant: str, *scopes: str) -> str:
    """An API key, made as README says."""
    asked = [word for scope in scopes for word in ("--scope", scope)]
    made = done(up, "api", "checkout", "keys", "create", "--tenant", tenant, *asked, "--json")
    return str(json.loads(made)["key"])


def bought(up: Engine, shop: str) -> dict[str, Any]:
    """A purchase at a shop, by somebody who can reach the API."""
    product = up.said(shop)["products"]["sells"]
    told = done(up, "api", "python", "-c", BUYER, "http://api:8000", key(up, "demo"), product)
    return dict(json.loads(told))


def test_every_health_check_says_well_once_everything_is_up(up: Engine) -> None:
    """Asked in each service's own box, with the file's own words."""
    assert dict.fromkeys(UP, 0) == {name: up.asked(name).returncode for name in UP}


def test_a_purchase_by_an_adapter_is_driven_by_the_worker_and_paid(up: Engine) -> None:
    """API, database, Redis, worker, shop and sandbox each do their part."""
    assert "completed" == (intent := bought(up, "ucp-shop"))["state"], intent
    volume = up.folder / "volumes" / "demo"
    assert 1 == len((volume / "ucp.jsonl").read_text().splitlines())
    assert intent["id"] in (volume / "money.jsonl").read_text()


def test_a_purchase_in_a_browser_is_made_by_an_agent_worker_that_cannot_name_the_database(up: Engine) -> None:
    """It hears of its task over Redis as a user of its own, and finds the API and its shops; PostgreSQL is nobody."""
    assert "completed" == (intent := bought(up, "browser-shop"))["state"], intent
    assert "redis.away" not in up.log("agent-worker").read_text()
    names = done(up, "agent-worker", "cat", "/etc/hosts").split()
    assert {"api", "redis", "shop.test"} <= set(names)
    assert not {"postgres", "payment-sandbox"} & set(names)


def test_the_browser_keeps_its_own_sandbox(up: Engine) -> None:
    """Its pages' processes live in user namespaces of their own, which the profile lets it make."""
    worker = up.running["agent-worker"].pid
    up.until("agent-worker", lambda: len(descendants(worker)) > 1)
    family = [Path(f"/proc/{pid}") for pid in (worker, *descendants(worker))]
    assert not [one for one in family if b"--no-sandbox" in (one / "cmdline").read_bytes()]
    assert len({(one / "ns" / "user").readlink() for one in family}) > 1


def descendants(parent: int) -> list[int]:
    """Every process below one, as far as it still runs."""
    children = [
        int(pid) for file in Path(f"/proc/{parent}/task").glob("*/children") for pid in file.read_text().split()
    ]
    return [pid for child in children for pid in (child, *descendants(child))]


@pytest.mark.parametrize("name", ["api", "worker", "agent-worker", "postgres"])
def test_a_service_has_no_capability_and_cannot_write_its_image(up: Engine, name: str) -> None:
    """As the file says, and as the kernel says of the process that runs."""
    status = Path(f"/proc/{up.running[name].pid}/status").read_text()
    said = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert ("0" * 16, "0" * 16, "1") == (said["CapEff"], said["CapBnd"], said["NoNewPrivs"])
    assert "0" not in said["Uid"].split("\t")
    assert up.run(name, "touch", "/opt/checkout/here").returncode != 0
    assert up.run(name, "touch", "/tmp/here").returncode == 0  # noqa: S108 (inside the box)


def test_the_doctor_finds_nothing_to_mend_in_the_apis_box(up: Engine) -> None:
    """It sees the database, its tables and clock, Redis and who pays; and shows no password."""
    told = done(up, "api", "checkout", "doctor", "--json")
    found = {one["name"]: one["found"] for one in json.loads(told)}
    assert {"database", "clock", "tables", "broker", "payments"} <= set(found)
    assert "noeviction" in found["broker"]
    for secret in ("checkout_database_url", "checkout_redis_url"):
        text = up.services["api"].secrets[f"/run/secrets/{secret}"].read_text()
        assert text.split("@")[0].rpartition(":")[2] not in told


@pytest.mark.full
def test_a_worker_whose_database_is_away_is_not_well_and_recovers(up: Engine) -> None:
    """What its health check asks is whether it gets answers; the API says the same of itself."""
    up.stop("postgres")
    up.until("worker", lambda: not up.healthy("worker"))
    assert not up.healthy("api")
    up.start("postgres")
    up.until("worker", lambda: up.healthy("worker"))
    up.until("api", lambda: up.healthy("api"))


def test_a_stop_ends_every_service_within_its_grace_and_with_0(up: Engine) -> None:
    """The last test of this file: SIGTERM, in the order in which an engine stops what depends on what."""
    codes = {name: up.stop(name)[0] for name in reversed(UP)}
    assert dict.fromkeys(UP, 0) == codes
