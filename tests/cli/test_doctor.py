"""`checkout doctor`: what is well and what is not, each with how to mend it; exit code 1 when something is not."""

import json
from pathlib import Path
from typing import Any

import pytest

from checkout.settings import Settings
from tests.agents.world import CARD
from tests.cli.command import Answer, Command

KEY = "sk_test_a_key_nobody_may_see"


def told(tmp_path: Path, **environment: str) -> tuple[Answer, dict[str, Any]]:
    """What it says of a set-up, by name."""
    settings = {
        "CHECKOUT_DATABASE_URL": f"sqlite:///{tmp_path / 'db' / 'checkout.sqlite3'}",
        "CHECKOUT_EVIDENCE_FOLDER": str(tmp_path / "evidence"),
        "CHECKOUT_BROWSER": "",
        "ANTHROPIC_API_KEY": "",
        **environment,
    }
    answer = Command(environment=settings)("doctor", "--json")
    return answer, {finding["name"]: finding for finding in answer.json()}


def test_a_set_up_that_is_well_exits_0(tmp_path: Path) -> None:
    """With agents off neither browser nor model is needed, and no Stripe key means a sandbox."""
    answer, found = told(tmp_path)
    assert (0, True) == (answer.code, all(finding["well"] for finding in found.values()))
    looked_at = {"imports", "database", "tables", "key", "broker", "folder", "disk", "payments", "browser", "agents"}
    assert looked_at == set(found)
    assert "sandbox" in found["payments"]["found"]
    shown = Command(environment={"CHECKOUT_DATABASE_URL": f"sqlite:///{tmp_path / 'c.sqlite3'}"})("doctor")
    assert "payments" in shown.out
    assert "All is well." in shown.out


def test_agents_without_a_model_are_a_problem(tmp_path: Path) -> None:
    """It names the settings that mend it; with one of them it is well."""
    answer, found = told(tmp_path, CHECKOUT_AGENTS_ENABLED="true")
    assert (1, False) == (answer.code, found["agents"]["well"])
    assert "ANTHROPIC_API_KEY" in found["agents"]["mend"]
    for name, value in (("ANTHROPIC_API_KEY", KEY), ("CHECKOUT_AGENT_EMBEDDED", "false")):
        _, found = told(tmp_path, CHECKOUT_AGENTS_ENABLED="true", **{name: value})
        assert found["agents"]["well"]


def test_a_browser_that_is_none_is_a_problem_for_agents_only(tmp_path: Path) -> None:
    """The path is named."""
    _, found = told(tmp_path, CHECKOUT_BROWSER="/no/such/chromium")
    assert found["browser"]["well"]
    answer, found = told(tmp_path, CHECKOUT_BROWSER="/no/such/chromium", CHECKOUT_AGENTS_ENABLED="true")
    assert (1, False) == (answer.code, found["browser"]["well"])
    assert "/no/such/chromium" in found["browser"]["mend"]


@pytest.mark.parametrize(
    ("key", "well", "said"),
    [(KEY, True, "test mode"), ("sk_live_1", True, "live mode"), ("pk_test_1", False, "no secret key")],
)
def test_stripes_mode_is_told_and_its_key_is_not(tmp_path: Path, key: str, *, well: bool, said: str) -> None:
    """Secret and restricted keys are known by their beginning."""
    answer, found = told(
        tmp_path,
        STRIPE_API_KEY=key,
        CHECKOUT_AGENT_CARD=json.dumps(
            {"number": CARD.number, "exp_month": 1, "exp_year": 2031, "cvc": "737", "holder": "Ada"}
        ),
    )
    assert well == found["payments"]["well"]
    assert said in found["payments"]["found"]
    assert key not in answer.out
    assert CARD.number not in answer.out


def test_a_folder_that_cannot_be_made_is_a_problem(tmp_path: Path) -> None:
    """The kernel's own file system takes no folders, whoever asks."""
    answer, found = told(tmp_path, CHECKOUT_EVIDENCE_FOLDER="/proc/evidence", CHECKOUT_AGENTS_ENABLED="true")
    assert (1, False) == (answer.code, found["folder"]["well"])
    assert "/proc/evidence" in found["folder"]["found"]


def test_a_card_that_is_none_is_refused_without_being_shown(tmp_path: Path) -> None:
    """By its setting's name."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("CHECKOUT_AGENT_CARD", '{"number": "4242424242424242"}')
        with pytest.raises(ValueError, match="agent_card") as wrong:
            Settings(database_url=f"sqlite:///{tmp_path / 'c.sqlite3'}")
    assert "4242" not in str(wrong.value)
