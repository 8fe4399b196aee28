"""The adapters there are: found by entry point, asked in an order of preference, pinned where an operator says so.

Knows names and hosts; must never know how an adapter buys.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Self

from merchants.errors import UrlError
from merchants.fetch import Fetcher
from merchants.sdk import Match, Merchant

# A distribution offers adapters as `name = "module:factory"` in this group; a factory is called with the fetcher and
# the options an operator configured for the name.
GROUP = "checkout.merchants"

Factory = Callable[..., Merchant]


class AdapterUnknownError(LookupError):
    """An order or a pin names an adapter that is not installed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One line of `checkout adapters why URL`: whether the adapter takes the URL, why, and whether it is the one."""

    adapter: str
    matches: bool
    why: str
    chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Registry:
    """Adapters in order of preference. `pins`: host → the one adapter that is asked for it."""

    fetcher: Fetcher
    merchants: Sequence[Merchant]
    pins: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        names = [merchant.name for merchant in self.merchants]
        if len(names) != len(set(names)):  # an offer names its adapter, and must find the same one again
            raise ValueError(f"two adapters have one name: {', '.join(sorted(names))}")
        for name in self.pins.values():
            self._required(name)

    @classmethod
    def load(
        cls,
        fetcher: Fetcher,
        *,
        options: Mapping[str, Mapping[str, Any]] | None = None,
        order: Sequence[str] = (),
        pins: Mapping[str, str] | None = None,
        found: Iterable[EntryPoint] | None = None,
    ) -> Self:
        """Every installed adapter; those named in `order` first, the others by name."""
        points = {point.name: point for point in (entry_points(group=GROUP) if found is None else found)}
        unknown = [name for name in order if name not in points]
        if unknown:
            raise AdapterUnknownError(_not_installed(unknown[0], points))
        names = [*dict.fromkeys(order), *sorted(set(points) - set(order))]
        merchants: list[Merchant] = []
        for name in names:
            factory: Factory = points[name].load()
            merchants.append(factory(fetcher, **(options or {}).get(name, {})))
        return cls(
            fetcher=fetcher, merchants=merchants, pins={host.lower(): name for host, name in (pins or {}).items()}
        )

    def find(self, product_url: str) -> Merchant | None:
        """The adapter that takes this URL: the pinned one, or the first that matches."""
        return next((merchant for merchant, match in self._asked(product_url) if match.matches), None)

    def named(self, name: str) -> Merchant | None:
        """The adapter of this name: the one that made an offer also places its order."""
        return next((merchant for merchant in self.merchants if merchant.name == name), None)

    def why(self, product_url: str) -> Sequence[Reason]:
        """What every adapter says of this URL, in the order they are asked."""
        try:
            self.fetcher.check_url(product_url)
        except UrlError as refused:
            return tuple(
                Reason(adapter=merchant.name, matches=False, why=str(refused), chosen=False)
                for merchant in self.merchants
            )
        said = [(merchant, match) for merchant, match in self._asked(product_url)]
        chosen = next((merchant for merchant, match in said if match.matches), None)
        return tuple(
            Reason(adapter=merchant.name, matches=match.matches, why=match.why, chosen=merchant is chosen)
            for merchant, match in said
        )

    def _asked(self, product_url: str) -> Iterable[tuple[Merchant, Match]]:
        try:
            host = self.fetcher.check_url(product_url).host
        except UrlError:
            return
        pinned = self.pins.get(host)
        for merchant in [self._required(pinned)] if pinned else self.merchants:
            yield merchant, merchant.match(product_url)

    def _required(self, name: str) -> Merchant:
        merchant = self.named(name)
        if merchant is None:
            raise AdapterUnknownError(_not_installed(name, [one.name for one in self.merchants]))
        return merchant


def _not_installed(name: str, installed: Iterable[str]) -> str:
    return f"no adapter {name!r} is installed; there are: {', '.join(sorted(installed)) or 'none'}"
