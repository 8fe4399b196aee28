"""What the pages say is so: links, settings, commands, codes, targets."""

import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
import typer

from checkout.api.keys import SCOPES
from checkout.cli.app import app
from checkout.purchase.terms import FailureCode, Verdict
from checkout.settings import Settings

ROOT = Path(__file__).parents[2]
PAGES = [
    *(ROOT / name for name in ("README.md", "ARCHITECTURE.md", "CHANGELOG.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "examples").rglob("*.md")),
    ROOT / "docker/README.md",
]
# How a page is named in a test's id.
NAMES = [str(page.relative_to(ROOT)) for page in PAGES]
LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ +(.*)$", re.MULTILINE)
CODE = re.compile(r"`([^`\n]+)`")
BLOCK = re.compile(r"```[a-z]*\n(.*?)```", re.DOTALL)
# A path in backticks: at least one folder of ours, no placeholder.
PATH = re.compile(r"^(?:checkout|agents|merchants|payments|docs|tests|examples|tools)/[\w./-]*$")


def anchors(page: Path) -> set[str]:
    """The anchors a page's headings make."""
    headings = HEADING.findall(page.read_text())
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    """To a file, and to a heading in it where the link names one."""
    for target in LINK.findall(page.read_text()):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        aimed = (page.parent / name) if name else page
        assert aimed.exists(), f"{target} leads nowhere"
        assert not anchor or anchor in anchors(aimed), f"{target} names no heading"


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_every_path_a_page_names_exists(page: Path) -> None:
    """A module that moved takes its mention along; `*` stands for at least one."""
    for code in CODE.findall(page.read_text()):
        if PATH.match(code):
            assert (ROOT / code).exists(), f"{code} does not exist"


def settings() -> set[str]:
    """The names of the environment variables that are read."""
    return {
        str(field.validation_alias or f"{Settings.model_config['env_prefix']}{name}".upper())
        for name, field in Settings.model_fields.items()
    }


def test_the_operators_page_lists_every_setting_and_no_other() -> None:
    """With its default, as the code has it."""
    page = (ROOT / "docs/operating.md").read_text()
    listed: dict[str, str] = {}
    for row in re.findall(r"^\| (`[^|]*) \| ([^|]*) \|", page, re.MULTILINE):
        names, defaults = CODE.findall(row[0]), CODE.findall(row[1])
        if names[0].isupper():
            listed |= dict(zip(names, defaults or [""] * len(names), strict=True))
    assert settings() == listed.keys()
    for name, field in Settings.model_fields.items():
        variable = str(field.validation_alias or f"CHECKOUT_{name}".upper())
        if listed[variable]:
            default = {(): "[]", True: "true", False: "false"}.get(field.default, str(field.default))
            assert default == listed[variable], variable


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_no_page_names_a_setting_that_does_not_exist(page: Path) -> None:
    """A renamed setting is renamed on every page; the official client's and the tests' variables are their own."""
    named = set(re.findall(r"\b(?:CHECKOUT|STRIPE)_[A-Z_]*[A-Z]\b", page.read_text()))
    known = settings() | variables(typer.main.get_command(app))
    assert set() == {name for name in named if not name.startswith(("CHECKOUT_INTENTS_", "CHECKOUT_TEST_"))} - known


def variables(command: Any) -> set[str]:
    """The environment variables that stand for options of a command, or of any command under it."""
    own = {str(parameter.envvar) for parameter in command.params if parameter.envvar}
    return own.union(*(variables(inner) for inner in getattr(command, "commands", {}).values()))


def commands(page: Path) -> Iterator[list[str]]:
    """Every `checkout …` a page shows, in a block or within a line, as a shell would split it."""
    text = page.read_text()
    lines = [line for block in BLOCK.findall(text) for line in block.replace("\\\n", " ").splitlines()]
    for shown in [*CODE.findall(BLOCK.sub("", text)), *lines]:
        if re.match(r"\s*checkout [a-z]", shown):
            bare = re.sub(r"[\[\]|…]", " ", shown)  # optional parts and alternatives are written as people do
            yield shlex.split(bare.strip(), comments=True)[1:]


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_every_command_a_page_shows_exists_with_its_options(page: Path) -> None:
    """Groups, commands and options, by name."""
    for words in commands(page):
        command: click.Command = typer.main.get_command(app)  # type: ignore[assignment]
        rest = list(words)
        while rest and (inner := getattr(command, "commands", {}).get(rest[0])):
            command = inner
            rest.pop(0)
        assert not getattr(command, "commands", {}) or not rest, f"checkout {' '.join(words)}: no command {rest[0]}"
        known = {option for parameter in command.params for option in parameter.opts}
        assert {word for word in rest if word.startswith("--")} <= known, f"checkout {' '.join(words)}"


def test_the_codes_developers_are_told_of_are_failure_codes() -> None:
    """The first column of the table of failures."""
    page = (ROOT / "docs/agent-developers.md").read_text()
    _, _, table = page.partition("| code | what to do |")
    told = [code for row in re.findall(r"^\| (`[^|]*) \|", table, re.MULTILINE) for code in CODE.findall(row)]
    assert len(told) >= 9
    assert set(told) <= {code.value for code in FailureCode}


def test_the_operators_page_shows_every_verdict_and_every_scope() -> None:
    """An answer or a scope that is missing there cannot be found elsewhere."""
    page = (ROOT / "docs/operating.md").read_text()
    assert {verdict.value for verdict in Verdict} == set(re.findall(r"checkout runs answer ci_… (\w+)", page))
    assert all(f"`{scope}`" in page for scope in SCOPES)


def test_the_index_of_decisions_lists_every_decision_by_its_title_number() -> None:
    """Each file once, in order."""
    folder = ROOT / "docs/adr"
    files = sorted(path.name for path in folder.glob("[0-9]*.md"))
    listed = re.findall(r"^\| \[(\d+)\]\(([^)]+)\)", (folder / "README.md").read_text(), re.MULTILINE)
    assert files == [name for _, name in listed]
    assert all(name.startswith(f"{number}-") for number, name in listed)


def test_setting_up_is_two_commands() -> None:
    """`make demo`, `make test`, and nothing else, under Set up."""
    (block,) = BLOCK.findall(re.split(r"^## ", (ROOT / "README.md").read_text(), flags=re.MULTILINE)[1])
    assert ["make demo", "make test"] == [line.partition("#")[0].strip() for line in block.splitlines()]


def test_make_help_lists_every_target_that_a_person_calls() -> None:
    """Each with its sentence; and every `make …` on a page is such a target."""
    makefile = (ROOT / "Makefile").read_text()
    targets = set(" ".join(re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)).split())
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    told = subprocess.run(
        ["/usr/bin/env", "make", "--no-print-directory", "help"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    listed = dict(re.findall(r"^  make ([a-z-]+) +(\S.*)$", told, re.MULTILINE))
    undocumented = targets - listed.keys()
    assert undocumented <= {"format", "browser", "servers"}  # a step of others, not a command to give
    named = {name for page in PAGES for name in re.findall(r"`make ([a-z-]+)", page.read_text())}
    assert named <= targets
