"""`python -m merchants.demo.ucp_shop`: the demo shop as a process of its own.

Prints one JSON line when it listens: where, the product URL of every behaviour, the pairs a guarded client must let
through, and the files of its books. Ends on SIGTERM; started again with the same book, it goes on where it was.
"""

import argparse
import json
import signal
import sys
import threading
from pathlib import Path
from typing import Any

from merchants.demo import goods
from merchants.demo.books import Books
from merchants.demo.platforms import Platforms
from merchants.demo.server import HOST, ShopServer
from merchants.demo.shop import Shop


def describe(server: ShopServer) -> dict[str, Any]:
    """What a client needs to know of a running shop."""
    doors = {
        version: {
            "url": url,
            "products": {one.behaviour.value: f"{url}/products/{one.handle}" for one in goods.PRODUCTS},
        }
        for version, url in server.urls.items()
    }
    newest = next(iter(doors.values()))
    return {
        **newest,
        "versions": doors,
        "hosts": [url.removeprefix("http://") for url in server.urls.values()],
    }


def main(arguments: list[str] | None = None) -> None:
    """Serve until told to end."""
    parser = argparse.ArgumentParser(prog="merchants.demo.ucp_shop", description="A demo shop that speaks UCP.")
    parser.add_argument(
        "--port", type=int, action="append", default=[], help="a port per version, newest first; 0: free"
    )
    parser.add_argument("--listen", default=HOST, help="the address to listen on")
    parser.add_argument("--name", help="the host name others reach it by; default: that address")
    parser.add_argument(
        "--book", type=Path, required=True, help="the order book (JSON lines); log and state lie beside"
    )
    parser.add_argument("--late-seconds", type=float, default=3.0, help="how long the product `late` takes to answer")
    parser.add_argument("--insist-on-profile", action="store_true", help="refuse platforms without a good profile")
    asked = parser.parse_args(arguments)
    asked.book.parent.mkdir(parents=True, exist_ok=True)
    books = Books(asked.book)
    platforms = Platforms(
        lambda url, outcome: books.note("profile", url=url, outcome=outcome), insist=asked.insist_on_profile
    )
    server = ShopServer(
        Shop(books, check_profile=platforms),
        ports=asked.port,
        late_seconds=asked.late_seconds,
        host=asked.listen,
        name=asked.name,
    )
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    signal.signal(signal.SIGINT, lambda *_: ended.set())
    server.start()
    files = {"book": asked.book, "log": asked.book.with_suffix(".log.jsonl")}
    said = {**describe(server), **{name: str(path) for name, path in files.items()}}
    sys.stdout.write(json.dumps(said) + "\n")
    sys.stdout.flush()
    ended.wait()
    server.stop()


if __name__ == "__main__":
    main()
