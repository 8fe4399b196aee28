"""Discovery asks a shop once, believes only what it says itself, and remembers within bounds."""

import json
from typing import Any

import httpx2
import pytest

from merchants.demo import dialects
from merchants.fetch import Fetcher
from merchants.ucp.discovery import MAX_REMEMBERED, Business, Directory, NoBusiness, read_profile
from merchants.ucp.profile import agent_header, platform_profile
from merchants.ucp.signatures import Signer
from merchants.ucp.versions import LATEST, VERSIONS, WireVersion

ORIGIN = "https://shop.example"
PRODUCT = f"{ORIGIN}/products/lamp"
WIRE = pytest.mark.parametrize("wire", VERSIONS, ids=lambda wire: wire.version)


class Shops(httpx2.BaseTransport):
    """Answers by path, and counts."""

    def __init__(self, **answers: Any) -> None:
        self.answers = {f"/{name}": answer for name, answer in answers.items()}
        self.asked: list[str] = []
        self.headers: dict[str, str] = {}

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """The document of this path; an exception is raised, an integer is a status."""
        path = request.url.path.replace("/.well-known/", "/")
        self.asked.append(f"{request.url.host}{request.url.path}")
        answer = self.answers.get(path, 404)
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, int):
            return httpx2.Response(answer, headers=self.headers)
        return httpx2.Response(200, json=answer, headers=self.headers)


def directory(shops: Shops, *, now: list[float] | None = None) -> Directory:
    """A directory whose clock a test moves."""
    time = now or [0.0]
    fetcher = Fetcher(wire=shops, resolve=lambda _host, _port: ("93.184.216.34",))
    return Directory(fetcher=fetcher, agent=agent_header("https://us.example/p"), clock=lambda: time[0])


@WIRE
def test_a_profile_of_every_version_is_read(wire: WireVersion) -> None:
    """Where, how, with what, signed by whom: the same answer from three shapes."""
    found = directory(Shops(ucp=dialects.profile(wire, ORIGIN))).find(PRODUCT)
    assert isinstance(found, Business)
    assert (ORIGIN, f"{ORIGIN}/ucp", wire) == (found.origin, found.endpoint, found.wire)
    assert found.has("order")
    assert wire.keyed_registries == found.has("catalog.lookup")
    assert wire.keyed_registries == bool(found.keys)


def test_a_shop_is_asked_once_and_again_when_its_answer_is_old() -> None:
    """Its own max-age counts, between a minute and an hour."""
    now = [0.0]
    shops = Shops(ucp=dialects.profile(LATEST, ORIGIN))
    shops.headers = {"Cache-Control": "public, max-age=600"}
    known = directory(shops, now=now)
    for second, asked in ((0, 1), (599, 1), (601, 2), (602, 2)):
        now[0] = float(second)
        assert isinstance(known.find(PRODUCT), Business)
        assert asked == len(shops.asked)


@pytest.mark.parametrize(("said", "seconds"), [("no-store", 60), ("max-age=1", 60), ("max-age=999999", 3600)])
def test_what_a_shop_says_about_its_age_is_bounded(said: str, seconds: int) -> None:
    """Not a question per call, not a day of old news."""
    now = [0.0]
    shops = Shops(ucp=dialects.profile(LATEST, ORIGIN))
    shops.headers = {"Cache-Control": said}
    known = directory(shops, now=now)
    known.find(PRODUCT)
    now[0] = seconds - 1
    known.find(PRODUCT)
    assert 1 == len(shops.asked)
    now[0] = seconds + 1
    known.find(PRODUCT)
    assert 2 == len(shops.asked)


def test_a_shop_without_ucp_is_remembered_too_and_a_broken_one_is_not() -> None:
    """A 404 is an answer; a 503 or a dead line is worth asking again."""
    shops = Shops(ucp=404)
    known = directory(shops)
    first = known.find(PRODUCT)
    assert isinstance(first, NoBusiness)
    assert not first.retryable
    known.find(PRODUCT)
    assert 1 == len(shops.asked)
    for trouble in (503, 429, httpx2.ConnectError("down"), httpx2.ReadTimeout("slow")):
        broken = Shops(ucp=trouble)
        unsure = directory(broken)
        found = unsure.find(PRODUCT)
        assert isinstance(found, NoBusiness)
        assert found.retryable
        assert 2 == len(broken.asked)
        unsure.find(PRODUCT)
        assert 4 == len(broken.asked)


