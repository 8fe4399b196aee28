"""A limit on everything: no Python file over 300 lines, the purchase under 150.

A file that grows past its limit hides an idea that wants a file of its own; the check names it.
"""

import subprocess
import sys
from pathlib import Path

FILE_LINES = 300
SAGA = Path("checkout/purchase/saga.py")
SAGA_LINES = 150


def main() -> int:
    """Print every file over its limit, with its length, and answer how many there are."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "*.py"],  # noqa: S607
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()
    over = 0
    for path in map(Path, listed):
        if not path.exists():
            continue
        lines = len(path.read_text().splitlines())
        limit = SAGA_LINES if path == SAGA else FILE_LINES
        if lines > limit:
            over += 1
            print(f"{path}: {lines} lines, limit {limit}: which idea wants its own file?")
    return over


if __name__ == "__main__":
    sys.exit(min(main(), 1))
