"""The demo pays demo merchants with test tokens, chosen by the handler's name, and nobody else with anything."""

import pytest

from payments.demo_instruments import FAIL_TOKEN, MOCK_HANDLER, SUCCESS_TOKEN, DemoInstruments
from payments.instruments import NoInstruments, PaymentHandler
from payments.money import Money

MOCK = PaymentHandler(handler_id="h1", name=MOCK_HANDLER, instrument_types=["card"])
DECLINING = PaymentHandler(handler_id="h2", name=f"{MOCK_HANDLER}.declining", instrument_types=["card"])
REAL = PaymentHandler(handler_id="h3", name="com.google.pay", instrument_types=["card"])
PRICE = Money(1999, "USD")


def test_the_first_handler_in_our_order_is_chosen() -> None:
    """Whatever order the merchant offers them in; a real one is never chosen."""
    source = DemoInstruments()
    assert MOCK is source.choose([REAL, DECLINING, MOCK])
    assert DECLINING is source.choose([REAL, DECLINING])
    assert source.choose([REAL]) is None
    assert source.choose([]) is None


@pytest.mark.parametrize(("handler", "token"), [(MOCK, SUCCESS_TOKEN), (DECLINING, FAIL_TOKEN)])
def test_the_handlers_name_decides_the_token(handler: PaymentHandler, token: str) -> None:
    """The same key gives the same instrument, and its credential is not shown."""
    source = DemoInstruments()
    instrument = source.instrument(handler, PRICE, key="k")
    assert instrument is not None
    assert instrument == source.instrument(handler, PRICE, key="k")
    assert ("card", token) == (instrument.type, instrument.credential["token"])
    assert token not in f"{instrument}{source}"


def test_the_instrument_is_of_a_type_the_merchant_takes() -> None:
    """A card where cards are taken, else what is."""
    wallet = PaymentHandler(handler_id="h", name=MOCK_HANDLER, instrument_types=["wallet"])
    instrument = DemoInstruments().instrument(wallet, PRICE, key="k")
    assert instrument is not None
    assert "wallet" == instrument.type


def test_other_tokens_can_be_configured() -> None:
    """Names and tokens are data."""
    source = DemoInstruments(tokens={"com.example.test": "another_token"})
    assert source.choose([MOCK]) is None
    assert source.instrument(MOCK, PRICE, key="k") is None


def test_nothing_configured_pays_nobody() -> None:
    """The default source chooses nothing."""
    assert NoInstruments().choose([MOCK]) is None
    assert NoInstruments().instrument(MOCK, PRICE, key="k") is None
