"""`python -m agents.stand_in`: serve a stand-in until SIGTERM or SIGINT; one JSON line says where it listens."""

import argparse
import json
import os
import signal
import sys
import threading
from pathlib import Path

from agents.stand_in.core import StandIn
from agents.stand_in.personas import PERSONAS
from agents.stand_in.server import HOST, Server


def main() -> None:
    """Read the options, serve, and leave quietly."""
    parser = argparse.ArgumentParser(prog="agents.stand_in", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0: a free one")
    parser.add_argument("--listen", default=HOST, help="the address to listen on; it asks nobody who they are")
    parser.add_argument("--name", help="the host name others reach it by; default: that address")
    parser.add_argument("--log", type=Path, help="every request and answer, JSON lines, appended to")
    parser.add_argument("--persona", choices=sorted(PERSONAS), default="buyer")
    options = parser.parse_args()
    if options.log:
        options.log.parent.mkdir(parents=True, exist_ok=True)
    server = Server(
        StandIn(persona=options.persona, log=options.log), options.port, host=options.listen, name=options.name
    )
    for ending in (signal.SIGTERM, signal.SIGINT):
        # `close` waits for the serving loop, which runs in this very thread.
        signal.signal(ending, lambda *_: threading.Thread(target=server.close).start())
    listening = {"name": "agents.stand_in", "url": server.url, "pid": os.getpid(), "persona": options.persona}
    sys.stdout.write(json.dumps(listening | {"log": str(options.log) if options.log else None}) + "\n")
    sys.stdout.flush()
    server.serve()


if __name__ == "__main__":
    main()
