"""Sealing: one key, opened by nothing else; further keys derived from it."""

from pathlib import Path

import pytest

from checkout.store.vault import UnsealError, Vault


def test_a_sealed_secret_opens_with_its_key_and_with_no_other(tmp_path: Path) -> None:
    """The key file is made once, readable by its owner only, and read again by the next process."""
    path = tmp_path / "checkout.key"
    sealed = Vault.from_key_file(path).seal("tok_visa")
    assert b"tok_visa" not in sealed
    assert "tok_visa" == Vault.from_key_file(path).open(sealed)
    assert 0o600 == path.stat().st_mode & 0o777
    with pytest.raises(UnsealError):
        Vault.fresh().open(sealed)


def test_derived_keys_are_stable_and_belong_to_their_purpose(tmp_path: Path) -> None:
    """The same bytes after a restart; other bytes for another purpose or another key."""
    path = tmp_path / "checkout.key"
    derived = Vault.from_key_file(path).derived("signing", 31)
    assert (31, derived) == (len(derived), Vault.from_key_file(path).derived("signing", 31))
    assert derived != Vault.from_key_file(path).derived("other", 31)
    assert derived != Vault.fresh().derived("signing", 31)
