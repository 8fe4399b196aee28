"""`checkout health api` and `checkout health worker`: is this container well? Exit code 0 or 1, one line either way.

An engine asks every few seconds, so it imports nothing but the standard library: the rest of `checkout` takes a second
of a core to import. The API is asked over HTTP whether its database answers. A worker has no port; it touches a file
(`CHECKOUT_HEARTBEAT_FILE`) each time it has looked for work and was answered, so a worker that hangs, or whose database
or service is away, is seen by the file's age. Must never know what is served.
"""

import http.client
import os
import sys
import time
from pathlib import Path

FILE, HOST, PORT = "CHECKOUT_HEARTBEAT_FILE", "CHECKOUT_HOST", "CHECKOUT_PORT"
# The API asks its database, whose own statements end after ten seconds.
ANSWER_SECONDS = 5.0
# A worker looks each second, an agent worker each ten, and in a task its heartbeats go out every fifteen.
OLDEST_SECONDS = 40.0
OK = 200
USAGE = 2
ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 (recognised, not bound)


def touch(file: Path | None) -> None:
    """Leave word that this worker has looked; nothing where nobody asks."""
    if file is not None:
        file.touch()


def main(arguments: list[str]) -> int:
    """Ask, say, and give the exit code."""
    match arguments:
        case ["api"]:
            well, said = api(os.environ.get(HOST, "127.0.0.1"), int(os.environ.get(PORT, "8000")))
        case ["worker"]:
            well, said = worker(os.environ.get(FILE))
        case _:
            sys.stderr.write("usage: checkout health api|worker\n")
            return USAGE
    sys.stdout.write(f"{said}\n")
    return 0 if well else 1


def api(host: str, port: int) -> tuple[bool, str]:
    """Whether the API beside us is ready to serve."""
    connection = http.client.HTTPConnection(ANYWHERE.get(host, host), port, timeout=ANSWER_SECONDS)
    try:
        connection.request("GET", "/readyz")
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as silent:
        return False, f"the API does not answer: {type(silent).__name__}"
    finally:
        connection.close()
    return status == OK, "ready" if status == OK else f"the API answers {status}: its database does not"


def worker(file: str | None) -> tuple[bool, str]:
    """Whether the worker beside us has looked for work lately."""
    if not file:
        return False, f"set {FILE} for the worker and for this command"
    try:
        age_seconds = time.time() - Path(file).stat().st_mtime
    except OSError:
        return False, "the worker has not looked for work yet"
    return age_seconds <= OLDEST_SECONDS, f"the worker looked for work {age_seconds:.0f} s ago"