def test_one_lost_answer_does_not_hide_a_shop() -> None:
    """Asked again at once, it is found."""
    shops = Shops(ucp=httpx2.ReadError("lost"))

    class Recovering(httpx2.BaseTransport):
        def handle_request(self, request: httpx2.Request) -> httpx2.Response:
            try:
                return shops.handle_request(request)
            finally:
                shops.answers["/ucp"] = dialects.profile(LATEST, ORIGIN)

    fetcher = Fetcher(wire=Recovering(), resolve=lambda _host, _port: ("93.184.216.34",))
    assert isinstance(Directory(fetcher=fetcher, agent="").find(PRODUCT), Business)


def test_memory_is_bounded() -> None:
    """A thousand shops and no more, however many URLs somebody sends."""
    known = directory(Shops(ucp=404))
    for number in range(MAX_REMEMBERED + 50):
        known.find(f"https://shop{number}.example/")
    assert MAX_REMEMBERED == len(known._known)


def test_a_redirected_profile_is_not_followed() -> None:
    """One shop could otherwise speak for another."""

    class Redirecting(httpx2.BaseTransport):
        def handle_request(self, request: httpx2.Request) -> httpx2.Response:
            assert "evil" not in str(request.url)
            return httpx2.Response(302, headers={"Location": "https://evil.example/.well-known/ucp"})

    fetcher = Fetcher(wire=Redirecting(), resolve=lambda _host, _port: ("93.184.216.34",))
    assert isinstance(Directory(fetcher=fetcher, agent="").find(PRODUCT), NoBusiness)


def test_a_shop_that_prefers_a_newer_version_is_met_in_the_newest_we_speak() -> None:
    """It says where it describes itself in older ones."""
    newer = {
        "ucp": {
            "version": "2027-03-01",
            "supported_versions": {
                "2026-01-11": f"{ORIGIN}/ucp-2026-01-11",
                "2026-04-08": f"{ORIGIN}/ucp-2026-04-08",
                "2027-03-01": f"{ORIGIN}/ucp-2027-03-01",
            },
        }
    }
    shops = Shops(**{"ucp": newer, "ucp-2026-04-08": dialects.profile(VERSIONS[1], ORIGIN)})
    found = directory(shops).find(PRODUCT)
    assert isinstance(found, Business)
    assert "2026-04-08" == found.wire.version


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"version": "2031-01-01"}, "we speak"),
        ({"version": None}, "we speak"),
        ({"capabilities": {}}, "no checkout"),
        ({"capabilities": "all of them"}, "no checkout"),
        ({"services": {}}, "not over REST"),
        ({"services": {"dev.ucp.shopping": [{"transport": "mcp", "endpoint": f"{ORIGIN}/mcp"}]}}, "not over REST"),
        ({"services": {"dev.ucp.shopping": [{"transport": "rest", "endpoint": "http://x.example"}]}}, "not https"),
    ],
)
def test_a_profile_we_cannot_buy_by_says_why(change: dict[str, Any], why: str) -> None:
    """The sentence an operator reads under `why`."""
    profile = dialects.profile(LATEST, ORIGIN)
    profile["ucp"] = {**profile["ucp"], **change}
    found = read_profile(ORIGIN, profile, 200)
    assert isinstance(found, NoBusiness)
    assert why in found.why


@pytest.mark.parametrize("nonsense", [[], "hello", 7, None, {"ucp": []}, {"ucp": {"version": ["2026-08-25"]}}])
def test_nonsense_is_no_business(nonsense: Any) -> None:
    """Whatever stands at the address, nothing raises."""
    assert isinstance(directory(Shops(ucp=nonsense)).find(PRODUCT), NoBusiness)


@WIRE
def test_our_own_profile_is_one_a_merchant_can_read(wire: WireVersion) -> None:
    """It names its version, the capabilities we share, and our keys where that version looks for them."""
    signer = Signer.from_secret(0xADA, "platform-1")
    profile = json.loads(json.dumps(platform_profile("https://us.example/", wire=wire, signers=[signer])))
    assert wire.version == profile["ucp"]["version"]
    assert [signer.jwk] == profile[wire.keys_field]
    names = profile["ucp"]["capabilities"]
    names = names if wire.keyed_registries else [entry["name"] for entry in names]
    assert {"dev.ucp.shopping.checkout", "dev.ucp.shopping.fulfillment"} <= set(names)


def test_an_older_merchant_is_told_of_a_profile_of_its_own_version() -> None:
    """It may refuse a platform that is newer than itself."""
    assert 'profile="https://us.example/p"' == agent_header("https://us.example/p", LATEST)
    assert 'profile="https://us.example/p?version=2026-01-11"' == agent_header("https://us.example/p", VERSIONS[2])
