"""Discovery: whether a shop speaks UCP, in which version, and where.

One document per origin, `/.well-known/ucp`, fetched without redirects (a redirect would let one shop speak for another)
and remembered within bounds. Knows the document's shapes; must never know a product.
"""

import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin

from merchants.errors import FetchError, UrlError
from merchants.fetch import Answer, Fetcher
from merchants.ucp.reading import document, mapping, objects, text
from merchants.ucp.versions import VERSIONS, WireVersion, spoken

WELL_KNOWN = "/.well-known/ucp"
SERVICE = "dev.ucp.shopping"
CHECKOUT = "dev.ucp.shopping.checkout"
# Whatever a merchant says: at least a minute, so that a purchase asks once, and at most an hour, so that news arrives.
MIN_AGE_SECONDS = 60
MAX_AGE_SECONDS = 3600
# A shop without UCP is most shops; a few hundred kilobytes remember a thousand of them.
MAX_REMEMBERED = 1000
# A static document; asked for twice at most, it stays within the contract's ten seconds.
ASK_SECONDS = 5.0
MAX_PROFILE_BYTES = 256 * 1024
_MAX_AGE = re.compile(r"max-age=(\d{1,9})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Business:
    """A shop that speaks UCP: where, in which version, with which capabilities, signing with which keys."""

    origin: str
    endpoint: str
    wire: WireVersion
    capabilities: frozenset[str] = frozenset()
    keys: Sequence[Mapping[str, Any]] = ()

    def has(self, capability: str) -> bool:
        """Whether the business declares `dev.ucp.shopping.{capability}`."""
        return f"{SERVICE}.{capability}" in self.capabilities


@dataclass(frozen=True, slots=True, kw_only=True)
class NoBusiness:
    """No shop we can buy from by UCP, and why; `retryable` when the shop could not be asked."""

    why: str
    retryable: bool = False


@dataclass(slots=True)
class Directory:
    """What was discovered, remembered. Shared by all purchases; safe between threads."""

    fetcher: Fetcher
    agent: str
    clock: Callable[[], float] = time.monotonic
    _known: OrderedDict[str, tuple[float, Business | NoBusiness]] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def find(self, product_url: str) -> Business | NoBusiness:
        """Who sells at `product_url`. Asks the shop once in a while; never raises."""
        try:
            origin = self.fetcher.check_url(product_url).origin
        except UrlError as refused:
            return NoBusiness(why=str(refused))
        with self._lock:
            if origin in self._known and self._known[origin][0] > self.clock():
                self._known.move_to_end(origin)
                return self._known[origin][1]
        found, seconds = self._ask(origin)
        if isinstance(found, NoBusiness) and found.retryable:
            # One lost answer must not send a shop that can be bought from by code to an agent.
            found, seconds = self._ask(origin)
        if not (isinstance(found, NoBusiness) and found.retryable):
            with self._lock:
                self._known[origin] = (self.clock() + seconds, found)
                while len(self._known) > MAX_REMEMBERED:
                    self._known.popitem(last=False)
        return found

    def forget(self, origin: str) -> None:
        """Ask anew next time: the keys or the endpoint seem to have changed."""
        with self._lock:
            self._known.pop(origin, None)

    def _ask(self, origin: str) -> tuple[Business | NoBusiness, float]:
        try:
            answer = self._get(origin + WELL_KNOWN)
            profile = _document(answer)
            found = read_profile(origin, profile, answer.status)
            older = _older_profile(profile) if isinstance(found, NoBusiness) else None
            if older:
                answer = self._get(urljoin(origin, older))
                found = read_profile(origin, _document(answer), answer.status)
        except UrlError as refused:
            return NoBusiness(why=str(refused)), MIN_AGE_SECONDS
        except FetchError as failure:
            return NoBusiness(why=str(failure), retryable=failure.retryable), MIN_AGE_SECONDS
        said = _MAX_AGE.search(answer.headers.get("cache-control", ""))
        return found, min(max(int(said[1]) if said else 0, MIN_AGE_SECONDS), MAX_AGE_SECONDS)

    def _get(self, url: str) -> Answer:
        return self.fetcher.fetch(
            "GET",
            url,
            headers={"Accept": "application/json", "UCP-Agent": self.agent},
            timeout_seconds=ASK_SECONDS,
            max_bytes=MAX_PROFILE_BYTES,
        )


def read_profile(origin: str, profile: Mapping[str, Any], status: int) -> Business | NoBusiness:
    """Read a business profile of any version we speak."""
    if status != 200 or not profile:  # noqa: PLR2004 (the one status that carries a profile)
        return NoBusiness(
            why=f"{origin}{WELL_KNOWN} answered {status}, so the shop does not speak UCP",
            retryable=status >= 500 or status == 429,  # noqa: PLR2004 (HTTP)
        )
    body = mapping(profile.get("ucp")) or profile
    wire = spoken(body.get("version"))
    if wire is None:
        known = ", ".join(version.version for version in VERSIONS)
        return NoBusiness(why=f"the shop speaks UCP {body.get('version')!r}; we speak {known}")
    capabilities = frozenset(_names(body.get("capabilities")))
    if CHECKOUT not in capabilities:
        return NoBusiness(why=f"the shop speaks UCP {wire.version} but offers no checkout by it")
    endpoint = _rest_endpoint(mapping(body.get("services")).get(SERVICE))
    if endpoint is None:
        return NoBusiness(why=f"the shop speaks UCP {wire.version}, but not over REST")
    if origin.startswith("https:") and not endpoint.startswith("https:"):
        return NoBusiness(why=f"the shop's UCP endpoint {endpoint} is not https")
    keys = (*objects(profile.get("keys")), *objects(profile.get("signing_keys")), *objects(body.get("signing_keys")))
    return Business(origin=origin, endpoint=endpoint.rstrip("/"), wire=wire, capabilities=capabilities, keys=keys)


def _names(registry: object) -> Iterator[str]:
    """The names in a registry, keyed or as an array of named entries."""
    if isinstance(registry, dict):
        yield from (str(name) for name in registry)
    else:
        yield from (name for entry in objects(registry) if (name := text(entry.get("name"))))


def _rest_endpoint(service: object) -> str | None:
    """The REST endpoint of a service: `{rest: {endpoint}}`, or a list with one entry per transport."""
    for entry in objects(service):
        if entry.get("transport") == "rest" and text(entry.get("endpoint")):
            return text(entry["endpoint"])
        if endpoint := text(mapping(entry.get("rest")).get("endpoint")):
            return endpoint
    return None


def _older_profile(profile: Mapping[str, Any]) -> str | None:
    """Where a business that prefers another version describes itself in the newest one we speak."""
    offered = mapping((mapping(profile.get("ucp")) or profile).get("supported_versions"))
    return next((url for wire in VERSIONS if (url := text(offered.get(wire.version)))), None)


def _document(answer: Answer) -> Mapping[str, Any]:
    try:
        return mapping(document(answer.body))
    except ValueError:
        return {}
