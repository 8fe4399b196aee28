"""The guard lets through the public Internet and exact exceptions, in whatever spelling an address comes."""

from collections.abc import Sequence

import httpx2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from merchants.errors import (
    AnswerLostError,
    AnswerRefusedError,
    NotSentError,
    UrlError,
    UrlForbiddenError,
    UrlInvalidError,
)
from merchants.fetch import Fetcher
from merchants.wire import ADDRESSES
from tests.merchants.vectors import FORBIDDEN, INVALID

PUBLIC = "93.184.216.34"


def resolving(*answers: str) -> "Resolver":
    """A resolver that knows these addresses, one list per question, and counts the questions."""
    return Resolver([answers])


class Resolver:
    """Answers each question with the next list; the last one for ever."""

    def __init__(self, answers: list[Sequence[str]]) -> None:
        self.answers = answers
        self.asked: list[tuple[str, int]] = []

    def __call__(self, host: str, port: int) -> Sequence[str]:
        """The addresses of `host`."""
        self.asked.append((host, port))
        return self.answers[min(len(self.asked), len(self.answers)) - 1]


class Recorder(httpx2.BaseTransport):
    """Answers each request with the next response, and keeps what it was asked."""

    def __init__(self, *answers: httpx2.Response) -> None:
        self.answers = list(answers) or [httpx2.Response(200, content=b"{}")]
        self.asked: list[httpx2.Request] = []

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """The next answer."""
        self.asked.append(request)
        return self.answers[min(len(self.asked), len(self.answers)) - 1]


@pytest.mark.parametrize("url", FORBIDDEN)
def test_an_address_off_the_public_internet_is_forbidden_before_anything_is_asked(url: str) -> None:
    """Whatever its spelling, the URL is refused and neither DNS nor the wire hears of it."""
    resolver, wire = resolving("127.0.0.1"), Recorder()
    with pytest.raises(UrlForbiddenError) as refused:
        Fetcher(wire=wire, resolve=resolver).fetch("GET", url)
    assert "url_forbidden" == refused.value.code
    assert [] == resolver.asked
    assert [] == wire.asked


@pytest.mark.parametrize("url", INVALID)
def test_what_is_no_web_address_is_invalid(url: str) -> None:
    """Broken and ambiguous spellings are refused as such, not guessed at."""
    with pytest.raises(UrlInvalidError) as refused:
        Fetcher().check_url(url)
    assert "url_invalid" == refused.value.code
    assert str(refused.value)


@pytest.mark.parametrize(
    ("url", "canonical"),
    [
        ("https://example.com", "https://example.com/"),
        ("HTTPS://Example.COM:443/a", "https://example.com/a"),
        ("http://example.com:8080/a?b=c#d", "http://example.com:8080/a?b=c"),
        ("https://bücher.example/straße", "https://xn--bcher-kva.example/stra%C3%9Fe"),
        ("https://example.com/a%20b", "https://example.com/a%20b"),
        ("http://93.184.216.34/", "http://93.184.216.34/"),
        ("http://[2606:4700::6810:84e5]/", "http://[2606:4700::6810:84e5]/"),
    ],
)
def test_a_public_url_has_one_canonical_form(url: str, canonical: str) -> None:
    """What is let through is what was read, so that no second parser can read it differently."""
    assert canonical == Fetcher().check_url(url).url


@pytest.mark.parametrize(
    "answers", [("127.0.0.1",), (PUBLIC, "10.0.0.1"), ("::1",), (PUBLIC, "64:ff9b::a9fe:a9fe"), ("169.254.169.254",)]
)
def test_a_name_is_forbidden_if_any_of_its_addresses_is(answers: tuple[str, ...]) -> None:
    """One private answer among public ones is enough: the client may pick any."""
    wire = Recorder()
    with pytest.raises(UrlForbiddenError):
        Fetcher(wire=wire, resolve=resolving(*answers)).fetch("GET", "https://shop.example/")
    assert [] == wire.asked


def test_a_name_that_means_something_else_the_second_time_is_asked_only_once() -> None:
    """Rebinding DNS gains nothing: the connection goes to the addresses that were checked."""
    resolver, wire = Resolver([(PUBLIC,), ("127.0.0.1",)]), Recorder()
    Fetcher(wire=wire, resolve=resolver).fetch("GET", "https://shop.example/")
    assert [("shop.example", 443)] == resolver.asked
    assert (PUBLIC,) == wire.asked[0].extensions[ADDRESSES]
    assert "shop.example" == wire.asked[0].headers["host"]


@pytest.mark.parametrize(
    "location", ["http://127.0.0.1/", "//169.254.169.254/", "https://10.0.0.1/", "ftp://shop.example/", "http://a@b/"]
)
def test_a_redirect_is_checked_like_a_first_call(location: str) -> None:
    """A public shop cannot send us where we would not have gone."""
    wire = Recorder(httpx2.Response(302, headers={"Location": location}))
    with pytest.raises(UrlError):
        Fetcher(wire=wire, resolve=resolving(PUBLIC)).fetch("GET", "https://shop.example/", redirects=3)
    assert 1 == len(wire.asked)


