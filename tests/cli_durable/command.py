"""`checkout durable` as the tests call it: in this process, or as a real process that can be killed.

Knows the command line only, so that the tests see what a person sees.
"""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from checkout.cli.durable import commands

ROOT = Path(__file__).parents[2]
PROGRAM = [sys.executable, "-c", "from checkout.cli.durable.commands import app; app()"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a command left: its exit code and what it wrote."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        """Standard output, which must be one JSON document."""
        return json.loads(self.out)

    def result(self) -> Any:
        """What the handler returned."""
        assert 0 == self.code, self.err
        return json.loads(self.json()["Result"])


class Command:
    """The command on one database."""

    def __init__(self, database_url: str) -> None:
        self.database_url = database_url

    def __call__(self, *arguments: str) -> Answer:
        """Run it here."""
        ran = CliRunner().invoke(commands.app, list(arguments))
        if ran.exception is not None and not isinstance(ran.exception, SystemExit):
            raise ran.exception
        return Answer(code=ran.exit_code, out=ran.stdout, err=ran.stderr)

    def process(self, *arguments: str) -> "subprocess.Popen[str]":
        """Start it as a process of its own."""
        return subprocess.Popen(
            [*PROGRAM, *arguments],
            cwd=ROOT,
            env={**os.environ, "CHECKOUT_DATABASE_URL": self.database_url},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def history(self, name: str) -> list[dict[str, Any]]:
        """The events, as `history --json` prints them."""
        events: list[dict[str, Any]] = self("history", name, "--json").json()["Events"]
        return events

    def types(self, name: str) -> list[str]:
        """The events' types."""
        return [event["EventType"] for event in self.history(name)]

    def callback_id(self, name: str) -> str:
        """The id of the newest callback of an execution."""
        started = [event for event in self.history(name) if event["EventType"] == "CallbackStarted"]
        return str(started[-1]["CallbackStartedDetails"]["CallbackId"])


def finished(process: "subprocess.Popen[str]", timeout_seconds: float = 60) -> Answer:
    """What a process left when it had ended."""
    out, err = process.communicate(timeout=timeout_seconds)
    return Answer(code=process.returncode, out=out, err=err)
