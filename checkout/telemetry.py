"""Logs: one JSON line per event on stderr, with the fields the code gave. Configured once per process.

Secrets do not reach here: they are sealed or hashed before anything is logged, and no code logs a body.
"""

import logging
import sys
from typing import TextIO, cast

import structlog


class _Stderr:
    """Standard error as it is when a line is written: loggers are kept, and theirs may have been another."""

    def write(self, text: str) -> int:
        return sys.stderr.write(text)

    def flush(self) -> None:
        sys.stderr.flush()


def configure(*, level: int = logging.INFO) -> None:
    """Send structlog's events and the standard library's warnings to stderr as JSON lines."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(cast("TextIO", _Stderr())),
        cache_logger_on_first_use=True,
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        foreign_pre_chain=[
            structlog.stdlib.add_logger_name,
            structlog.stdlib.ExtraAdder(),  # a handler's lines carry their execution's ARN
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
        ],
    )
    handler = logging.StreamHandler(_Stderr())
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    # The SDK logs every failed attempt with its traceback; the history has it, and a retry is no news.
    logging.getLogger("aws_durable_execution_sdk_python").setLevel(logging.ERROR)
    # A line per request to the model and to the service would bury what happened; failures are told by who asked.
    logging.getLogger("httpx2").setLevel(logging.WARNING)
