"""`checkout …` as the tests call it, in this process: arguments in; exit code, standard output and standard error out.

Knows the command line only, so that the tests see what a person sees.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

from typer.testing import CliRunner

from checkout.cli import app as command_line


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a command left."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        """Standard output, which must be one JSON document."""
        return json.loads(self.out)


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """The command in an environment (`CHECKOUT_…`), in a terminal of so many columns."""

    environment: Mapping[str, str] = field(default_factory=dict)
    columns: int = 80

    def __call__(self, *arguments: str) -> Answer:
        """Run it to its end."""
        terminal = {"COLUMNS": str(self.columns), "STRIPE_API_KEY": ""}
        with patch.dict(os.environ, {**terminal, **self.environment}):
            ran = CliRunner().invoke(command_line.app, list(arguments))
        if ran.exception is not None and not isinstance(ran.exception, SystemExit):
            raise ran.exception
        return Answer(code=ran.exit_code, out=ran.stdout, err=ran.stderr)
