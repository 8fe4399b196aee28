"""Where a visit may go, where card and address may be typed, and how often an order may be sent.

The merchant is the registrable domain of the product's URL, by the public suffix list inside the package: a name that
only looks alike (another ending, another alphabet in punycode) is another domain. Beside it stand the payment hosts.
Which addresses can be reached at all is the egress proxy's business; this is about what a page may show at top level.
Knows names; must never resolve or connect.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext
from publicsuffixlist import PublicSuffixList

from agents.browsing.losses import Losses
from agents.browsing.sending import CommitWatch, SentRequest, watching
from merchants.errors import UrlError
from merchants.fetch import Fetcher
from merchants.urls import Target

__all__ = ["KNOWN_PAYMENT_HOSTS", "CommitWatch", "Fence", "SentRequest"]

# Where card fields of shops live that do not hold them themselves: exact names, or `*.` for every name below.
# Only hosts that serve a payment company's own pages and never a customer's: what is typed there goes to that company.
# Not here: wallets and pay-later (Shop Pay, Klarna, PayPal's login), which need the person's own account; and the card
# issuers' 3-D Secure servers, thousands of names nobody can list. A challenge shows in a frame of the page, where it
# may load but nothing is filled in; at top level it is refused and noted. Either way only the cardholder can answer it.
KNOWN_PAYMENT_HOSTS: tuple[str, ...] = (
    "js.stripe.com",  # Elements: the card fields' frames
    "checkout.stripe.com",  # the hosted checkout page
    "hooks.stripe.com",  # between a 3-D Secure challenge and the shop
    "checkout.pci.shopifyinc.com",  # the card fields' frames of Shopify's checkout
    "checkout.shopifycs.com",  # the same, of older checkouts
    "checkoutshopper-live.adyen.com",  # Adyen's secured fields, and its regions
    "checkoutshopper-live-us.adyen.com",
    "checkoutshopper-live-au.adyen.com",
    "checkoutshopper-live-apse.adyen.com",
    "checkoutshopper-live-in.adyen.com",
    "assets.braintreegateway.com",  # Braintree's hosted fields
    "www.paypal.com",  # PayPal's card fields for guests
    "js.checkout.com",  # Checkout.com's frames
    "pay.checkout.com",  # its hosted page
    "web.squarecdn.com",  # Square's card field
    "js.mollie.com",  # Mollie's components
    "www.mollie.com",  # its hosted page
)

_SUFFIXES = PublicSuffixList()


class Fence:
    """One visit's rules. Made before the visit, by whoever knows the product and the configuration."""

    def __init__(
        self,
        product_url: str,
        *,
        allowed_private: Sequence[str] = (),
        payment_hosts: Sequence[str] = KNOWN_PAYMENT_HOSTS,
    ) -> None:
        """`allowed_private`: exact `host:port` pairs; `payment_hosts`: names (https), or exact `host:port` pairs.

        `merchants.errors.UrlError` when the product's URL is none a shop could have.
        """
        self.allowed_private = frozenset(pair.lower() for pair in allowed_private)
        self._guard = Fetcher(allowed=self.allowed_private)
        self._product = self._guard.check_url(product_url)
        self._payment_hosts = frozenset(host.lower() for host in payment_hosts)
        self._around: tuple[BrowserContext, Losses] | None = None
        self.is_committing = False

    def may_open(self, url: str) -> bool:
        """Whether the page at `url` may stand at top level: the merchant's or a payment host's, over the web.

        The shop's plain http addresses pass too, because old links lead through them to https.
        """
        target = self._read(url)
        return target is not None and (self._same_site(target) or self._pays(target))

    def is_merchant(self, origin: str) -> bool:
        """Whether `origin` (or a URL of it) is the merchant's; never plain http where the product came over https."""
        target = self._read(origin)
        return target is not None and self._same_site(target) and (target.scheme, self._product.scheme) != _DOWNGRADE

    def is_payment(self, origin: str) -> bool:
        """Whether `origin` (or a URL of it) is one of the payment hosts."""
        target = self._read(origin)
        return target is not None and self._pays(target)

    @contextmanager
    def committing(self) -> Iterator[CommitWatch]:
        """From here on each request that changes something passes once; repeats are cut. See `sending`."""
        assert self._around, "a commit needs the visit this fence stands around"
        context, losses = self._around
        self.is_committing = True
        try:
            with watching(context) as watch, losses.watched(watch.awaited):
                yield watch
        finally:
            self.is_committing = False

    def around(self, context: BrowserContext, losses: Losses) -> None:
        """Stand around this visit's browser context and its proxy; called by the browser when the visit begins."""
        self._around = context, losses

    def _read(self, url: str) -> Target | None:
        try:
            parts = urlsplit(url)
            # Only the host is judged, and paths of checkouts are longer than a product's URL may be.
            return self._guard.check_url(f"{parts.scheme}://{parts.netloc}/")
        except (UrlError, ValueError):
            return None

    def _same_site(self, target: Target) -> bool:
        if self._pays_exactly(target):
            return False
        if self._product.pair in self.allowed_private and target.port != self._product.port:
            return False  # demo shops share a machine, and are told apart by their ports
        return registrable(target) == registrable(self._product)

    def _pays(self, target: Target) -> bool:
        if self._pays_exactly(target):
            return True
        if target.scheme != "https" or target.port != 443:  # noqa: PLR2004 (https)
            return False
        return any(
            target.host == host or (host.startswith("*.") and target.host.endswith(host[1:]))
            for host in self._payment_hosts
        )

    def _pays_exactly(self, target: Target) -> bool:
        return target.pair in self._payment_hosts


_DOWNGRADE = ("http", "https")


def registrable(target: Target) -> str:
    """The part of a host's name that somebody registered; an address, or a public suffix itself, stands for itself."""
    if target.is_literal:
        return target.host
    return str(_SUFFIXES.privatesuffix(target.host) or target.host)
