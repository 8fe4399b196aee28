"""Which addresses are the shop's, which take its payment, and which are nobody's business."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.browsing.fence import KNOWN_PAYMENT_HOSTS, Fence
from merchants.errors import UrlError
from tests.merchants.vectors import FORBIDDEN, INVALID

SHOP = Fence("https://www.shop.example.co.uk/mug?ref=1")
DEMO = Fence(
    "http://shop.localhost:8001/mug",
    allowed_private=["shop.localhost:8001", "pay.localhost:8002", "127.0.0.1:8003"],
    payment_hosts=["pay.localhost:8002"],
)


@pytest.mark.parametrize(
    "url",
    [
        "https://www.shop.example.co.uk/checkout",
        "https://example.co.uk",
        "https://checkout.example.co.uk/" + "x" * 5000,
        "https://example.co.uk:443/",
        "https://EXAMPLE.co.uk/",
        "http://www.shop.example.co.uk/old-link",
        "https://js.stripe.com/v3/elements-inner-card.html",
    ],
)
def test_the_shop_s_registrable_domain_and_payment_hosts_may_be_opened(url: str) -> None:
    """Any name below the domain somebody registered, and hosted payment pages."""
    assert SHOP.may_open(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://co.uk/",
        "https://other.co.uk/",
        "https://example.co.uk.evil.example/",
        "https://example.co/",
        "https://www-shop-example.co.uk/",
        "https://examp1e.co.uk/",
        "https://exаmple.co.uk/",  # noqa: RUF001 (the look-alike letter is the point)
        "https://xn--exmple-4nf.co.uk/",
        "https://example.co.uk@evil.example/",
        "https://evil.example\\@example.co.uk/",
        "https://example.co.uk./",
        "https://example.co.uk:22/",
        "https://evil.example/?https://example.co.uk/",
        "https://evil.example/#.example.co.uk/",
        "https://js.stripe.com.evil.example/",
        "https://evil.js.stripe.com/",
        "http://js.stripe.com/",
        "https://js.stripe.com:8443/",
        "//example.co.uk/",
        "about:blank",
        "null",
    ],
)
def test_whatever_only_looks_like_them_may_not(url: str) -> None:
    """Other endings, other alphabets, other ports, and tricks of writing."""
    assert not SHOP.may_open(url)
    assert not SHOP.is_merchant(url)
    assert not SHOP.is_payment(url)


@pytest.mark.parametrize("url", FORBIDDEN + INVALID)
def test_no_private_or_malformed_address_is_anybody_s(url: str) -> None:
    """The guard of all other calls says no, so the fence does."""
    # What is wrong with a path alone is no trouble for a browser.
    path_alone = url.startswith(("https://example.com/", "http://example.com/"))
    assert path_alone == Fence("https://example.com/").may_open(url)


@pytest.mark.parametrize("url", ["http://10.0.0.1/", "http://localhost/", "ftp://example.com", "mug"])
def test_there_is_no_fence_around_a_private_shop(url: str) -> None:
    """The product's own URL is judged first."""
    with pytest.raises(UrlError):
        Fence(url)


def test_two_shops_of_one_hosting_company_are_two_sites() -> None:
    """The public suffix list knows under which names strangers live side by side."""
    fence = Fence("https://mine.myshopify.com/mug")
    assert fence.may_open("https://mine.myshopify.com/cart")
    assert not fence.may_open("https://yours.myshopify.com/cart")
    assert not fence.may_open("https://myshopify.com/")


def test_nothing_is_typed_into_the_shop_over_plain_http() -> None:
    """Its http address may lead on to https, but is not the merchant to whoever fills a form."""
    assert SHOP.may_open("http://example.co.uk/")
    assert not SHOP.is_merchant("http://example.co.uk")
    assert SHOP.is_merchant("https://example.co.uk")
    assert Fence("http://example.co.uk/").is_merchant("http://example.co.uk")


def test_demo_shops_are_told_apart_by_their_ports() -> None:
    """An allowed private pair is exactly that pair, and one is not the other's site."""
    assert DEMO.is_merchant("http://shop.localhost:8001")
    assert not DEMO.is_merchant("http://shop.localhost:8002")
    assert not DEMO.may_open("http://shop.localhost/")
    assert not DEMO.may_open("http://127.0.0.1:8003/")
    assert DEMO.is_payment("http://pay.localhost:8002")
    assert not DEMO.is_merchant("http://pay.localhost:8002")


def test_a_payment_host_may_stand_for_every_name_below_it() -> None:
    """Written with `*.`; the bare name is another entry."""
    fence = Fence("https://example.com/", payment_hosts=["*.acs.example"])
    assert fence.is_payment("https://bank.acs.example/challenge")
    assert not fence.is_payment("https://acs.example/")
    assert not fence.is_payment("https://evilacs.example/")


def test_the_known_payment_hosts_are_names_of_the_public_internet() -> None:
    """Each is https, and nobody's whole domain."""
    assert all(SHOP.is_payment(f"https://{host}/") for host in KNOWN_PAYMENT_HOSTS)
    assert not any(host.startswith("*") for host in KNOWN_PAYMENT_HOSTS)


@given(st.text(max_size=60))
def test_nothing_at_all_makes_the_rules_stumble(url: str) -> None:
    """They say yes or no to any text."""
    assert SHOP.may_open(url) in {True, False}
    assert not SHOP.is_payment(url)


@given(st.from_regex(r"https://[a-z0-9.@:\\/?#_-]{0,40}", fullmatch=True))
def test_an_address_that_may_be_opened_ends_in_the_domain(url: str) -> None:
    """Whatever stands before or after the host."""
    if SHOP.is_merchant(url):
        host = url.removeprefix("https://").split("/")[0].split("?")[0].split("#")[0].partition(":")[0]
        assert "example.co.uk" == host or host.endswith(".example.co.uk")
