"""What `checkout durable serve` refuses before it listens; what it serves is told in tests/durable_face."""

import socket

import pytest

from tests.cli_durable.command import Command

FLOWS = "tests.cli_durable.flows"
EVERYWHERE = "0.0.0.0"  # noqa: S104 (refused, which is what is tested)


@pytest.fixture(autouse=True)
def _nobodys_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CHECKOUT_DURABLE_ACCESS_KEY_ID", raising=False)
    monkeypatch.delenv("CHECKOUT_DURABLE_SECRET_ACCESS_KEY", raising=False)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ((f"{FLOWS}:ask", "--host", EVERYWHERE), "not_reachable"),
        ((f"{FLOWS}:ask", "--host", "192.0.2.1"), "not_reachable"),
        ((f"{FLOWS}:ask", "--host", "example.com"), "not_reachable"),
        ((f"{FLOWS}:ask", "--access-key-id", "AKIA"), "command_refused"),
        ((f"{FLOWS}:nothing",), "handler_not_found"),
        (("nowhere:handler",), "handler_not_found"),
        ((f"ask:0={FLOWS}:ask",), "command_refused"),
        ((f"ask:live={FLOWS}:ask",), "command_refused"),
        ((f"not a name={FLOWS}:ask",), "invalid_name"),
    ],
)
def test_what_cannot_be_served_is_said_in_one_line(durable: Command, arguments: tuple[str, ...], code: str) -> None:
    """Exit code 2 and a stable code, before anything listens; nothing is printed for a program to read."""
    refused = durable("serve", *arguments)
    assert (2, "") == (refused.code, refused.out)
    assert refused.err.startswith(f"{code}: ")
    assert 1 == len(refused.err.splitlines())


def test_a_port_that_is_taken_is_named(durable: Command) -> None:
    """The address stands in the sentence."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = durable("serve", f"{FLOWS}:ask", "--port", str(port))
    assert 2 == refused.code
    assert f"not_reachable: cannot listen on 127.0.0.1:{port}" in refused.err
