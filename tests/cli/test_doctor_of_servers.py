"""`checkout doctor` on PostgreSQL and Redis: each thing that can be wrong with them is named, with how to mend it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from cryptography.fernet import Fernet
from redis import Redis

from checkout.doctor import database as looks
from checkout.doctor import machine
from checkout.doctor.findings import masked
from checkout.settings import Settings
from checkout.store.session import Database
from tests.cli.command import Answer, Command
from tests.servers import postgres_url, redis_url

PASSWORD = "a-password-nobody-may-see"
SANDBOX = "http://127.0.0.1:1"


@pytest.fixture
def empty() -> Iterator[str]:
    """A database without tables."""
    with postgres_url(tables=False) as url:
        yield url


@pytest.fixture
def migrated() -> Iterator[str]:
    """A database with this build's tables."""
    with postgres_url() as url:
        database = Database.open(url)
        database.create_tables()
        database.close()
        yield url


def told(url: str, **environment: str) -> tuple[Answer, dict[str, Any]]:
    """What it says of a set-up, by name."""
    settings = {
        "CHECKOUT_DATABASE_URL": url,
        "CHECKOUT_SECRET_KEY": Fernet.generate_key().decode(),
        "CHECKOUT_PAYMENT_SANDBOX_URL": SANDBOX,
        "CHECKOUT_BROWSER": "",
        **environment,
    }
    answer = Command(environment=settings)("doctor", "--json")
    return answer, {finding["name"]: finding for finding in answer.json()}


def test_servers_that_are_well_are_told_by_version_and_the_clock_by_its_distance(migrated: str) -> None:
    """With Redis as the broker that evicts nothing."""
    with redis_url() as redis:
        answer, found = told(migrated, CHECKOUT_REDIS_URL=redis)
    assert 0 == answer.code, answer.out
    assert "PostgreSQL" in found["database"]["found"]
    assert "apart" in found["clock"]["found"]
    assert "noeviction" in found["broker"]["found"]


def test_a_database_without_this_builds_tables_is_to_be_migrated(empty: str) -> None:
    """The sentence names the command."""
    answer, found = told(empty)
    assert (1, False) == (answer.code, found["tables"]["well"])
    assert "checkout migrate" in found["tables"]["mend"]


def test_a_database_that_loses_what_it_acknowledged_is_a_problem(migrated: str) -> None:
    """Set for this one database; the server's own configuration stays."""
    _configure(migrated, "synchronous_commit = off")
    _, found = told(migrated)
    assert "synchronous_commit" in found["database"]["mend"]


def test_a_database_that_only_reads_is_a_problem(migrated: str) -> None:
    """As a standby does."""
    _configure(migrated, "default_transaction_read_only = on")
    answer, found = told(migrated)
    assert (1, False) == (answer.code, found["tables"]["well"])
    assert "read-only" in found["tables"]["found"]


def _configure(url: str, setting: str) -> None:
    with psycopg.connect(url, autocommit=True) as server:
        server.execute(f'ALTER DATABASE "{url.rpartition("/")[2]}" SET {setting}'.encode())


def test_without_the_shared_key_payment_tokens_cannot_be_sealed(migrated: str) -> None:
    """A key file beside the database is one process's only."""
    _, found = told(migrated, CHECKOUT_SECRET_KEY="")
    assert "CHECKOUT_SECRET_KEY" in found["key"]["mend"]


@pytest.mark.parametrize(("apart", "well"), [(1.9, True), (2.1, False), (-2.1, False), (-1.9, True)])
def test_clocks_more_than_two_seconds_apart_are_a_problem(apart: float, *, well: bool) -> None:
    """Whichever is ahead."""
    finding = looks._clock(timedelta(seconds=apart).total_seconds())
    assert well == finding.well


def test_servers_that_do_not_answer_are_named_without_their_passwords() -> None:
    """In data and on the screen."""
    settings = {
        "CHECKOUT_DATABASE_URL": f"postgresql://ada:{PASSWORD}@127.0.0.1:1/shop",
        "CHECKOUT_REDIS_URL": f"redis://ada:{PASSWORD}@127.0.0.1:1/0",
    }
    answer, found = told(settings["CHECKOUT_DATABASE_URL"], CHECKOUT_REDIS_URL=settings["CHECKOUT_REDIS_URL"])
    screen = Command(environment=settings)("doctor")
    assert (1, 1) == (answer.code, screen.code)
    for name in ("database", "broker"):
        assert not found[name]["well"]
        assert "ada:***@127.0.0.1:1" in found[name]["found"]
    assert PASSWORD not in answer.out + answer.err + screen.out + screen.err


