"""`python -m merchants.demo.oscar`: the django-oscar shop as a process of its own.

Prints one JSON line when it listens: its URL, a product URL per thing to show, the exact `host:port` pairs a fenced
browser must let through, and its database, whose order tables are its book. Ends on SIGTERM; started again with the
same folder, it goes on where it was.
"""

import argparse
import json
import signal
import sys
import threading
from pathlib import Path

import django
from django.conf import settings as django_settings

from merchants.demo.oscar.settings import DATABASE_NAME, HOST_NAME, settings

LISTENS_ON = "127.0.0.1"


def main(arguments: list[str] | None = None) -> None:
    """Serve until told to end."""
    parser = argparse.ArgumentParser(prog="merchants.demo.oscar", description="A django-oscar shop, for a demo.")
    parser.add_argument("--port", type=int, default=0, help="0: a free one")
    parser.add_argument("--listen", default=LISTENS_ON, help="the address to listen on")
    parser.add_argument("--name", default=HOST_NAME, help="the host name it is reached by")
    parser.add_argument("--folder", type=Path, required=True, help="its database and its pictures")
    asked = parser.parse_args(arguments)
    folder = asked.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    signal.signal(signal.SIGINT, lambda *_: ended.set())
    django_settings.configure(**settings(folder, asked.name))
    django.setup()
    from merchants.demo.oscar import seed, serving  # noqa: PLC0415 (Django's models exist only after its set-up)

    seed.seed()
    seed.ship()
    with serving.listening(asked.listen, asked.port) as port:
        pair = f"{asked.name}:{port}"
        said = {
            "url": f"http://{pair}",
            "products": {name: f"http://{pair}{path}" for name, path in seed.products().items()},
            "hosts": [pair],
            "payment_hosts": [],
            "folder": str(folder),
            "book": str(folder / DATABASE_NAME),
        }
        sys.stdout.write(json.dumps(said) + "\n")
        sys.stdout.flush()
        ended.wait()


if __name__ == "__main__":
    main()
