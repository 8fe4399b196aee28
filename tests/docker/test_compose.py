"""What compose.yaml promises: who can reach whom, who may write where, who is told which secret, who waits for whom."""

import json
import re

import compose_spec
import pytest

from checkout.distributed.worker import GRACE_SECONDS
from checkout.embedded import FINISH_SECONDS
from checkout.serving import SHUTDOWN_SECONDS
from checkout.settings import Settings
from tests.docker import composition
from tests.docker.composition import DEMO, FILE, document, services, started, variables

SERVICES = services(variables(DEMO))
OURS = [name for name, one in SERVICES.items() if one.build]
SERVES_BUYERS = ("migrate", "api", "worker")


def test_a_reader_of_the_specification_takes_the_file_and_would_refuse_another() -> None:
    """One that nobody here wrote, with and without the demo's variables; a word of nobody's is refused."""
    for given in ({}, variables(DEMO)):
        compose_spec.PyCompose.from_json(json.dumps(document(given)))
    wrong = document()
    wrong["services"]["api"]["read_onyl"] = True
    with pytest.raises(ValueError, match="read_onyl"):
        compose_spec.PyCompose.from_json(json.dumps(wrong))


def test_up_without_a_profile_starts_what_a_service_needs_and_nothing_of_the_demo() -> None:
    """Agent workers and the demo's world are asked for by name."""
    assert {"migrate", "api", "worker", "postgres", "redis"} == set(started(SERVICES))
    assert {"agent-worker"} == set(started(SERVICES, ["agents"])) - set(started(SERVICES))
    assert set(SERVICES) == set(started(SERVICES, ["demo"]))


@pytest.mark.parametrize("name", SERVICES)
def test_no_service_can_write_its_image_gain_a_privilege_or_take_the_machine(name: str) -> None:
    """Read-only, without capabilities, bounded in cores, memory and processes, by a user that is not root."""
    data = SERVICES[name].data
    assert (True, True, ["ALL"]) == (data["read_only"], data["init"], data["cap_drop"])
    assert "no-new-privileges:true" in data["security_opt"]
    assert not {"privileged", "cap_add", "network_mode", "pid", "ipc", "devices"} & set(data)
    assert {"cpus", "memory", "pids"} == set(data["deploy"]["resources"]["limits"])
    assert SERVICES[name].build or SERVICES[name].user == (999, 999)
    assert all(":" not in inside.removeprefix("/") for inside in SERVICES[name].volumes)  # named, never a host's folder


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_is_started_again_and_asked_whether_it_is_well_but_the_one_that_ends(name: str) -> None:
    """The one-shot migration is waited for instead."""
    service = SERVICES[name]
    assert ("no" if name == "migrate" else "unless-stopped") == service.data["restart"]
    assert bool(service.health) == (name != "migrate")


def test_only_the_services_that_hold_the_truth_share_a_network_with_the_database() -> None:
    """The browser's container has no way to it, nor has anything of the demo's."""
    near = {name for name, one in SERVICES.items() if "database" in one.networks}
    assert {"postgres", *SERVES_BUYERS} == near
    assert {"redis", "api", "worker", "agent-worker"} == {n for n, one in SERVICES.items() if "broker" in one.networks}
    assert {"api", "agent-worker"} == {name for name, one in SERVICES.items() if "tasks" in one.networks}


def test_database_and_broker_are_on_networks_without_a_way_out_and_publish_no_port() -> None:
    """Only the API is published, on loopback: TLS is a reverse proxy's."""
    networks = document()["networks"]
    assert {"database", "broker", "tasks"} == {name for name, said in networks.items() if said.get("internal")}
    assert set(SERVICES["postgres"].networks) == {"database"}
    assert set(SERVICES["redis"].networks) == {"broker"}
    published = {name: one.data["ports"] for name, one in SERVICES.items() if "ports" in one.data}
    assert {"api": ["127.0.0.1:8000:8000"]} == published


def test_each_service_is_told_its_own_secrets_only() -> None:
    """What reads hostile pages never holds the database, the sealing key or Stripe."""
    told = {name: {path.name for path in one.secrets.values()} for name, one in SERVICES.items() if one.secrets}
    shared = {"checkout_database_url", "checkout_secret_key"}
    assert {
        "migrate": shared,
        "api": {*shared, "checkout_redis_url", "stripe_api_key"},
        "worker": {*shared, "checkout_redis_url", "stripe_api_key"},
        "agent-worker": {"agents_redis_url", "checkout_agent_key", "checkout_agent_card", "anthropic_api_key"},
        "postgres": {"postgres_password"},
        "redis": {"redis_acl"},
    } == told


def test_no_secret_stands_in_the_file_and_every_variable_of_ours_is_a_setting() -> None:
    """A misspelt setting would be ignored; a password in the file would be everybody's."""
    known = {f"CHECKOUT_{name.upper()}" for name in Settings.model_fields}
    for name in OURS:
        settings = set(SERVICES[name].environment) - {"DEMO_PORT"}
        assert settings <= known, name
    for line in FILE.read_text().splitlines():
        assert not re.search(r"(PASSWORD|_KEY|TOKEN|CARD)\s*:\s*\S", line) or "_FILE" in line, line
    for target in {path for one in SERVICES.values() for path in one.secrets}:
        name = target.rpartition("/")[2]
        assert name.upper() in {*known, "STRIPE_API_KEY", "ANTHROPIC_API_KEY", "POSTGRES_PASSWORD", "REDIS_ACL"}


def test_nothing_of_ours_starts_before_the_migration_has_ended_well() -> None:
    """An old worker goes on meanwhile; a new one would refuse."""
    for name in ("api", "worker"):
        assert "service_completed_successfully" == SERVICES[name].data["depends_on"]["migrate"]["condition"]
    assert "service_healthy" == SERVICES["migrate"].data["depends_on"]["postgres"]["condition"]
    assert "service_healthy" == SERVICES["agent-worker"].data["depends_on"]["api"]["condition"]


def test_a_stop_waits_longer_than_the_longest_step() -> None:
    """Killed half-way, a step would be taken over after its lease, and an agent's order would be looked up."""
    assert SERVICES["worker"].stop_seconds > GRACE_SECONDS
    assert SERVICES["agent-worker"].stop_seconds > FINISH_SECONDS
    assert SERVICES["api"].stop_seconds > SHUTDOWN_SECONDS


def test_the_broker_evicts_nothing_and_the_browser_keeps_its_sandbox() -> None:
    """An evicted message would be a hint lost in silence; a browser without a sandbox needs another profile."""
    redis = SERVICES["redis"].command
    assert "noeviction" == redis[redis.index("--maxmemory-policy") + 1]
    assert composition.FOLDER / "seccomp-chromium.json" == SERVICES["agent-worker"].seccomp
    profile = json.loads((composition.FOLDER / "seccomp-chromium.json").read_text())
    refused = {name for rule in profile["syscalls"] for name in rule["names"]}
    assert {"mount", "bpf", "ptrace", "io_uring_setup", "setns"} <= refused
    assert not {"clone", "clone3", "unshare", "chroot"} & refused


def test_the_demos_shops_are_let_through_by_the_names_and_ports_they_listen_on() -> None:
    """Each allowed pair is an alias of a service that is told that port."""
    pairs = json.loads(variables(DEMO)["CHECKOUT_ALLOWED_PRIVATE_HOSTS"])
    for pair in pairs:
        name, _, port = pair.partition(":")
        owners = [one for one in SERVICES.values() if any(name in names for names in one.networks.values())]
        assert [True] == [port in one.command for one in owners], pair
