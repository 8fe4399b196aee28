"""`checkout serve`: one per file, a quiet end, and sentences where it cannot start."""

import concurrent.futures
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx2
import pytest

from checkout import children
from tests.api.standing import BUYER
from tests.e2e.served import PATIENCE_SECONDS, Served, alive, gone, offspring, run, served

pytestmark = pytest.mark.processes

CREATE = "/api/v1/checkout-intents"


def test_a_second_service_on_one_file_says_so_and_exits_1(tmp_path: Path) -> None:
    """The first goes on; once it is gone, even by `kill -9`, the file is free."""
    with served(tmp_path) as first:
        refused = run("serve", "--port", "0", environment=first.environment)
        assert 1 == refused.returncode
        assert "another process serves" in refused.stderr
        assert str(tmp_path / "checkout.sqlite3") in refused.stderr
        assert "" == refused.stdout
        assert 200 == httpx2.get(f"{first.url}/livez").status_code
        first.kill()
        first.start()
        assert 200 == httpx2.get(f"{first.url}/livez").status_code


def test_sigterm_answers_what_was_asked_ends_its_sandbox_and_exits_0(tmp_path: Path) -> None:
    """A request under way gets its answer; the sandbox that the service started ends with it."""
    environment = {
        "CHECKOUT_DATABASE_URL": f"sqlite:///{tmp_path / 'checkout.sqlite3'}",
        "CHECKOUT_AGENTS_ENABLED": "true",
        "CHECKOUT_AGENT_EMBEDDED": "false",
        "STRIPE_API_KEY": "",
    }
    service = children.start("service", "checkout", "serve", "--port", "0", folder=tmp_path, environment=environment)
    try:
        (sandbox,) = offspring(service.process.pid)
        port = int(service.url.rpartition(":")[2])
        beside = Served(folder=tmp_path, sandbox=service, port=port)
        with beside.client("t_1") as client, concurrent.futures.ThreadPoolExecutor() as pool:
            asked = {"productUrl": "https://shop.example/lamp", "quantity": 1, "buyer": BUYER}
            intent_id = client.post(CREATE, json=asked).json()["id"]
            polled = pool.submit(client.get, f"{CREATE}/{intent_id}", params={"wait": 2, "seen": "retrieving_offer"})
            concurrent.futures.wait([polled], timeout=0.5)
            assert not polled.done()
            service.process.send_signal(signal.SIGTERM)
            assert (200, intent_id) == (polled.result().status_code, polled.result().json()["id"])
        assert 0 == service.process.wait(PATIENCE_SECONDS)
        assert set() == alive({sandbox})
    finally:
        service.stop()


def test_a_killed_service_leaves_no_sandbox_behind(tmp_path: Path) -> None:
    """By `kill -9` it cannot end what it started; that ends by itself."""
    environment = {"CHECKOUT_DATABASE_URL": f"sqlite:///{tmp_path / 'checkout.sqlite3'}", "STRIPE_API_KEY": ""}
    service = children.start("service", "checkout", "serve", "--port", "0", folder=tmp_path, environment=environment)
    started = offspring(service.process.pid)
    assert 1 == len(alive(started))
    service.kill()
    gone(started)


def test_a_port_that_is_taken_is_named_and_nothing_is_left_running(tmp_path: Path) -> None:
    """Exit 1, the address in the sentence, no traceback."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        refused = run(
            "serve",
            "--port",
            port,
            environment={"CHECKOUT_DATABASE_URL": f"sqlite:///{tmp_path / 'c.sqlite3'}", "STRIPE_API_KEY": ""},
        )
    assert 1 == refused.returncode
    assert f"cannot listen on 127.0.0.1:{port}" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_another_distributions_package_of_our_name_is_named(tmp_path: Path) -> None:
    """A decoy `payments` in front of ours: the command ends before anything else, and says which one it found."""
    decoy = tmp_path / "payments"
    decoy.mkdir()
    (decoy / "__init__.py").write_text("")
    refused = subprocess.run(
        [sys.executable, "-c", "from checkout.cli import main; main()", "runs", "list"],  # as the installed script does
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.fspath(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert 1 == refused.returncode
    assert str(decoy / "__init__.py") in refused.stderr
    assert "another distribution owns that name" in refused.stderr
