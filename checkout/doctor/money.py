"""Whose money it is: Stripe's live mode, its test mode, or a sandbox. Of a key only its beginning is read."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from checkout.doctor.findings import Finding, masked
from checkout.settings import Settings

TEST, LIVE = ("sk_test_", "rk_test_"), ("sk_live_", "rk_live_")
LOOPBACK = ("127.0.0.1", "localhost", "::1")


def payments(settings: Settings) -> Iterator[Finding]:
    """The mode, and what contradicts it."""
    key = settings.stripe_api_key.get_secret_value() if settings.stripe_api_key else ""
    if not key:
        yield _pretended(settings)
    elif key.startswith(TEST):
        yield Finding(name="payments", found="Stripe in test mode: no real money")
    elif key.startswith(LIVE):
        yield Finding(
            name="payments",
            found="Stripe in live mode: money is real",
            mend="Unset CHECKOUT_DEMO_INSTRUMENTS: it is for demo shops." if settings.demo_instruments else "",
        )
        yield from _address(settings)
    else:
        yield Finding(
            name="payments",
            found="STRIPE_API_KEY is no secret key of Stripe's",
            mend="Set it to a key that begins with sk_test_, sk_live_, rk_test_ or rk_live_, or to nothing.",
        )


def _pretended(settings: Settings) -> Finding:
    said = "no STRIPE_API_KEY: money is pretended, by a payment sandbox"
    if settings.payment_sandbox_url:
        return Finding(name="payments", found=f"{said} ({masked(settings.payment_sandbox_url)})")
    if settings.redis_url is None:
        return Finding(name="payments", found=f"{said} (one that `checkout serve` starts)")
    return Finding(
        name="payments",
        found="no STRIPE_API_KEY, and no sandbox that all processes reach",
        mend="Set STRIPE_API_KEY, or CHECKOUT_PAYMENT_SANDBOX_URL to one sandbox, for every process.",
    )


def _address(settings: Settings) -> Iterator[Finding]:
    """Real merchants read our profile at this address."""
    if urlsplit(settings.public_url).hostname in LOOPBACK:
        yield Finding(
            name="address",
            found=f"merchants are told to find us at {settings.public_url}, which is their own machine",
            mend="Set CHECKOUT_PUBLIC_URL to how they reach this service.",
        )
