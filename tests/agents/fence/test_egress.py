"""The proxy of a visit lets through whom the guard lets through, once resolved, and keeps no more than hosts."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress

import pytest

from agents.browsing.egress import Egress
from agents.browsing.heads import MAX_HEAD_BYTES
from agents.browsing.losses import Losses
from tests.agents.fence.places import Names, Place, Reply, until
from tests.merchants.vectors import FORBIDDEN

SECONDS = 5.0


@pytest.fixture
def place() -> Iterator[Place]:
    """A server to reach."""
    with Place(pages={"/": Reply("hello")}).listening() as listening:
        yield listening


def say(egress: Egress, request: str, *, more: str = "") -> bytes:
    """Send this to the proxy, and read until it hangs up."""
    with socket.create_connection(("127.0.0.1", egress.port), SECONDS) as client:
        client.sendall(request.replace("\n", "\r\n").encode() + more.encode())
        client.settimeout(SECONDS)
        said = b""
        with suppress(ConnectionResetError):  # it hung up before it had read all
            while chunk := client.recv(65536):
                said += chunk
        return said


def get(url: str, *, headers: str = "") -> str:
    """A browser's request to its proxy."""
    return f"GET {url} HTTP/1.1\nHost: whatever.example\n{headers}\n"


def test_a_request_goes_to_its_address_and_ends_the_connection(place: Place) -> None:
    """With the path as it was, the Host that was checked, and nothing of the hop between browser and proxy."""
    with Egress(frozenset({place.pair})).running() as egress:
        headers = "Proxy-Connection: keep-alive\nConnection: keep-alive\nX-Kept: yes\n"
        said = say(egress, get(f"{place.url}/a%20b?c=[d]|e", headers=headers))
    assert said.startswith(b"HTTP/1.1 404")
    assert b"\r\nConnection: close\r\n" in said
    assert ["GET /a%20b?c=[d]|e"] == place.asked
    [seen] = place.headers
    assert (place.pair, "close", "yes") == (seen["host"], seen["connection"], seen["x-kept"])
    assert "proxy-connection" not in seen


def test_a_body_is_sent_on_exactly(place: Place) -> None:
    """As long as it says, and what follows it reaches nobody."""
    with Egress(frozenset({place.pair})).running() as egress:
        hidden = f"GET {place.url}/smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
        request = f"POST {place.url}/ HTTP/1.1\nHost: x\nContent-Length: 5\n\n"
        assert b"hello" in say(egress, request, more="12345" + hidden)
    assert (["POST /"], [b"12345"]) == (place.asked, place.bodies)


def test_a_tunnel_carries_bytes_both_ways(place: Place) -> None:
    """What is in it stays unread; how much it was is in the journal."""
    with Egress(frozenset({place.pair})).running() as egress:
        inside = f"GET /inside HTTP/1.1\r\nHost: {place.pair}\r\nConnection: close\r\n\r\n"
        said = say(egress, f"CONNECT {place.pair} HTTP/1.1\nHost: {place.pair}\n\n", more=inside)
        reached = egress.journal[place.pair]
        assert said.startswith(b"HTTP/1.1 200")
        assert b"404" in said
        assert (len(inside), True) == (reached.sent_bytes, reached.allowed)
        assert reached.received_bytes > 0


def test_a_websocket_is_upgraded_through_it(place: Place) -> None:
    """A proxy that is sent an upgrade hands it on, and then only carries bytes."""
    place.pages["/socket"] = Reply(status=101, headers={"Upgrade": "websocket", "Connection": "Upgrade"})
    with Egress(frozenset({place.pair})).running() as egress:
        upgrade = "Connection: Upgrade\nUpgrade: websocket\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\n"
        with socket.create_connection(("127.0.0.1", egress.port), SECONDS) as client:
            client.sendall(get(f"{place.url}/socket", headers=upgrade).replace("\n", "\r\n").encode())
            client.settimeout(SECONDS)
            assert b"101" in client.recv(65536)
    assert "websocket" == place.headers[0]["upgrade"]


def test_each_connection_is_of_one_host(place: Place) -> None:
    """A second request on a connection would be judged by the first one's host, so there is none."""
    with Egress(frozenset({place.pair})).running() as egress:
        second = "GET http://10.0.0.1/second HTTP/1.1\r\nHost: x\r\n\r\n"
        said = say(egress, get(place.url + "/"), more=second)
        assert 1 == said.count(b"HTTP/1.1")
        assert [place.pair] == list(egress.journal)
    assert ["GET /"] == place.asked


