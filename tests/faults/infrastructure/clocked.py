"""`python -m …clocked FILE ARGUMENT…`: the product with the clock of a machine that is wrong.

FILE holds the seconds by which the clock is ahead, and may be replaced at any time. The product is told its time where
every process is put together (`wiring.opened`), and knows nothing of it.
"""

import sys
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from unittest.mock import patch

from checkout import wiring
from checkout.cli import main


class WrongClock:
    """Ahead by what a file says, or behind."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def now(self) -> datetime:
        """The wrong time, aware, UTC, microseconds."""
        return datetime.now(UTC) + timedelta(seconds=float(self._file.read_text()))


if __name__ == "__main__":
    file, *arguments = sys.argv[1:]
    sys.argv = ["checkout", *arguments]
    with patch.object(wiring, "opened", partial(wiring.opened, clock=WrongClock(Path(file)))):
        main()
