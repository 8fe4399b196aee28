"""Which browser is on this machine.

Knows names and places of Chromium builds; must never start more than `--version`.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import playwright

from agents.errors import BrowserMissingError

MISSING = (
    "no browser was found: install chromium-headless-shell or chromium "
    "(Debian: apt-get install chromium-headless-shell), or run `playwright install chromium --only-shell`, "
    "or set CHECKOUT_BROWSER to a Chromium's path"
)
# Where macOS keeps applications; they are on no path.
APPLICATIONS = (
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)
# The shell without a window starts in a third of the time and a third of the memory of the full browser.
SHELLS = ("chromium-headless-shell", "headless_shell", "chrome-headless-shell")
FULL = ("chromium", "google-chrome", "google-chrome-stable", "chromium-browser")
SHELL_BUILDS, FULL_BUILDS = "chromium_headless_shell", "chromium"
MAC_BUILD = "*/*.app/Contents/MacOS/*"
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
    for name in (*(() if headed else SHELLS), *FULL, *APPLICATIONS):
        if path_found := shutil.which(name):
            yield path_found, _name(path_found)


def _playwrights(*, headed: bool) -> Iterator[Path]:
    """Playwright's own builds, the newest first, the shell before the full browser."""
    folder = _playwright_folder()
    for kind, program in ((SHELL_BUILDS, "*/*headless*shell"), (FULL_BUILDS, "*/chrome"), (FULL_BUILDS, MAC_BUILD)):
        if headed and kind == SHELL_BUILDS:
            continue
        found = folder.glob(f"{kind}-*/{program}")
        yield from sorted((path for path in found if path.is_file()), key=partial(_build, folder), reverse=True)


def _playwright_folder() -> Path:
    root = os.environ.get("PLAYWRIGHT_BROWSERS_PATH")
    if root == "0":  # its word for "inside the package"
        return Path(playwright.__file__).parent / "driver" / "package" / ".local-browsers"
    if root:
        return Path(root)
    caches = ("Library", "Caches") if sys.platform == "darwin" else (".cache",)
    return Path.home().joinpath(*caches, "ms-playwright")


def _build(folder: Path, path: Path) -> int:
    """The number in a build's folder: 1200 of `chromium-1200`."""
    number = path.relative_to(folder).parts[0].rpartition("-")[2]
    return int(number) if number.isdigit() else 0


def _name(path: str) -> str:
    name = Path(path).name.lower()
    if "headless" in name:
        return "chromium-headless-shell"
    return "chrome" if "chrome" in name else "chromium"


def _version(path: str) -> str | None:
    try:
        said = subprocess.run(  # noqa: S603 (a browser of this machine, or the operator's own setting)
            [path, "--version"], capture_output=True, text=True, timeout=VERSION_SECONDS, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    found = VERSION.search(said.stdout)
    return found[0] if found else None