@pytest.mark.parametrize("method", ["GET", "CONNECT"])
@pytest.mark.parametrize("url", FORBIDDEN)
def test_nothing_off_the_public_internet_is_connected_to(url: str, method: str, proxy: Egress) -> None:
    """In whatever spelling, asked for plainly or as a tunnel; the journal says why where it is a host at all."""
    pair = url.split("/")[2]
    target = url if method == "GET" else pair + ("" if pair.rpartition(":")[2].isdigit() else ":443")
    said = say(proxy, f"{method} {target} HTTP/1.1\nHost: x\n\n") if target.isascii() else b"HTTP/1.1 400"
    assert said.startswith((b"HTTP/1.1 403", b"HTTP/1.1 400"))
    assert not any(reached.allowed for reached in proxy.journal.values())


@pytest.fixture(scope="module")
def proxy() -> Iterator[Egress]:
    """A proxy without exceptions, whose every name means this machine."""
    with Egress(frozenset(), Names(["127.0.0.1"])).running() as egress:
        yield egress


@pytest.mark.parametrize("host", ["2130706433", "0x7f000001", "0177.0.0.1", "127.1", "127.0.0.1.", "0"])
def test_an_address_in_an_unusual_spelling_is_none(host: str, proxy: Egress, place: Place) -> None:
    """Browsers write addresses in one way; whoever writes them otherwise is not served."""
    assert say(proxy, get(f"http://{host}:{place.port}/")).startswith(b"HTTP/1.1 400")
    assert say(proxy, f"CONNECT {host}:{place.port} HTTP/1.1\n\n").startswith(b"HTTP/1.1 400")
    assert 0 == place.connections


@pytest.mark.parametrize("answers", [["127.0.0.1"], ["93.184.216.34", "127.0.0.1"], ["::1"], ["169.254.169.254"]])
def test_a_public_name_of_a_private_address_is_refused(answers: list[str]) -> None:
    """As with services that turn any name into the address written in it; one private answer spoils all."""
    with Egress(frozenset(), Names(answers)).running() as egress:
        assert say(egress, get("http://127.0.0.1.nip.example/")).startswith(b"HTTP/1.1 403")
        [reached] = egress.journal.values()
        assert not reached.allowed
        assert "not on the public Internet" in reached.reason


def test_a_name_keeps_its_first_meaning_for_the_whole_visit(place: Place) -> None:
    """DNS that answers otherwise the second time is not asked a second time."""
    names = Names(["127.0.0.1"], ["127.0.0.2"])
    with Egress(frozenset({f"rebind.example:{place.port}"}), names).running() as egress:
        for _ in range(3):
            assert b"hello" in say(egress, get(f"http://rebind.example:{place.port}/"))
    assert ["rebind.example"] == names.asked
    assert 3 == len(place.asked)


def test_an_exception_is_exactly_its_pair(place: Place) -> None:
    """The same host on another port, and another name on the same port, are refused."""
    with Egress(frozenset({f"shop.localhost:{place.port}"}), Names(["127.0.0.1"])).running() as egress:
        assert b"hello" in say(egress, get(f"http://shop.localhost:{place.port}/"))
        for other in (f"shop.localhost:{place.port + 1}", f"pay.localhost:{place.port}", f"127.0.0.1:{place.port}"):
            assert say(egress, get(f"http://{other}/")).startswith(b"HTTP/1.1 403")
    assert 1 == place.connections


@pytest.mark.parametrize(
    "request_text",
    [
        "GET / HTTP/1.1\nHost: 127.0.0.1\n\n",
        "GET https://example.com/ HTTP/1.1\n\n",
        "GET ftp://example.com/ HTTP/1.1\n\n",
        "GET http://user@example.com/ HTTP/1.1\n\n",
        "CONNECT example.com/ HTTP/1.1\n\n",
        "CONNECT http://example.com:443 HTTP/1.1\n\n",
        "GET http://example.com/ HTTP/1.1 x\n\n",
        "GET http://example.com/\n\n",
        "POST http://example.com/ HTTP/1.1\nTransfer-Encoding: chunked\n\n",
        "POST http://example.com/ HTTP/1.1\nContent-Length: -1\n\n",
        "\n\n",
        "GET http://example.com/" + "a" * MAX_HEAD_BYTES + " HTTP/1.1\n\n",
    ],
)
def test_what_no_browser_sends_is_not_understood(request_text: str, proxy: Egress) -> None:
    """It is answered with a plain no, and nobody is asked or reached."""
    before = dict(proxy.journal)
    assert say(proxy, request_text).startswith(b"HTTP/1.1 400")
    assert before == proxy.journal