def test_a_redirect_from_https_to_http_is_refused() -> None:
    """A call that began encrypted ends encrypted."""
    wire = Recorder(httpx2.Response(301, headers={"Location": "http://shop.example/"}))
    with pytest.raises(UrlForbiddenError):
        Fetcher(wire=wire, resolve=resolving(PUBLIC)).fetch("GET", "https://shop.example/", redirects=3)


def test_redirects_end() -> None:
    """A shop that redirects for ever is left."""
    wire = Recorder(httpx2.Response(302, headers={"Location": "/again"}))
    with pytest.raises(AnswerRefusedError):
        Fetcher(wire=wire, resolve=resolving(PUBLIC)).fetch("GET", "https://shop.example/", redirects=99)
    assert 5 == len(wire.asked)


def test_a_redirect_is_an_answer_unless_following_was_asked_for() -> None:
    """Discovery and every changing call must not follow."""
    wire = Recorder(httpx2.Response(302, headers={"Location": "/again"}))
    assert 302 == Fetcher(wire=wire, resolve=resolving(PUBLIC)).fetch("POST", "https://shop.example/").status


def test_an_exception_is_one_exact_host_and_port() -> None:
    """Neither another port of the host nor another host at the port is let through with it."""
    fetcher = Fetcher(
        allowed=["127.0.0.1:8123", "shop.localhost:9000"], wire=Recorder(), resolve=resolving("127.0.0.1")
    )
    assert 200 == fetcher.fetch("GET", "http://127.0.0.1:8123/").status
    assert 200 == fetcher.fetch("GET", "http://shop.localhost:9000/").status
    for url in (
        "http://127.0.0.1:8124/",
        "http://127.0.0.2:8123/",
        "http://other.localhost:9000/",
        "http://127.0.0.1/",
    ):
        with pytest.raises(UrlForbiddenError):
            fetcher.fetch("GET", url)


def test_an_answer_over_the_limit_is_refused() -> None:
    """A shop cannot fill our memory."""
    wire = Recorder(httpx2.Response(200, content=b"x" * 1001))
    with pytest.raises(AnswerRefusedError):
        Fetcher(wire=wire, resolve=resolving(PUBLIC)).fetch("GET", "https://shop.example/", max_bytes=1000)


def test_an_encoded_answer_is_refused() -> None:
    """We ask for none, and a few bytes of one can be a thousand times as many."""
    wire = Recorder(httpx2.Response(200, headers={"Content-Encoding": "gzip"}, stream=httpx2.ByteStream(b"x")))
    with pytest.raises(AnswerRefusedError):
        Fetcher(wire=wire, resolve=resolving(PUBLIC)).fetch("GET", "https://shop.example/")


def test_no_address_means_not_sent() -> None:
    """A name nobody knows is told apart from an answer that was lost."""

    def unknown(_host: str, _port: int) -> Sequence[str]:
        raise OSError("Name or service not known")

    with pytest.raises(NotSentError):
        Fetcher(wire=Recorder(), resolve=unknown).fetch("GET", "https://shop.example/")


@pytest.mark.parametrize(
    ("failure", "means"),
    [
        (httpx2.ConnectError("refused"), NotSentError),
        (httpx2.ConnectTimeout("slow"), NotSentError),
        (httpx2.ReadError("reset"), AnswerLostError),
        (httpx2.ReadTimeout("slow"), AnswerLostError),
        (httpx2.RemoteProtocolError("garbage"), AnswerLostError),
        (httpx2.WriteError("reset"), AnswerLostError),
    ],
)
def test_only_a_connection_that_never_stood_counts_as_not_sent(failure: Exception, means: type[Exception]) -> None:
    """Everything after the connection may have reached the merchant."""

    class Failing(httpx2.BaseTransport):
        def handle_request(self, request: httpx2.Request) -> httpx2.Response:  # noqa: ARG002 (it fails whatever is asked)
            raise failure

    with pytest.raises(means) as raised:
        Fetcher(wire=Failing(), resolve=resolving(PUBLIC)).fetch("GET", "https://shop.example/")
    assert means is type(raised.value)


HOSTS = st.one_of(
    st.text(alphabet="abcxyz0123456789.-_%[]:@/\\#?１。ⓐ\u00ad\u200d", max_size=24),  # noqa: RUF001 (look-alikes are the point)
    st.from_regex(r"[a-z0-9.-]{1,20}(:[0-9]{1,5})?(/[ -~]{0,12})?", fullmatch=True),
    st.ip_addresses().map(lambda address: f"[{address}]" if address.version == 6 else str(address)),
)


@settings(max_examples=200)
@given(st.sampled_from(["http", "https", "HTTP", "file", ""]), HOSTS)
def test_what_is_let_through_is_read_alike_by_the_client_that_sends_it(scheme: str, rest: str) -> None:
    """No URL is one thing to the guard and another to the HTTP client, and the canonical form is its own."""
    try:
        target = Fetcher().check_url(f"{scheme}://{rest}")
    except UrlError:
        return
    sent = httpx2.URL(target.url)
    assert (target.scheme, target.host) == (sent.scheme, sent.host)
    assert target.port == (sent.port or {"http": 80, "https": 443}[sent.scheme])
    assert "" == sent.userinfo.decode()
    assert target == Fetcher().check_url(target.url)
