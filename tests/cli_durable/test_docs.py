"""The commands that the examples' docstrings show are commands that work."""

import importlib
import shlex
from pathlib import Path

import pytest

from tests.cli_durable.command import Command

EXAMPLES = ("order_approval", "support_triage", "research_agent", "content_approval", "enrichment")


def shown(example: str) -> list[list[str]]:
    """Every `checkout durable` command line of an example's docstring, split as a shell would."""
    text = (importlib.import_module(f"examples.durable.{example}").__doc__ or "").replace("\\\n", " ")
    commands = text.split("checkout durable ")[1:]
    return [shlex.split(command.partition("\n\n")[0], comments=True) for command in commands]


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_runs_an_example_shows_can_be_copied(durable: Command, tmp_path: Path, example: str) -> None:
    """Each `run` that starts something ends well or suspended; its journal goes to the test's directory."""
    starts = [command for command in shown(example) if command[0] == "run" and "--input" in command]
    assert starts
    for command in starts:
        assert 0 == durable(*(part.replace("/tmp/", f"{tmp_path}/") for part in command)).code  # noqa: S108 (as shown)


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_shows_every_other_command_with_real_options(durable: Command, example: str) -> None:
    """Names and ids are placeholders: each is understood, and refused only because nothing has that name."""
    for verb, *arguments in [command for command in shown(example) if command[0] != "run"]:
        refused = durable(verb, *arguments)
        assert 2 == refused.code
        assert refused.err.startswith(("callback_not_found", "execution_not_found"))
