"""localstripe, on the loopback only and without its file.

By itself it listens on every address, and keeps its state in one pickle that every copy on the machine shares.
"""

import json
import socket
import sys

from aiohttp import web
from localstripe import resources, server


def main() -> None:
    """Listen on a free port, say where, serve."""
    resources.Store.dump_to_disk = lambda _: None
    listener = socket.create_server(("127.0.0.1", 0))
    sys.stdout.write(json.dumps({"url": f"http://127.0.0.1:{listener.getsockname()[1]}"}) + "\n")
    sys.stdout.flush()
    web.run_app(server.app, sock=listener, access_log=None, print=None)


if __name__ == "__main__":
    main()
