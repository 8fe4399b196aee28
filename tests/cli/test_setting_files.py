"""Settings from files: one file each, the environment before them, and a sentence when they cannot be read."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from checkout.settings import Settings


def test_a_file_named_like_its_setting_is_read_and_its_line_end_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever prefix the setting has."""
    (tmp_path / "stripe_api_key").write_text("sk_test_of_a_file\n")
    (tmp_path / "checkout_agent_model").write_text("of-a-file\n")
    monkeypatch.delenv("STRIPE_API_KEY", raising=False)
    monkeypatch.setenv("CHECKOUT_SECRETS_FOLDER", str(tmp_path))
    settings = Settings()
    assert settings.stripe_api_key is not None
    assert ("sk_test_of_a_file", "of-a-file") == (settings.stripe_api_key.get_secret_value(), settings.agent_model)
    assert "sk_test_of_a_file" not in repr(settings)


def test_the_environment_goes_before_a_file_and_an_empty_file_is_a_setting_that_is_not_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that one process can be given another value."""
    (tmp_path / "checkout_agent_model").write_text("of-a-file")
    (tmp_path / "checkout_agent_card").write_text("\n")
    monkeypatch.setenv("CHECKOUT_SECRETS_FOLDER", str(tmp_path))
    monkeypatch.setenv("CHECKOUT_AGENT_MODEL", "of-the-environment")
    settings = Settings()
    assert ("of-the-environment", None) == (settings.agent_model, settings.card)


@pytest.mark.parametrize("what", ["no folder", "a file"])
def test_a_folder_that_cannot_be_read_ends_the_command_in_a_sentence(tmp_path: Path, what: str) -> None:
    """Going on with defaults would be going on without the secrets."""
    folder = tmp_path / "secrets"
    if what == "a file":
        folder.write_text("")
    ran = subprocess.run(
        [str(Path(sys.executable).with_name("checkout")), "keys", "list"],
        env={**os.environ, "CHECKOUT_SECRETS_FOLDER": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (2, 1) == (ran.returncode, len(ran.stderr.strip().splitlines())), ran.stderr
    assert "secrets_unreadable" in ran.stderr
