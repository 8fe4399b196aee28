"""compose.yaml as an engine reads it: variables put in, defaults applied, one frozen description per service.

Knows the part of the specification the file uses; whatever else it says is judged by the specification's own schema.
"""

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "docker"
FILE = FOLDER / "compose.yaml"
DEMO = FOLDER / "demo.env"

# `${NAME}`, `${NAME:-default}`; a default holds no brace.
_VARIABLE = re.compile(r"\$\{(\w+)(?::-([^}]*))?\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One service, ready to run. Secrets: path inside → path outside. Volumes: path inside → name."""

    name: str
    image: str
    build: str | None
    command: Sequence[str]
    health: Sequence[str]
    environment: Mapping[str, str]
    user: tuple[int, int] | None
    networks: Mapping[str, Sequence[str]]
    secrets: Mapping[str, Path]
    tmpfs: Sequence[tuple[str, str]]
    volumes: Mapping[str, str]
    shm_size: str
    seccomp: Path | None
    stop_signal: str
    stop_seconds: float
    data: Mapping[str, Any]


def variables(file: Path) -> dict[str, str]:
    """An env file, as `--env-file` reads it."""
    lines = [line for line in file.read_text().splitlines() if line and not line.startswith("#")]
    return {name: "".join(shlex.split(value)) for name, _, value in (line.partition("=") for line in lines)}


def document(given: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The file with its variables put in."""
    read = yaml.safe_load(FILE.read_text())
    return dict(_put_in(read, given or {}))


def services(given: Mapping[str, str] | None = None) -> dict[str, Service]:
    """Every service by its name, whatever its profile."""
    whole = document(given)
    files = {name: FOLDER / one["file"] for name, one in whole["secrets"].items()}
    return {name: _service(name, data, files) for name, data in whole["services"].items()}


def started(all_of_them: Mapping[str, Service], profiles: Sequence[str] = ()) -> dict[str, Service]:
    """Those that `up` starts."""
    return {
        name: one
        for name, one in all_of_them.items()
        if not one.data.get("profiles") or set(profiles) & set(one.data["profiles"])
    }


def _put_in(value: Any, given: Mapping[str, str]) -> Any:
    match value:
        case str():
            return _VARIABLE.sub(lambda found: given.get(found[1]) or found[2] or "", value)
        case dict():
            return {name: _put_in(one, given) for name, one in value.items()}
        case list():
            return [_put_in(one, given) for one in value]
    return value


def _service(name: str, data: Mapping[str, Any], files: Mapping[str, Path]) -> Service:
    user = data.get("user")
    networks = data.get("networks", ())
    aliases = networks if isinstance(networks, dict) else {network: {} for network in networks}
    mounts = [one.partition(":") for one in data.get("volumes", ())]
    options = [one.partition(":") for one in data.get("tmpfs", ())]
    seccomp = [one.partition("=")[2] for one in data["security_opt"] if one.startswith("seccomp=")]
    return Service(
        name=name,
        image=data["image"],
        build=data.get("build", {}).get("target"),
        command=tuple(data["command"]),
        health=tuple(data.get("healthcheck", {}).get("test", ())[1:]),
        environment=data.get("environment", {}),
        user=(int(user.partition(":")[0]), int(user.partition(":")[2])) if user else None,
        networks={network: (name, *(said or {}).get("aliases", ())) for network, said in aliases.items()},
        secrets=dict(_secret(one, files) for one in data.get("secrets", ())),
        tmpfs=tuple((path, said) for path, _, said in options),
        volumes={inside: outside for outside, _, inside in mounts},
        shm_size=data.get("shm_size", "64m"),
        seccomp=FOLDER / seccomp[0] if seccomp else None,
        stop_signal=data.get("stop_signal", "SIGTERM"),
        stop_seconds=float(data.get("stop_grace_period", "10s").removesuffix("s")),
        data=data,
    )


def _secret(said: str | Mapping[str, str], files: Mapping[str, Path]) -> tuple[str, Path]:
    source, target = (said, said) if isinstance(said, str) else (said["source"], said["target"])
    return f"/run/secrets/{target}", files[source]
