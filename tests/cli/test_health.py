"""`checkout health`: exit code 0 where the process beside it is well, 1 where it is not, one line either way."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from checkout import health


@contextmanager
def answering(status: int) -> Iterator[int]:
    """An API that answers `/readyz` with a status; yields its port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/readyz" else 404)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class's name)
            """Nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_an_api_is_well_when_it_says_that_it_is_ready() -> None:
    """Also asked where it listens on every address."""
    with answering(200) as port:
        assert (True, "ready") == health.api("127.0.0.1", port)
        assert health.api("0.0.0.0", port)[0]  # noqa: S104 (recognised, not bound)
    with answering(503) as port:
        assert not health.api("127.0.0.1", port)[0]
    assert not health.api("127.0.0.1", port)[0]


def test_a_worker_is_well_while_its_file_is_young(tmp_path: Path) -> None:
    """No file, an old file and a file that nobody named are all not well."""
    file = tmp_path / "heartbeat"
    assert not health.worker(str(file))[0]
    health.touch(file)
    assert health.worker(str(file))[0]
    old = time.time() - health.OLDEST_SECONDS - 1
    os.utime(file, (old, old))
    assert not health.worker(str(file))[0]
    assert "CHECKOUT_HEARTBEAT_FILE" in health.worker(None)[1]
    health.touch(None)


@pytest.mark.parametrize(("words", "code"), [(["worker"], 1), (["api"], 1), ([], 2), (["nobody"], 2)])
def test_the_command_answers_without_importing_the_service(words: list[str], code: int) -> None:
    """It is asked every few seconds: importing the rest would cost a second of a core each time."""
    program = (
        "import sys, checkout.cli\n"
        "try: checkout.cli.main()\n"
        "finally: assert not {'sqlalchemy', 'pydantic', 'typer'} & set(sys.modules)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program, "health", *words],
        env={**os.environ, "CHECKOUT_PORT": "1", "CHECKOUT_HEARTBEAT_FILE": "/no/such/file"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (code, 1) == (ran.returncode, len((ran.stdout + ran.stderr).splitlines())), ran.stderr
