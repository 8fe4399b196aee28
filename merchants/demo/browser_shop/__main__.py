"""`python -m merchants.demo.browser_shop`: the shop for browsers as a process of its own.

Prints one JSON line when it listens: its URL, the product URL of every behaviour, the exact `host:port` pairs a fenced
browser must let through, those of them that belong to payment, and the files of its book and its log. Ends on SIGTERM.
"""

import argparse
import json
import signal
import sys
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from merchants.demo.books import Lines
from merchants.demo.browser_shop import goods, hostile
from merchants.demo.browser_shop.design import DESIGNS, Design, named
from merchants.demo.browser_shop.doors import LISTENS_ON, Door, RequestLog
from merchants.demo.browser_shop.paying import Bank, Vault
from merchants.demo.browser_shop.shop import Settings, Shop
from merchants.demo.browser_shop.web import Response, Sites

# Each site has a domain of its own; a browser takes every name under `localhost` for this machine.
SITES = ("shop", "pay", "bank", "outside")
DOMAIN = "localhost"


class OpenShop:
    """The four sites, listening."""

    def __init__(
        self,
        book: Path,
        log: Path,
        *,
        ports: Sequence[int] = (),
        host: str = LISTENS_ON,
        domain: str = DOMAIN,
        settings: Settings | None = None,
        cases: Path | None = None,
    ) -> None:
        """`ports` of the sites in their order; missing ones and 0 are free ports."""
        self.files = {"book": str(book), "log": str(log)}
        self._log = RequestLog(log)
        wanted = [*ports, *[0] * len(SITES)]
        self._doors = [
            Door(f"{site}.{domain}", port, self._log, host=host) for site, port in zip(SITES, wanted, strict=False)
        ]
        shop, pay, bank, outside = self._doors
        self.sites = Sites(shop=shop.url, pay=pay.url, bank=bank.url, outside=outside.url)
        settings = settings or Settings()
        if cases:
            settings.cases = hostile.read(cases, self.sites)
        vault = Vault()
        self.shop = Shop(book=Lines(book), sites=self.sites, settings=settings, vault=vault)
        shop.start(self.shop.site)
        pay.start(vault.site)
        bank.start(Bank(self.sites).site)
        outside.start(lambda _: Response(status=204))

    def describe(self) -> dict[str, object]:
        """What a client needs to know."""
        shop, pay, bank, outside = (door.pair for door in self._doors)
        return {
            "url": self.sites.shop,
            "products": {one.behaviour.value: f"{self.sites.shop}{one.path}" for one in goods.PRODUCTS},
            "hosts": [shop, pay, bank],
            "payment_hosts": [pay, bank],
            "outside": outside,
            **self.files,
        }

    def close(self) -> None:
        """Stop."""
        # All at once: each waits for its own loop to notice.
        with ThreadPoolExecutor(len(self._doors)) as pool:
            list(pool.map(Door.stop, self._doors))
        self._log.close()


def _design(wanted: str) -> Design:
    design = named(wanted)
    if design is None:
        raise argparse.ArgumentTypeError(f"no design {wanted!r}")
    return design


def main(arguments: list[str] | None = None) -> None:
    """Serve until told to end."""
    parser = argparse.ArgumentParser(prog="merchants.demo.browser_shop", description="A demo shop for browsers.")
    parser.add_argument(
        "--port", type=int, action="append", default=[], help=f"a port per site ({', '.join(SITES)}); 0: a free one"
    )
    parser.add_argument("--listen", default=LISTENS_ON, help="the address to listen on")
    parser.add_argument("--domain", default=DOMAIN, help="what the sites' names end in")
    parser.add_argument("--book", type=Path, required=True, help="the order book (JSON lines)")
    parser.add_argument("--log", type=Path, required=True, help="every request: method, path, host (JSON lines)")
    parser.add_argument(
        "--design",
        type=_design,
        default="ordinary",
        help=f"{', '.join(DESIGNS)}; NAME,field:value,… changes some habits",
    )
    parser.add_argument("--currency", default="USD", help="ISO 4217 code of all prices")
    parser.add_argument("--cases", type=Path, help="hostile texts and tricks (JSON), chosen by ?case=NAME")
    asked = parser.parse_args(arguments)
    for file in (asked.book, asked.log):
        file.parent.mkdir(parents=True, exist_ok=True)
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    signal.signal(signal.SIGINT, lambda *_: ended.set())
    opened = OpenShop(
        asked.book,
        asked.log,
        ports=asked.port,
        host=asked.listen,
        domain=asked.domain,
        settings=Settings(currency=asked.currency, design=asked.design),
        cases=asked.cases,
    )
    sys.stdout.write(json.dumps(opened.describe()) + "\n")
    sys.stdout.flush()
    ended.wait()
    opened.close()


if __name__ == "__main__":
    main()
