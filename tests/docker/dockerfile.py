"""The Dockerfile as a builder reads it: its stages, and of each what it leaves to whoever runs it.

Knows instructions, continued lines and comments; must never run one.
"""

import json
import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from tests.docker.composition import FOLDER

FILE = FOLDER / "Dockerfile"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One `FROM … AS name`, with every instruction in its order."""

    name: str
    base: str
    instructions: list[tuple[str, str]] = field(default_factory=list)

    def all(self, word: str) -> list[str]:
        """What stands after each `word`."""
        return [rest for name, rest in self.instructions if name == word]

    def environment(self) -> dict[str, str]:
        """What `ENV` sets here."""
        pairs = [pair.partition("=") for line in self.all("ENV") for pair in shlex.split(line)]
        return {name: value for name, _, value in pairs}

    def health(self) -> Sequence[str]:
        """The command of `HEALTHCHECK`."""
        return tuple(word for line in self.all("HEALTHCHECK") for word in json.loads(line.partition("CMD ")[2]))


def stages() -> dict[str, Stage]:
    """Every stage by its name."""
    found: dict[str, Stage] = {}
    for word, rest in instructions():
        if word == "FROM":
            base, name = re.split(r"\s+AS\s+", rest)
            found[name] = Stage(name=name, base=base)
        elif found:
            list(found.values())[-1].instructions.append((word, rest))
    return found


def environment_of(target: str) -> dict[str, str]:
    """What a container of this target starts with, from the stages it is built on."""
    every, chain = stages(), []
    while target in every:
        chain.append(every[target])
        target = every[target].base
    return {name: value for stage in reversed(chain) for name, value in stage.environment().items()}


def instructions() -> Iterator[tuple[str, str]]:
    """Each instruction as (word, the rest in one line)."""
    whole = ""
    for line in FILE.read_text().splitlines():
        if line.lstrip().startswith("#") or not (whole or line.strip()):
            continue
        whole += line.removesuffix("\\")
        if not line.endswith("\\"):
            word, _, rest = whole.partition(" ")
            yield word, " ".join(rest.split())
            whole = ""
