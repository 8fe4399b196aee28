"""API keys: random, hashed, scoped, listed without themselves."""

from collections.abc import Iterator

import pytest
from sqlmodel import Session

from checkout.api import keys
from checkout.store.clock import ManualClock
from checkout.store.session import Database
from tests.stores import store_url


@pytest.fixture
def database() -> Iterator[Database]:
    """An empty database."""
    with store_url() as url:
        made = Database.open(url)
        made.create_tables()
        yield made
        made.close()


def _key(session: Session, tenant: str = "t_1") -> tuple[str, str]:
    row, plaintext = keys.create_key(session, tenant, "laptop", keys.DEVELOPER_SCOPES, now=ManualClock().now())
    return row.id, plaintext


def test_a_key_is_256_random_bits_and_only_its_hash_is_stored(database: Database) -> None:
    """Prefix, length, uniqueness; the row cannot be turned back."""
    with database.transaction() as session:
        made = {_key(session)[1] for _ in range(20)}
        stored = "".join(row.model_dump_json() for row in keys.list_keys(session))
    assert 20 == len(made)
    assert all(key.startswith("ck_") and len(key) == 46 for key in made)
    assert not any(key[3:] in stored for key in made)


def test_a_revoked_key_is_not_found_and_still_listed(database: Database) -> None:
    """Revoking is once and for all; an unknown id is said to be one."""
    now = ManualClock().now()
    with database.transaction() as session:
        key_id, plaintext = _key(session)
        _key(session, "t_2")
        found = keys.find_key(session, plaintext)
        assert found is not None
        assert key_id == found.id
        assert keys.revoke_key(session, key_id, now=now)
        assert keys.find_key(session, plaintext) is None
        assert not keys.revoke_key(session, "key_unknown", now=now)
        assert [key_id] == [row.id for row in keys.list_keys(session, "t_1")]
        assert 2 == len(keys.list_keys(session))


@pytest.mark.parametrize(
    ("tenant", "name", "scopes"),
    [("", "", ["agent"]), ("x" * 65, "", ["agent"]), ("t", "n" * 256, ["agent"]), ("t", "", ["root"]), ("t", "", [])],
)
def test_a_key_that_makes_no_sense_is_not_made(database: Database, tenant: str, name: str, scopes: list[str]) -> None:
    """ValueError with a sentence."""
    with database.transaction() as session, pytest.raises(ValueError, match=r"\w+ .*\w+"):
        keys.create_key(session, tenant, name, scopes, now=ManualClock().now())