def test_a_redis_that_evicts_is_a_problem(migrated: str) -> None:
    """It would drop hints without a word."""
    with redis_url() as url, Redis.from_url(url) as redis:
        before = redis.config_get("maxmemory-policy")["maxmemory-policy"]
        redis.config_set("maxmemory-policy", "allkeys-lru")
        try:
            answer, found = told(migrated, CHECKOUT_REDIS_URL=url)
        finally:
            redis.config_set("maxmemory-policy", before)
    assert (1, False) == (answer.code, found["broker"]["well"])
    assert "noeviction" in found["broker"]["mend"]


def test_several_processes_need_one_database_and_one_sandbox(tmp_path: Path) -> None:
    """A file, and a sandbox inside one of them, are what one process has."""
    _, found = told(
        f"sqlite:///{tmp_path / 'c.sqlite3'}",
        CHECKOUT_REDIS_URL="redis://127.0.0.1:1/0",
        CHECKOUT_PAYMENT_SANDBOX_URL="",
    )
    assert "postgresql://" in found["broker"]["mend"]
    assert "CHECKOUT_PAYMENT_SANDBOX_URL" in found["payments"]["mend"]


def test_live_money_with_demo_instruments_or_a_loopback_address_is_a_problem(tmp_path: Path) -> None:
    """Real merchants are paid with real instruments, and must find our profile."""
    url = f"sqlite:///{tmp_path / 'c.sqlite3'}"
    _, found = told(url, STRIPE_API_KEY="sk_live_1", CHECKOUT_DEMO_INSTRUMENTS="true")
    assert not found["payments"]["well"]
    assert "CHECKOUT_PUBLIC_URL" in found["address"]["mend"]
    _, found = told(url, STRIPE_API_KEY="sk_live_1", CHECKOUT_PUBLIC_URL="https://checkout.example")
    assert found["payments"]["well"]
    assert "address" not in found


def test_a_full_disk_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Measured against what a busy day takes."""
    monkeypatch.setattr(machine, "LEAST_FREE_BYTES", 1 << 60)
    finding = next(iter(machine.disk(Settings(database_url=f"sqlite:///{tmp_path / 'c.sqlite3'}"))))
    assert "Make room" in finding.mend


def test_another_distribution_with_our_import_name_is_named_with_its_file(tmp_path: Path) -> None:
    """One that stands before ours ends every command; one that only claims a name is a finding."""
    (tmp_path / "payments").mkdir()
    (tmp_path / "payments" / "__init__.py").write_text("")
    environment = {"PYTHONPATH": str(tmp_path), "CHECKOUT_DATABASE_URL": f"sqlite:///{tmp_path / 'c.sqlite3'}"}
    first = _doctor(environment)
    assert (1, True) == (first.returncode, str(tmp_path / "payments") in first.stderr)
    (tmp_path / "payments" / "__init__.py").unlink()
    (tmp_path / "payments").rmdir()
    claim = tmp_path / "paying-1.dist-info"
    claim.mkdir()
    (claim / "METADATA").write_text("Metadata-Version: 2.4\nName: paying\nVersion: 1\n")
    (claim / "top_level.txt").write_text("payments\n")
    second = _doctor(environment)
    assert (1, True) == (second.returncode, "paying" in second.stdout)


def _doctor(environment: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [str(Path(sys.executable).with_name("checkout")), "doctor"],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://ada:secret@db:5432/shop", "postgresql://ada:***@db:5432/shop"),
        ("redis://:secret@db/0", "redis://:***@db/0"),
        ("redis://db/0", "redis://db/0"),
        ("unix:///run/redis.sock?password=secret", "unix:///run/redis.sock"),
        ("postgresql://db/shop?password=secret", "postgresql://db/shop"),
    ],
)
def test_an_address_is_shown_without_what_opens_it(url: str, shown: str) -> None:
    """A password may stand before the host or among the options."""
    assert shown == masked(url)
