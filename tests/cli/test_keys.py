"""`checkout keys`: made once, shown once, listed without the key, revoked for good."""

import pytest

from tests.cli.command import Command
from tests.console.seeded import Desk


def test_a_key_is_shown_once_and_stored_only_as_a_hash(at: Desk, checkout: Command) -> None:
    """Neither the list nor the database file holds it."""
    made = checkout("keys", "create", "--tenant", "acme", "--name", "shopping agent", "--json").json()
    assert made["key"].startswith("ck_")
    assert ("acme", ["intents:write", "intents:read", "webhooks"]) == (made["tenant"], made["scopes"])
    (listed,) = checkout("keys", "list", "--json").json()
    assert (made["id"], "acme", "shopping agent", False) == (
        listed["id"],
        listed["tenant"],
        listed["name"],
        listed["revoked"],
    )
    drawn = checkout("keys", "list").out
    assert made["id"] in drawn
    assert made["key"] not in drawn + str(listed)
    assert made["key"].encode() not in b"".join(path.read_bytes() for path in at.file.parent.iterdir())


def test_a_person_is_given_the_key_on_a_line_of_its_own(checkout: Command) -> None:
    """So that it can be copied; a second line says whose it is."""
    key, about = checkout("keys", "create", "--tenant", "acme", "--scope", "agent").out.splitlines()
    assert key.startswith("ck_")
    assert "tenant acme, agent. Shown once." in about


def test_a_revoked_key_stays_in_the_list_as_revoked(checkout: Command) -> None:
    """Revoking twice is revoking once."""
    made = checkout("keys", "create", "--tenant", "acme", "--json").json()
    for _ in range(2):
        assert 0 == checkout("keys", "revoke", made["id"]).code
    assert [True] == [row["revoked"] for row in checkout("keys", "list", "--json").json()]
    assert "revoked" in checkout("keys", "list").out


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("create", "--tenant", "acme", "--scope", "root"), 2, "not root (invalid_key_request)"),
        (("create", "--tenant", " "), 2, "a tenant is 1 to 64 characters (invalid_key_request)"),
        (("create", "--tenant", "a" * 65), 2, "(invalid_key_request)"),
        (("create", "--tenant", "acme", "--name", "n" * 256), 2, "(invalid_key_request)"),
        (("create",), 2, "--tenant"),
        (("revoke", "key_0"), 1, "no key key_0; `checkout keys list` shows them (key_not_found)"),
        (("revoke", "[/]"), 1, "no key [/]; `checkout keys list` shows them (key_not_found)"),
    ],
)
def test_a_wrong_request_is_refused_and_makes_no_key(
    checkout: Command, arguments: tuple[str, ...], code: int, said: str
) -> None:
    """A sentence with a stable code, on standard error only."""
    refused = checkout("keys", *arguments)
    assert (code, "") == (refused.code, refused.out)
    assert said in refused.err
    assert [] == checkout("keys", "list", "--json").json()


def test_a_name_that_looks_like_markup_is_shown_as_it_is(checkout: Command) -> None:
    """What a person typed is text, never a style."""
    made = checkout("keys", "create", "--tenant", "[/a]", "--name", "[bold]")
    assert "tenant [/a]" in made.out
    drawn = checkout("keys", "list").out
    assert "[/a]" in drawn
    assert "[bold]" in drawn
