"""The demo shop behind sockets and as a process: late, dropped and stalled answers, lost clients, kill -9."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx2
import pytest

from merchants.demo.goods import Behaviour
from merchants.demo.http import Request
from merchants.demo.platforms import Platforms
from merchants.demo.server import ShopServer
from merchants.demo.shop import Shop
from merchants.fetch import Fetcher
from merchants.sdk import Absent, Offer, OfferRequest, Order, Unclear
from merchants.ucp import adapter, platform_profile
from merchants.ucp.versions import LATEST
from payments.demo_instruments import DemoInstruments
from tests.merchants.world import ADA, PROFILE_URL

PATIENCE_SECONDS = 30


@contextmanager
def served(shop: Shop, *, late_seconds: float = 0.0) -> Iterator[ShopServer]:
    """The shop behind sockets."""
    server = ShopServer(shop, late_seconds=late_seconds)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def buyer_at(server: ShopServer, version: str = LATEST.version) -> tuple[Any, str]:
    """An adapter that reaches the shop over real sockets, and the shop's URL."""
    hosts = [url.removeprefix("http://") for url in server.urls.values()]
    return adapter(Fetcher(allowed=hosts), profile_url=PROFILE_URL), server.urls[version]


@pytest.mark.parametrize("behaviour", [Behaviour.SELLS, Behaviour.DROPS_ANSWER, Behaviour.LATE])
def test_over_sockets_it_sells_as_in_process(behaviour: Behaviour) -> None:
    """Each version at its own port; a dropped connection and a late answer end in the same one order."""
    shop = Shop()
    with served(shop, late_seconds=0.1) as server:
        for number, version in enumerate(server.urls, 1):
            ours, url = buyer_at(server, version)
            request = OfferRequest(product_url=f"{url}/products/{behaviour.replace('_', '-')}", quantity=1, buyer=ADA)
            instruments = DemoInstruments()
            offer = ours.offer(request, instruments, key=f"{version}/offer")
            assert isinstance(offer, Offer)
            assert offer.payment_handler
            paying = instruments.instrument(offer.payment_handler, offer.cost.total, key="k")
            order = ours.place_order(request, offer, paying, key=f"{version}/order")
            assert isinstance(order, Order)
            assert number == len(shop.books.orders.all())


def until(condition: Any) -> None:
    """Poll until it holds."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    pause = threading.Event()
    while not condition():
        assert time.monotonic() < deadline, "it did not come to pass"
        pause.wait(0.02)


def events(shop: Shop) -> list[str]:
    """What the shop's log says happened."""
    return [str(line["event"]) for line in shop.books.log.all()]


def stalled_order(shop: Shop, server: ShopServer) -> tuple[Any, Offer, socket.socket]:
    """An order request that the shop has read and sits on; the socket it came by."""
    ours, url = buyer_at(server)
    request = OfferRequest(product_url=f"{url}/products/stalls", quantity=1, buyer=ADA)
    offer = ours.offer(request, DemoInstruments(), key="ci_1/offer")
    assert isinstance(offer, Offer)
    instrument = {"handler_id": "mock_payment_handler", "type": "card", "credential": {"token": "success_token"}}
    body = json.dumps({"payment": {"instruments": [instrument]}})
    host = url.removeprefix("http://")
    connection = socket.create_connection(("127.0.0.1", int(host.rpartition(":")[2])))
    connection.sendall(
        (
            f"POST /ucp/checkout-sessions/{offer.merchant_state['session_id']}/complete HTTP/1.1\r\nHost: {host}\r\n"
            f'UCP-Agent: profile="{PROFILE_URL}"\r\nContent-Length: {len(body)}\r\n\r\n{body}'
        ).encode()
    )
    until(lambda: "order_requested" in events(shop))
    return ours, offer, connection


def test_a_stalled_order_is_placed_only_for_a_client_that_still_waits() -> None:
    """Released while the client waits, it is placed and answered."""
    shop = Shop()
    with served(shop) as server:
        _, _, connection = stalled_order(shop, server)
        with connection:
            assert 0 == len(shop.books.orders.all())
            server.release()
            assert b"200" in connection.recv(65536)
        assert 1 == len(shop.books.orders.all())