def test_the_journal_holds_hosts_and_never_paths(place: Place) -> None:
    """Paths and bodies of a checkout hold addresses, sessions and worse."""
    with Egress(frozenset({place.pair})).running() as egress:
        say(egress, f"POST {place.url}/secret?secret HTTP/1.1\nX: secret\nContent-Length: 6\n\n", more="secret")
        assert "secret" not in repr(egress.journal)
        assert [place.pair] == list(egress.journal)


def test_the_proxy_ends_with_its_visit(place: Place) -> None:
    """Nobody listens any more, and what was open is cut."""
    with Egress(frozenset({place.pair})).running() as egress:
        idle = socket.create_connection(("127.0.0.1", egress.port), SECONDS)
        idle.sendall(f"CONNECT {place.pair} HTTP/1.1\r\n\r\n".encode())
        idle.settimeout(SECONDS)
        assert idle.recv(100).startswith(b"HTTP/1.1 200")
    with idle:
        assert b"" == idle.recv(100)
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", egress.port), SECONDS)


def test_too_many_connections_are_turned_away(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page cannot use up the machine's."""
    monkeypatch.setattr("agents.browsing.egress.MAX_CONNECTIONS", 2)
    with Egress(frozenset({place.pair})).running() as egress:
        with ExitStack() as taken:
            for _ in range(2):
                taken.enter_context(socket.create_connection(("127.0.0.1", egress.port), SECONDS))
            assert until(lambda: b"hello" not in say(egress, get(place.url + "/")))
        assert until(lambda: not egress._connections)
        assert until(lambda: b"hello" in say(egress, get(place.url + "/")))


def test_a_page_cannot_make_the_journal_grow_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever counts through names is no shop."""
    monkeypatch.setattr("agents.browsing.egress.MAX_HOSTS", 2)
    with Egress(frozenset(), Names(["127.0.0.1"])).running() as egress:
        for number in range(4):
            say(egress, get(f"http://{number}.example/"))
        assert ["0.example:80", "1.example:80"] == list(egress.journal)


def test_who_hangs_up_while_waiting_is_forgotten(place: Place) -> None:
    """A page that was left behind holds no connection to a server that is slow to answer."""
    place.pages["/slow"] = Reply(wait=threading.Event())
    with Egress(frozenset({place.pair})).running() as egress:
        with socket.create_connection(("127.0.0.1", egress.port), SECONDS) as client:
            client.sendall(get(f"{place.url}/slow").replace("\n", "\r\n").encode())
            assert until(lambda: place.asked)
        assert until(lambda: not egress._connections)


def test_silence_is_ended(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a head that does not come nor a tunnel nobody uses is kept open."""
    monkeypatch.setattr("agents.browsing.egress.HEAD_SECONDS", 0.1)
    monkeypatch.setattr("agents.browsing.egress.IDLE_SECONDS", 0.1)
    with Egress(frozenset({place.pair})).running() as egress:
        assert b"" == say(egress, "GET http://exam")
        assert say(egress, f"CONNECT {place.pair} HTTP/1.1\n\n").startswith(b"HTTP/1.1 200")


def test_a_resolver_that_hangs_holds_nobody_else_up(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """One dead name server, and the other hosts of the page still load."""
    monkeypatch.setattr("agents.browsing.egress.CONNECT_SECONDS", 0.3)

    def resolve(host: str, _port: int) -> Sequence[str]:
        if host == "slow.example":
            time.sleep(0.6)
        return ["127.0.0.1"]

    egress = Egress(frozenset({f"fast.example:{place.port}"}), resolve)
    with egress.running(), socket.create_connection(("127.0.0.1", egress.port), SECONDS) as slow:
        slow.sendall(get("http://slow.example/").replace("\n", "\r\n").encode())
        assert b"hello" in say(egress, get(f"http://fast.example:{place.port}/"))
        assert slow.recv(100).startswith(b"HTTP/1.1 502")


def test_a_connection_that_was_being_made_when_an_answer_was_lost_is_not_used() -> None:
    """Making one takes time, and the browser would send the request again on the first there is."""

    async def lost_meanwhile() -> None:
        kept = Losses()
        async with asyncio.timeout(SECONDS):
            with socket.create_server(("127.0.0.1", 0)) as server:
                _, client = await asyncio.open_connection(*server.getsockname())
                with kept.watched(lambda _: 0.0):
                    carrier = kept.begun("shop:443", client)
                    assert carrier
                    carrier.said()
                    assert await kept.admits("shop:443", tunnels=True)
                    await kept.ended(carrier)
                    assert kept.begun("shop:443", client) is None
                    assert kept.begun("other:443", client)
                assert kept.begun("shop:443", client)
                client.close()

    asyncio.run(lost_meanwhile())
