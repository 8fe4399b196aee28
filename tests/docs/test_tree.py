"""What must be true of every file of the tree: no package host, no path of a machine, hashed locks, names of ours."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from checkout import packaging

ROOT = Path(__file__).parents[2]
# In pieces, so that this file is no finding of its own.
HOSTS = re.compile("|".join((r"pypi\." + "org", "python" + "hosted", "arti" + "factory", r"index[-_]" + "url *=")))
MACHINE = re.compile(r"(?<![\w.~/$}])/" + r"(?:home|root|Users|work|workspace|mnt)/\w")


def tracked() -> list[Path]:
    """The files of the tree, as git lists them; those that are being added, too."""
    listed = subprocess.run(
        ["/usr/bin/env", "git", "ls-files", "-co", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return [path for line in listed.splitlines() if (path := ROOT / line).is_file()]


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="an export has no list of its files")
def test_no_file_names_a_package_host_or_a_path_of_somebodys_machine() -> None:
    """What only works where it was written is found by name and line."""
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:120]}"
        for path in tracked()
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1)
        if HOSTS.search(line) or MACHINE.search(line)
    ]
    assert [] == found


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_a_lock_pins_every_distribution_by_hash_and_names_no_host(lock: str) -> None:
    """`name==version` and hashes, nothing else: no URL, no index, no file."""
    text = (ROOT / lock).read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip() and not line.strip().startswith("#")]
    assert len(lines) > 30
    pin = re.compile(r"^[a-z0-9-]+(\[[a-z0-9,-]+\])?==\S+( ; [^@]+?)?( +--hash=sha256:[0-9a-f]{64})+ *$")
    assert [] == [line[:80] for line in lines if not pin.match(line)]


def test_the_development_lock_contains_the_runtime_lock() -> None:
    """What is tested is what runs: the same versions."""

    def pins(lock: str) -> set[str]:
        return set(re.findall(r"^([a-z0-9-]+(?:\[[^\]]*\])?==\S+)", (ROOT / lock).read_text(), re.MULTILINE))

    assert pins("requirements.lock") <= pins("requirements-dev.lock")


def test_the_four_import_names_are_ours() -> None:
    """Here, nothing shadows them."""
    assert packaging.shadowed() is None


@pytest.mark.parametrize("name", [name for name in packaging.PACKAGES if name != "checkout"])
def test_a_decoy_on_the_path_is_named(tmp_path: Path, name: str) -> None:
    """The sentence says which import finds what instead, and what to do."""
    (tmp_path / f"{name}.py").write_text("")
    say = "from checkout import packaging; print(packaging.shadowed())"
    behind = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); {say}"
    said = subprocess.run([sys.executable, "-c", behind], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert f"`import {name}` finds {tmp_path / name}.py instead of {ROOT / name}" in said
    assert "in an environment of its own" in said