def test_a_stalled_order_whose_client_died_is_never_placed_and_can_be_cancelled() -> None:
    """The connection is gone, so nothing comes of it; the look-up then makes that certain."""
    shop = Shop()
    with served(shop) as server:
        ours, offer, connection = stalled_order(shop, server)
        connection.close()
        until(lambda: "client_gone" in events(shop))
        assert isinstance(ours.find_order(offer, key="ci_1/look-up"), Absent)
        server.release()
        assert isinstance(ours.find_order(offer, key="ci_1/look-up"), Absent)
        assert () == tuple(shop.books.orders.all())


class Answering(BaseHTTPRequestHandler):
    """A platform that serves its profile."""

    def do_GET(self) -> None:
        """The profile, or what is no profile."""
        body = json.dumps(platform_profile("http://us.example") if "good" in self.path else {"x": 1}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class's name)
        """Nothing."""


@pytest.mark.parametrize(
    ("path", "insist", "status"),
    [("/good", True, 200), ("/bad", True, 422), ("/bad", False, 200), (None, True, 424), (None, False, 200)],
)
def test_the_platform_s_profile_is_fetched_and_insisted_on_only_when_told(
    path: str | None,
    insist: bool,  # noqa: FBT001 (a parameter of the test)
    status: int,
) -> None:
    """An unreachable or malformed profile is noted and forgiven, unless the shop insists."""
    noted: list[str] = []
    with HTTPServer(("127.0.0.1", 0), Answering) as platform:
        thread = threading.Thread(target=platform.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        profile = f"http://127.0.0.1:{platform.server_address[1] if path else 1}{path or '/'}"
        shop = Shop(check_profile=Platforms(lambda _url, outcome: noted.append(outcome), insist=insist))
        headers = {"host": "shop", "ucp-agent": f'profile="{profile}"'}
        body = json.dumps({"query": "*"}).encode()
        request = Request(method="POST", path="/ucp/catalog/search", headers=headers, body=body, wire=LATEST)
        assert status == shop.handle(request).status
        assert 1 == len(noted)
        platform.shutdown()
        thread.join()


@pytest.mark.processes
def test_as_a_process_it_survives_kill_9_with_its_books(tmp_path: Path) -> None:
    """One JSON line tells where it is; killed and started again with the same book, it knows its order."""
    book = tmp_path / "orders.jsonl"
    said, process = started(book)
    request = OfferRequest(product_url=said["products"]["sells"], quantity=1, buyer=ADA)
    ours, instruments = adapter(Fetcher(allowed=said["hosts"]), profile_url=PROFILE_URL), DemoInstruments()
    offer = ours.offer(request, instruments, key="ci_1/offer")
    assert isinstance(offer, Offer)
    assert offer.payment_handler
    paying = instruments.instrument(offer.payment_handler, offer.cost.total, key="k")
    order = ours.place_order(request, offer, paying, key="ci_1/order")
    assert isinstance(order, Order)
    end(process, signal.SIGKILL)
    assert isinstance(ours.find_order(offer, key="ci_1/look-up"), Unclear)
    port = said["url"].rpartition(":")[2]
    _, process = started(book, "--port", port)
    found = ours.find_order(offer, key="ci_1/look-up")
    assert isinstance(found, Order)
    assert order.merchant_order_id == found.merchant_order_id
    page = httpx2.get(said["products"]["sells"])
    assert (200, True) == (page.status_code, "application/ld+json" in page.text)
    end(process, signal.SIGTERM)


def started(book: Path, *arguments: str) -> tuple[dict[str, Any], "subprocess.Popen[str]"]:
    """The shop as a process, once it listens."""
    process = subprocess.Popen(
        [sys.executable, "-m", "merchants.demo.ucp_shop", "--book", str(book), *arguments],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    return json.loads(process.stdout.readline()), process


def end(process: "subprocess.Popen[str]", how: signal.Signals) -> None:
    """End it, and wait for its end."""
    os.kill(process.pid, how)
    process.wait(PATIENCE_SECONDS)
    assert process.stdout
    process.stdout.close()
