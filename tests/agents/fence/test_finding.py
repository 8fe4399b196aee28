"""A browser is found where it is, in order of preference; where there is none, one sentence says what to install."""

import os
import subprocess
from pathlib import Path

import pytest

from agents.browsing.browser import Browser, Found, find
from agents.errors import BrowserMissingError


@pytest.fixture(autouse=True)
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without any browser."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("PLAYWRIGHT_BROWSERS_PATH", raising=False)
    monkeypatch.delenv("CHECKOUT_BROWSER", raising=False)
    return tmp_path


def program(path: Path, *, says: str = "Chromium 156.0.8078.79", status: int = 0) -> str:
    """A program that answers `--version`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho '{says}'\nexit {status}\n")
    path.chmod(0o755)
    return str(path)


def test_where_there_is_none_the_sentence_says_what_to_install() -> None:
    """One sentence, with the package's name."""
    with pytest.raises(BrowserMissingError, match="apt-get install chromium-headless-shell") as missing:
        find()
    assert "\n" not in str(missing.value)
    with pytest.raises(BrowserMissingError), Browser.opened():
        pass


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("chromium-headless-shell", "chromium-headless-shell"),
        ("chromium", "chromium"),
        ("google-chrome", "chrome"),
        ("google-chrome-stable", "chrome"),
    ],
)
def test_the_system_s_browsers_are_found(empty: Path, name: str, kind: str) -> None:
    """With kind and version."""
    path = program(empty / "bin" / name)
    assert Found(path, kind, "156.0.8078.79") == find()


def test_playwright_s_own_comes_first_and_the_shell_before_the_full_browser(
    empty: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Because it was made for the library that drives it; where it is can be set."""
    full = program(empty / "bin" / "chromium")
    assert full == find().path
    shell = program(empty / "bin" / "chromium-headless-shell")
    assert shell == find().path
    cache = empty / ".cache/ms-playwright"
    program(cache / "chromium_headless_shell-999/chrome-headless-shell-linux64/chrome-headless-shell")
    newer = program(cache / "chromium_headless_shell-1300/chrome-headless-shell-linux64/chrome-headless-shell")
    assert Found(newer, "playwright", "156.0.8078.79") == find()
    elsewhere = program(empty / "mine/chromium-1300/chrome-linux64/chrome")
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(empty / "mine"))
    assert elsewhere == find().path


def test_a_window_needs_a_full_browser(empty: Path) -> None:
    """A shell has none to show."""
    program(empty / "bin" / "chromium-headless-shell")
    with pytest.raises(BrowserMissingError):
        find(headed=True)
    full = program(empty / "bin" / "chromium")
    assert full == find(headed=True).path


@pytest.mark.parametrize("by_setting", [True, False])
def test_what_was_chosen_is_taken_or_nothing(empty: Path, monkeypatch: pytest.MonkeyPatch, *, by_setting: bool) -> None:
    """No other browser stands in for one that was named and does not start."""
    program(empty / "bin" / "chromium")
    mine = program(empty / "mine")
    broken = program(empty / "broken", status=1)
    for path in (mine, broken, "/nowhere"):
        monkeypatch.setenv("CHECKOUT_BROWSER", path if by_setting else "/ignored")
        explicit = None if by_setting else path
        if path == mine:
            assert mine == find(explicit).path
        else:
            with pytest.raises(BrowserMissingError, match=Path(path).name):
                find(explicit)


def test_a_stub_that_only_points_elsewhere_is_none(empty: Path) -> None:
    """As where the package is a pointer to a snap that is not installed."""
    program(empty / "bin" / "chromium", says="requires the chromium snap to be installed", status=1)
    program(empty / "bin" / "google-chrome", says="no version here")
    with pytest.raises(BrowserMissingError):
        find()


def test_a_browser_that_does_not_start_is_missing(empty: Path) -> None:
    """It says its version and nothing more."""
    path = program(empty / "bin" / "chromium")
    with pytest.raises(BrowserMissingError, match="does not start"), Browser.opened(find(path)):
        pass


SCRIPT = Path(__file__).parents[3] / "tools/browser.sh"


def machine(empty: Path, *, finds: str, apt: str = "", playwright: str = "", root: bool = True) -> list[str]:
    """Run the set-up script on a made-up machine; what it did, and last its exit status and its words on stderr.

    `finds` is a file whose existence means that a browser is found. `apt`, `playwright`: the words of the call that
    makes it exist.
    """
    log, flag, folder = empty / "log", empty / finds, empty / "bin"
    folder.mkdir(exist_ok=True)
    for tool in ("bash", "touch", "env"):
        where = next(Path(place, tool) for place in ("/bin", "/usr/bin") if Path(place, tool).exists())
        (folder / tool).symlink_to(where)

    def fake(name: str, body: str) -> None:
        (folder / name).write_text(f"#!{folder}/bash\n{body}\n")
        (folder / name).chmod(0o755)

    installs = 'echo "{0} $*" >> ' + str(log) + '\ncase "{0} $*" in "{1}") touch ' + str(flag) + " ;; esac"
    fake("id", f"echo {0 if root else 1000}")
    fake("apt-get", installs.format("apt-get", apt))
    fake("playwright", installs.format("playwright", playwright))
    fake("python", f"[ -e {flag} ]")
    done = subprocess.run(
        [str(SCRIPT), str(folder)], capture_output=True, text=True, check=False, env={"PATH": str(folder)}
    )
    calls = log.read_text().splitlines() if log.exists() else []
    return [*calls, str(done.returncode), done.stderr.strip().splitlines()[-1] if done.stderr else ""]


UPDATE = "apt-get update -qq"
APT = "apt-get install -y -qq --no-install-recommends "
OWN = "playwright install chromium --only-shell"
WITH_DEPS = "playwright install --with-deps chromium --only-shell"
TOLD = "browser: none found; installing one"


def test_the_set_up_is_silent_where_a_browser_is(empty: Path) -> None:
    """Nothing is called, nothing is said."""
    (empty / "there").touch()
    assert ["0", ""] == machine(empty, finds="there")


def test_the_set_up_takes_debian_s_shell_first(empty: Path) -> None:
    """As root."""
    assert [UPDATE, APT + "chromium-headless-shell", "0", TOLD] == machine(
        empty, finds="made", apt=APT + "chromium-headless-shell"
    )


def test_the_set_up_takes_the_full_browser_where_there_is_no_shell(empty: Path) -> None:
    """Older releases have only that."""
    assert [UPDATE, APT + "chromium-headless-shell", APT + "chromium", "0", TOLD] == machine(
        empty, finds="made", apt=APT + "chromium"
    )


def test_the_set_up_goes_on_where_a_package_brings_no_browser(empty: Path) -> None:
    """A snap stub installs and is none: Playwright's own build comes next, with the libraries it needs."""
    assert [UPDATE, APT + "chromium-headless-shell", APT + "chromium", WITH_DEPS, "0", TOLD] == machine(
        empty, finds="made", playwright=WITH_DEPS
    )


def test_the_set_up_without_root_takes_playwright_s_build(empty: Path) -> None:
    """Nobody else's packages are touched."""
    assert [OWN, "0", TOLD] == machine(empty, finds="made", playwright=OWN, root=False)


@pytest.mark.parametrize("root", [True, False])
def test_the_set_up_says_in_one_sentence_that_nothing_helped(empty: Path, *, root: bool) -> None:
    """And fails."""
    *_, status, said = machine(empty, finds="made", root=root)
    assert "1" == status
    assert said.startswith("browser: none could be installed; install chromium-headless-shell")
    assert os.linesep not in said
