"""`checkout doctor`: what this set-up has and what it lacks, each with how to mend it.

Makes what `serve` would make first, the database and the folders, and changes nothing else. Never shows a key.
"""

import json
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from sqlalchemy.exc import SQLAlchemyError

from agents.errors import BrowserMissingError
from agents.finding import find
from checkout import wiring
from checkout.settings import Settings

out = Console()


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at. `mend` says what to do when it is not well, and is empty when it is."""

    name: str
    found: str
    mend: str = ""

    @property
    def well(self) -> bool:
        """Whether nothing needs to be done."""
        return not self.mend


def doctor(*, as_json: Annotated[bool, typer.Option("--json", help="Print data instead of lines.")] = False) -> None:
    """Look at the set-up: database, folders, payments, browser, model. Exit code 1 when something must be mended."""
    settings = Settings()
    findings = [finding for look in LOOKS for finding in look(settings)]
    if as_json:
        out.print_json(
            json.dumps([{"name": one.name, "found": one.found, "well": one.well, "mend": one.mend} for one in findings])
        )
    else:
        for one in findings:
            mark = "[green]✓[/]" if one.well else "[red]✗[/]"
            out.print(f"{mark} [bold]{one.name:<10}[/] {escape(one.found)}", soft_wrap=True)
            if one.mend:
                out.print(f"  [yellow]{escape(one.mend)}[/]", soft_wrap=True)
    if not all(one.well for one in findings):
        raise typer.Exit(1)


def _database(settings: Settings) -> Iterator[Finding]:
    try:
        with wiring.opened(settings) as deployment, deployment.database.read():
            waiting = deployment.durable.unrunnable()
    except (OSError, ValueError, RuntimeError, SQLAlchemyError) as broken:
        said = type(broken).__name__ if isinstance(broken, SQLAlchemyError) else str(broken)
        yield Finding(
            name="database",
            found=f"{settings.database_url}: {said}",
            mend="Make its folder writable for this user, or set CHECKOUT_DATABASE_URL to another file.",
        )
        return
    stuck = ", ".join(f"{count} of {function} version {version}" for function, version, count in waiting)
    yield Finding(
        name="database",
        found=f"{settings.database_url}{': waiting and not runnable: ' + stuck if stuck else ''}",
        mend="Run the release that started them until they have ended." if stuck else "",
    )


def _folders(settings: Settings) -> Iterator[Finding]:
    path = settings.database_path
    for folder in (*([path.parent] if path else []), settings.evidence_folder):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                pass
        except OSError as refused:
            yield Finding(
                name="folder",
                found=f"{folder} cannot be written: {refused.strerror}",
                mend=f"Make it writable for this user: chown it, or choose another folder than {Path.cwd() / folder}.",
            )
        else:
            yield Finding(name="folder", found=f"{folder} can be written")


def _payments(settings: Settings) -> Iterator[Finding]:
    key = settings.stripe_api_key.get_secret_value() if settings.stripe_api_key else ""
    if not key:
        where = settings.payment_sandbox_url or "one that `checkout serve` starts"
        yield Finding(name="payments", found=f"no STRIPE_API_KEY: money is pretended, by a payment sandbox ({where})")
    elif key.startswith(("sk_test_", "rk_test_")):
        yield Finding(name="payments", found="Stripe in test mode: no real money")
    elif key.startswith(("sk_live_", "rk_live_")):
        yield Finding(name="payments", found="Stripe in live mode: money is real")
    else:
        yield Finding(
            name="payments",
            found="STRIPE_API_KEY is no secret key of Stripe's",
            mend="Set it to a key that begins with sk_test_, sk_live_, rk_test_ or rk_live_, or to nothing.",
        )


def _browser(settings: Settings) -> Iterator[Finding]:
    try:
        found = find(settings.browser, headed=settings.browser_headed)
    except BrowserMissingError as missing:
        needed = "" if not settings.agents_enabled else str(missing)
        yield Finding(
            name="browser", found="none; agents, which are off, would need one" if not needed else "none", mend=needed
        )
        return
    yield Finding(name="browser", found=f"{found.name} {found.version} at {found.path}")


def _agents(settings: Settings) -> Iterator[Finding]:
    if not settings.agents_enabled:
        yield Finding(
            name="agents", found="off: a URL that no adapter takes fails (CHECKOUT_AGENTS_ENABLED turns them on)"
        )
    elif not settings.has_model and settings.agent_embedded:
        yield Finding(
            name="agents",
            found="on, and no model is configured",
            mend="Set ANTHROPIC_API_KEY, or CHECKOUT_MODEL_URL for a gateway, or CHECKOUT_AGENT_EMBEDDED=false where "
            "`checkout agent-worker` runs.",
        )
    else:
        where = f"at {settings.model_url}" if settings.model_url else "at Anthropic"
        worker = "a worker inside `checkout serve`" if settings.agent_embedded else "`checkout agent-worker` processes"
        card = "a card that pays merchants" if settings.card else "no card: only shops that take payment later"
        yield Finding(name="agents", found=f"on: {settings.agent_model} {where}, {worker}, {card}")


LOOKS: tuple[Callable[[Settings], Iterator[Finding]], ...] = (_database, _folders, _payments, _browser, _agents)
