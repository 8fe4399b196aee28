"""`python -m checkout.child MODULE …`: run a module that ends with whoever started it, even by `kill -9`.

The parent holds the other end of this process's standard input and never writes to it. When the parent is gone, however
it went, the system closes that end: then this process is told to end as its parent would have told it. A pipe does this
on every system and for the parent as a whole; Linux's own signal for it (`PR_SET_PDEATHSIG`) follows the thread that
forked, and misses a parent that was gone before it was asked for. Only what `children.start` starts runs under this
module: a sandbox or a shop started by hand, from a terminal or with nothing on its standard input, is nobody's child.

Knows nothing of what it runs, and imports nothing of ours: the module is to be run as it is.
"""

import os
import runpy
import signal
import sys
import threading
import time

# As long as a parent that lives waits after SIGTERM, before it ends a child itself.
GRACE_SECONDS = 10.0


def main() -> None:
    """Run the module that the arguments name, under its own name."""
    lifeline = os.dup(sys.stdin.fileno())
    with open(os.devnull, "rb") as nothing:  # noqa: PTH123 (a device, not a path of ours)
        os.dup2(nothing.fileno(), sys.stdin.fileno())
    threading.Thread(target=_end_with, args=(lifeline,), name="lifeline", daemon=True).start()
    sys.argv = sys.argv[1:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


def _end_with(lifeline: int) -> None:
    while os.read(lifeline, 1024):
        continue
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE_SECONDS)
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main()
