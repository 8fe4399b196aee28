"""Real processes, ended by kill -9."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from checkout.durable.testing import TestBed

PATIENCE_SECONDS = 60


@pytest.mark.processes
def test_a_saga_killed_in_a_step_goes_on_elsewhere_without_repeating_finished_steps(tmp_path: Path) -> None:
    """After the lease has lapsed another process runs the interrupted step again, and only that one."""
    url, journal = f"sqlite:///{tmp_path}/d.sqlite3", tmp_path / "journal"
    command = [sys.executable, "-m", "tests.durable.saga_process", url, str(journal)]
    with subprocess.Popen([*command, "block"]) as victim:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not journal.exists() or "place" not in journal.read_text():
            assert victim.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.02)
        os.kill(victim.pid, signal.SIGKILL)
    subprocess.run(command, check=True, timeout=PATIENCE_SECONDS)
    assert ["offer", "charge", "place", "place", "capture"] == journal.read_text().split()
    with TestBed(url) as bed:
        assert ["offer", "charge", "place", "capture"] == json.loads(bed.service.get("execution").result or "null")
        completed = [
            one["InvocationCompletedDetails"]["Error"]
            for one in bed.service.history("execution")
            if one["EventType"] == "InvocationCompleted"
        ]
        assert ["Runtime.ExitError", None] == [error.get("Payload", {}).get("ErrorType") for error in completed]
        assert 1 == bed.event_types().count("ExecutionSucceeded")
