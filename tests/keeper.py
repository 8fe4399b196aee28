"""`python -m tests.keeper FOLDER USER COMMAND…`: a server that ends with whoever asked for it, even by `kill -9`.

The parent holds the other end of this process's standard input. When the parent is gone, however it went, the server
is told to end and its folder is removed. The server runs as USER (empty: as this user); this process keeps its rights,
because it must be able to read the project and to remove the folder.
"""

import pwd
import shutil
import signal
import subprocess
import sys
import threading

# PostgreSQL's fast shutdown and Redis's take well under a second.
GRACE_SECONDS = 15.0


def main() -> None:
    """Run until standard input is closed."""
    folder, user, *command = sys.argv[1:]
    for number in (signal.SIGINT, signal.SIGTERM):
        # Ctrl-C ends the tests, and they end us. A handler, because ignoring would be inherited by the server.
        signal.signal(number, lambda *_: None)
    server = subprocess.Popen(
        command,
        user=user or None,
        group=pwd.getpwnam(user).pw_gid if user else None,
        extra_groups=[] if user else None,
        cwd=folder,
    )
    # Reaped as soon as it ends: what waits to be reaped still counts as running for who looks at its lock file.
    threading.Thread(target=server.wait, daemon=True).start()
    sys.stdin.buffer.read()
    server.send_signal(signal.SIGINT)
    try:
        server.wait(GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
