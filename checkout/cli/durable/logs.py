"""What handlers log, on standard error: one line each, carrying the execution's ARN.

Knows the fields the SDK adds to a log record; must never know what is logged.
"""

import logging
import sys
from typing import TextIO

# The SDK's names for what it adds to a record, in the order they are shown.
FIELDS = ("operationName", "attempt", "executionArn")


class OneLine(logging.Formatter):
    """Time, level and message, then the SDK's fields; a traceback is folded into the line, so that none is cut off."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(message)s", datefmt="%H:%M:%S")

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        fields = [f"{name}={getattr(record, name)}" for name in FIELDS if hasattr(record, name)]
        return "  ".join([" ⏎ ".join(super().format(record).splitlines()), *fields])


class StandardError(logging.StreamHandler[TextIO]):
    """Whatever standard error is at the moment a line is written: a live display takes its place for a while."""

    def __init__(self) -> None:
        super().__init__(sys.stderr)

    def emit(self, record: logging.LogRecord) -> None:
        """Write to today's standard error."""
        self.setStream(sys.stderr)
        super().emit(record)


def log_to_stderr() -> None:
    """Send every log line there."""
    handler = StandardError()
    handler.setFormatter(OneLine())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    # The SDK logs every failed attempt as an error with its traceback; the history has it, and a retry is no news.
    logging.getLogger("aws_durable_execution_sdk_python").setLevel(logging.CRITICAL)
    # A new database is brought to this release in many small steps, none of which is news.
    logging.getLogger("alembic").setLevel(logging.WARNING)
