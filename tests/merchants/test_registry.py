"""Which adapter buys, and the sentence that says why."""

from importlib.metadata import EntryPoint

import pytest

from merchants.demo.shop import Shop
from merchants.demo.transport import ShopTransport
from merchants.fetch import Fetcher
from merchants.registry import GROUP, AdapterUnknownError, Registry
from tests.merchants.world import PROFILE_URL, World

OPTIONS = {"ucp": {"profile_url": PROFILE_URL}, "zeta": {"name": "zeta"}}


def points(*names: str) -> list[EntryPoint]:
    """Installed adapters; each is the fussy one, except `ucp`."""
    return [
        EntryPoint(name, "merchants.ucp:adapter" if name == "ucp" else "tests.merchants.fussy:adapter", GROUP)
        for name in names
    ]


def fetcher() -> Fetcher:
    """One that reaches a shop in this process."""
    doors = ShopTransport(Shop())
    return Fetcher(allowed=doors.pairs, wire=doors)


URL = World().request().product_url


def test_the_ucp_adapter_is_installed_by_its_entry_point() -> None:
    """The distribution offers it to any registry, and it takes a UCP shop's URL."""
    registry = Registry.load(fetcher(), options=OPTIONS)
    found = registry.find(URL)
    assert found
    assert "ucp" == found.name
    assert found is registry.named("ucp")


def test_adapters_are_asked_in_the_order_of_preference() -> None:
    """Named ones first, the others by name; the first that matches buys."""
    loaded = Registry.load(fetcher(), options=OPTIONS, found=points("ucp", "zeta", "acme"), order=["zeta"])
    assert ["zeta", "acme", "ucp"] == [merchant.name for merchant in loaded.merchants]
    found = loaded.find(URL)
    assert found
    assert "ucp" == found.name


def test_why_names_every_adapter_its_reason_and_the_chosen_one() -> None:
    """An operator sees who was asked, what each said, and who buys."""
    loaded = Registry.load(fetcher(), options=OPTIONS, found=points("ucp", "acme"))
    acme, ucp = loaded.why(URL)
    assert ("acme", False, False) == (acme.adapter, acme.matches, acme.chosen)
    assert ("ucp", True, True) == (ucp.adapter, ucp.matches, ucp.chosen)
    assert "speaks UCP 2026-08-25" in ucp.why
    assert acme.why


def test_why_explains_a_url_that_must_not_be_fetched() -> None:
    """The guard's sentence is everybody's."""
    loaded = Registry.load(fetcher(), options=OPTIONS, found=points("ucp", "acme"))
    assert {"169.254.169.254 is not on the public Internet; give a public address"} == {
        reason.why for reason in loaded.why("http://169.254.169.254/")
    }
    assert None is loaded.find("http://169.254.169.254/")


def test_a_pinned_host_is_bought_from_by_its_adapter_or_by_none() -> None:
    """A pin is an order, not a preference: the others are not asked."""
    loaded = Registry.load(fetcher(), options=OPTIONS, found=points("ucp", "acme"), pins={"127.0.0.1": "acme"})
    assert None is loaded.find(URL)
    assert ["acme"] == [reason.adapter for reason in loaded.why(URL)]


@pytest.mark.parametrize("wrong", [{"order": ["nosuch"]}, {"pins": {"shop.example": "nosuch"}}])
def test_a_preference_for_an_adapter_that_is_not_installed_is_an_error_at_the_start(wrong: dict[str, object]) -> None:
    """Not at the first purchase."""
    with pytest.raises(AdapterUnknownError, match="nosuch"):
        Registry.load(fetcher(), options=OPTIONS, found=points("ucp"), **wrong)  # type: ignore[arg-type]


def test_two_adapters_of_one_name_are_refused() -> None:
    """The one that made an offer could not be told from the other."""
    with pytest.raises(ValueError, match="one name"):
        Registry.load(fetcher(), found=points("acme", "beta"))
