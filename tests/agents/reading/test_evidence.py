"""Evidence on disk: written once, chained, small where it travels."""

import hashlib
import json
from pathlib import Path

import pytest

from agents.evidence import Evidence


def test_every_moment_carries_the_hash_of_the_one_before(tmp_path: Path) -> None:
    """Also across workers of one intent."""
    Evidence(tmp_path, "ci_1").keep("before", "Total: $1", b"png", url="http://shop.example/", facts={"a": 1})
    kept = Evidence(tmp_path, "ci_1").keep("after", "Thanks " * 1000, b"")
    first, second = sorted((tmp_path / "ci_1").glob("*.json"))
    assert ["001-before.json", "002-after.json"] == [first.name, second.name]
    assert hashlib.sha256(first.read_bytes()).hexdigest() == json.loads(second.read_text())["previous"]
    assert kept["sha256"] == hashlib.sha256(second.read_bytes()).hexdigest()
    assert len(json.dumps(kept)) < 2048
    assert "001-before.png" in json.loads(first.read_text())["sha256"]


def test_nothing_is_written_twice(tmp_path: Path) -> None:
    """A file that is there already is an error."""
    evidence = Evidence(tmp_path, "ci_1")
    (tmp_path / "ci_1").mkdir()
    (tmp_path / "ci_1" / "001-before.txt").write_text("mine")
    with pytest.raises(FileExistsError):
        evidence.keep("before", "other", b"")
    assert "mine" == (tmp_path / "ci_1" / "001-before.txt").read_text()


def test_names_do_not_lead_out_of_the_folder(tmp_path: Path) -> None:
    """Whatever an intent or a moment is called."""
    Evidence(tmp_path, "../../etc").keep("../x", "text", b"")
    assert all(tmp_path in path.parents for path in tmp_path.rglob("*"))
    assert not (tmp_path.parent / "etc").exists()
