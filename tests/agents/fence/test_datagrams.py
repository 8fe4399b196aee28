"""A browser sends no datagram: what leaves without the proxy would leave without the fence."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page

from agents.browsing.browser import AS_ROOT, Browser, find
from agents.browsing.fence import Fence
from tests.agents.fence.places import INSTALLED, Place, Reply, until

GATHER = """
  async servers => {
    const peer = new RTCPeerConnection({iceServers: servers});
    peer.createDataChannel('x');
    const done = new Promise(resolve => {
      peer.onicegatheringstatechange = () => peer.iceGatheringState === 'complete' && resolve();
      setTimeout(resolve, 1000);
    });
    await peer.setLocalDescription(await peer.createOffer());
    await done;
  }"""


@pytest.fixture
def ear() -> Iterator[socket.socket]:
    """A UDP socket that hears whoever sends to it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.bind(("127.0.0.1", 0))
        udp.setblocking(False)
        yield udp


def hears(ear: socket.socket) -> bool:
    """Whether anything came."""
    try:
        return bool(ear.recv(2048))
    except BlockingIOError:
        return False


QUIC = """
  async port => {
    const transport = new WebTransport(`https://127.0.0.1:${port}/`);
    await Promise.race([transport.ready, transport.closed, new Promise(done => setTimeout(done, 1000))]).catch(() => 0);
  }"""


def call(page: Page, ear: socket.socket, relay: Place) -> None:
    """Let the page look for its own address, and for a relay, the way video calls do."""
    turn = {"urls": f"turn:{relay.pair}?transport=tcp", "username": "x", "credential": "x"}
    page.evaluate(GATHER, [{"urls": f"stun:127.0.0.1:{ear.getsockname()[1]}"}, turn])


@pytest.fixture(params=INSTALLED, ids=lambda path: Path(path).name)
def each(request: pytest.FixtureRequest) -> Iterator[Browser]:
    """Each installed browser in turn: each has its own name for the flag that counts."""
    with Browser.opened(find(request.param)) as opened:
        yield opened


def test_a_peer_connection_sends_nothing(each: Browser, shop: Place, elsewhere: Place, ear: socket.socket) -> None:
    """No server is asked for the machine's address, and no relay."""
    shop.pages = {"/": Reply("shop")}
    with each.visit(Fence(shop.url, allowed_private=[shop.pair])) as visit:
        visit.open(shop.url)
        call(visit.page, ear, elsewhere)
        visit.page.evaluate(QUIC, ear.getsockname()[1])
    assert not hears(ear)
    assert 0 == elsewhere.connections


def test_without_the_flags_it_does(each: Browser, shop: Place, ear: socket.socket) -> None:
    """The control: the same page in the same browser, started plainly."""
    shop.pages = {"/": Reply("shop")}
    with Place().listening() as relay:
        plain = each._playwright.chromium.launch(
            executable_path=each._found.path, args=AS_ROOT if os.geteuid() == 0 else ()
        )
        try:
            page = plain.new_page()
            page.goto(shop.url)
            call(page, ear, relay)
            assert until(lambda: hears(ear), 2.0)
            assert until(lambda: relay.connections, 2.0)
            while hears(ear):
                pass
            page.evaluate(QUIC, ear.getsockname()[1])
            assert until(lambda: hears(ear), 2.0)
        finally:
            plain.close()
