"""Which browser is on this machine.

Knows names and places of Chromium builds; must never start more than `--version`.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from agents.errors import BrowserMissingError

MISSING = (
    "no browser was found: install chromium-headless-shell or chromium "
    "(Debian: apt-get install chromium-headless-shell), or run `playwright install chromium --only-shell`, "
    "or set CHECKOUT_BROWSER to a Chromium's path"
)
# The shell without a window starts in a third of the time and a third of the memory of the full browser.
SHELLS = ("chromium-headless-shell", "headless_shell", "chrome-headless-shell")
FULL = ("chromium", "google-chrome", "google-chrome-stable", "chromium-browser")
# A browser that cannot say its version in this time (a snap stub waits for its store) is none.
VERSION_SECONDS = 10
VERSION = re.compile(r"\d+(\.\d+)+")


@dataclass(frozen=True, slots=True)
class Found:
    """A browser: where it is, its kind ("chromium-headless-shell", "chromium", "chrome", "playwright"), its version."""

    path: str
    name: str
    version: str

    @property
    def shell(self) -> bool:
        """Whether it has no window to show."""
        return "headless" in Path(self.path).name


def find(explicit: str | None = None, *, headed: bool = False) -> Found:
    """The first browser that answers; `explicit` (or CHECKOUT_BROWSER) is the only one tried when it is given.

    BrowserMissingError says in one sentence what to install. `headed` needs a browser that can show a window.
    """
    if chosen := explicit or os.environ.get("CHECKOUT_BROWSER"):
        path = shutil.which(chosen)
        version = path and _version(path)
        if not path or not version:
            raise BrowserMissingError(f"{chosen} is no Chromium that starts; give the path of one, or nothing")
        return Found(path, _name(path), version)
    for path, name in _candidates(headed=headed):
        if version := _version(path):
            return Found(path, name, version)
    raise BrowserMissingError(MISSING)


def _candidates(*, headed: bool) -> Iterator[tuple[str, str]]:
    """In order of preference: what Playwright installed for itself, then the system's own."""
    for path in _playwrights(headed=headed):
        yield str(path), "playwright"
    for name in (*(() if headed else SHELLS), *FULL):
        if path_found := shutil.which(name):
            yield path_found, _name(path_found)


def _playwrights(*, headed: bool) -> Iterator[Path]:
    """Playwright's own builds, the newest first."""
    root = os.environ.get("PLAYWRIGHT_BROWSERS_PATH")
    folder = Path(root) if root and root != "0" else Path.home() / ".cache" / "ms-playwright"
    shells = [] if headed else sorted(folder.glob("chromium_headless_shell-*/*/*headless*shell"), reverse=True)
    yield from (path for path in (*shells, *sorted(folder.glob("chromium-*/*/chrome"), reverse=True)) if path.is_file())


def _name(path: str) -> str:
    name = Path(path).name
    if "headless" in name:
        return "chromium-headless-shell"
    return "chrome" if "google" in name or name == "chrome" else "chromium"


def _version(path: str) -> str | None:
    try:
        said = subprocess.run(  # noqa: S603 (a browser of this machine, or the operator's own setting)
            [path, "--version"], capture_output=True, text=True, timeout=VERSION_SECONDS, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    found = VERSION.search(said.stdout)
    return found[0] if found else None
