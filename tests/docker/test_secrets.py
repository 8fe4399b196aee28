"""docker/secrets.sh: what it makes, that it makes it once, and that nobody else can read it."""

import subprocess
from pathlib import Path

from cryptography.fernet import Fernet

from checkout.settings import Settings
from tests.docker.composition import FOLDER, services


def make(folder: Path) -> dict[str, str]:
    """Run it; what every file holds."""
    subprocess.run([str(FOLDER / "secrets.sh"), str(folder)], check=True, capture_output=True)
    return {file.name: file.read_text().strip() for file in folder.iterdir()}


def test_every_secret_that_compose_mounts_is_made_and_no_other(tmp_path: Path) -> None:
    """A file that is missing would stop `up`."""
    wanted = {path.name for one in services().values() for path in one.secrets.values()}
    assert wanted == set(make(tmp_path / "secrets"))


def test_a_second_run_changes_nothing_and_another_folder_has_other_secrets(tmp_path: Path) -> None:
    """Nothing in it is a default that works elsewhere."""
    first, again, other = make(tmp_path / "a"), make(tmp_path / "a"), make(tmp_path / "b")
    assert first == again
    assert not [name for name, value in first.items() if value and other[name] == value]


def test_the_folder_is_its_owners_alone_and_containers_can_read_the_files_in_it(tmp_path: Path) -> None:
    """An engine mounts a file with the owner and the mode it has outside, and our user is nobody outside."""
    folder = tmp_path / "secrets"
    make(folder)
    assert 0o700 == folder.stat().st_mode & 0o777
    assert {0o644} == {file.stat().st_mode & 0o777 for file in folder.iterdir()}


def test_what_is_made_are_settings_that_work_and_what_is_yours_is_empty(tmp_path: Path) -> None:
    """The database's URL holds the database's password, and the key seals."""
    made = make(tmp_path / "secrets")
    assert f"postgresql://checkout:{made['postgres_password']}@postgres:5432/checkout" == made["checkout_database_url"]
    assert len(made["postgres_password"]) >= 32
    Fernet(made["checkout_secret_key"])
    assert made["checkout_redis_url"].split(":")[2].split("@")[0] in made["redis_acl"]
    yours = {"stripe_api_key", "anthropic_api_key", "checkout_agent_key", "checkout_agent_card"}
    assert yours == {name for name, value in made.items() if not value}
    settings = Settings(database_url=made["checkout_database_url"], secret_key=made["checkout_secret_key"])
    assert "postgres" in settings.database_url
