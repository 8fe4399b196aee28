"""`python -m payments.sandbox`: serve a sandbox until SIGTERM or SIGINT; one JSON line says where it listens."""

import argparse
import json
import os
import secrets
import signal
import sys
import threading
from pathlib import Path

from payments.sandbox.core import Sandbox
from payments.sandbox.server import HOST, Server


def main() -> None:
    """Read the options, serve, and leave quietly."""
    parser = argparse.ArgumentParser(prog="payments.sandbox", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0: a free one")
    parser.add_argument("--listen", default=HOST, help="the address to listen on; it asks nobody who they are")
    parser.add_argument("--name", help="the host name others reach it by; default: that address")
    parser.add_argument("--log", type=Path, help="the money log, JSON lines, appended to")
    parser.add_argument("--state", type=Path, help="the journal a restart replays; default: beside the log")
    options = parser.parse_args()
    journal = options.state or (options.log.with_suffix(".journal.jsonl") if options.log else None)
    for path in (options.log, journal):
        if path:
            path.parent.mkdir(parents=True, exist_ok=True)
    sandbox = Sandbox(log=options.log, journal=journal, namespace=secrets.token_hex(4))
    server = Server(sandbox, options.port, host=options.listen, name=options.name)
    for ending in (signal.SIGTERM, signal.SIGINT):
        # `close` waits for the serving loop, which runs in this very thread.
        signal.signal(ending, lambda *_: threading.Thread(target=server.close).start())
    listening = {"name": "payments.sandbox", "url": server.url, "pid": os.getpid()}
    sys.stdout.write(json.dumps(listening | {"log": str(options.log) if options.log else None}) + "\n")
    sys.stdout.flush()
    server.serve()


if __name__ == "__main__":
    main()
