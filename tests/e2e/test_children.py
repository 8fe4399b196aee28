"""Children end with the process that started them, however it ends; what a person starts by hand does not."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx2
import pytest

from checkout import child
from tests.e2e.served import PATIENCE_SECONDS, alive, gone, offspring

pytestmark = pytest.mark.processes

PARENT = """
import json, sys, threading
from pathlib import Path
from checkout import children
folder = Path(sys.argv[1])
with children.payment_sandbox(folder) as sandbox:
    book, log = str(folder / "orders.jsonl"), str(folder / "shop.jsonl")
    shops = [
        children.start("shop", "merchants.demo.ucp_shop", "--port", "0", "--book", book, folder=folder),
        children.start("browser", "merchants.demo.browser_shop", "--book", book, "--log", log, folder=folder),
        children.start("model", "agents.stand_in", "--port", "0", folder=folder),
    ]
    print(json.dumps([one.process.pid for one in (sandbox, *shops)]), flush=True)
    threading.Event().wait()
"""
# Deaf to SIGTERM: the lines that a child may have no time to read are the ones under test.
DEAF = """
import json, signal, threading
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print(json.dumps({}), flush=True)
threading.Event().wait()
"""


def begun(*arguments: str, **how: object) -> "subprocess.Popen[str]":
    """A process that has said its first line, kept as `said`."""
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True, **how)  # type: ignore[call-overload, no-any-return]


def test_every_child_ends_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    """Sandbox, shops and stand-in: none outlives `kill -9` of the process that started it."""
    with begun(sys.executable, "-c", PARENT, str(tmp_path)) as parent:
        assert parent.stdout
        pids = set(json.loads(parent.stdout.readline()))
        assert 4 == len(alive(pids))
        parent.kill()
        gone(pids)


def test_a_child_that_is_still_starting_ends_with_its_parent(tmp_path: Path) -> None:
    """Killed before the child has said a word, and so before it could have noticed anything."""
    with begun(sys.executable, "-c", PARENT, str(tmp_path)) as parent:
        while not (started := offspring(parent.pid)):
            assert parent.poll() is None
        parent.kill()
        gone(started)


def test_a_child_that_does_not_listen_is_ended_all_the_same(tmp_path: Path) -> None:
    """It gets as long as a parent that lives would give it."""
    (tmp_path / "deaf.py").write_text(DEAF)
    run = (
        f"from checkout import child; child.GRACE_SECONDS = 0.2; import sys; sys.argv[1:] = {['deaf']!r}; child.main()"
    )
    with begun(
        sys.executable, "-c", run, stdin=subprocess.PIPE, env={**os.environ, "PYTHONPATH": f"{tmp_path}:."}
    ) as deaf:
        assert deaf.stdout
        assert deaf.stdin
        assert {} == json.loads(deaf.stdout.readline())
        deaf.stdin.close()
        assert -signal.SIGKILL == deaf.wait(PATIENCE_SECONDS)
    assert child.GRACE_SECONDS >= 1


def test_a_sandbox_started_by_hand_needs_nobody(tmp_path: Path) -> None:
    """With nothing on its standard input, and after its parent is gone, it answers as before."""
    by_hand = f"exec {sys.executable} -m payments.sandbox --port 0 --log {tmp_path / 'money.jsonl'}"
    with begun("sh", "-c", f"{by_hand} < /dev/null & exit 0") as shell:
        assert shell.stdout
        said = json.loads(shell.stdout.readline())
        assert 0 == shell.wait(PATIENCE_SECONDS)
        try:
            assert 401 == httpx2.get(f"{said['url']}/v1/payment_intents/pi_0").status_code
            assert {said["pid"]} == alive({said["pid"]})
        finally:
            os.kill(said["pid"], signal.SIGTERM)
        gone({said["pid"]})
