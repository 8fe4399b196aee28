"""`checkout reconcile`: our ledger beside the provider's books and the merchants'. Reads, and changes nothing anywhere.

Exit 0 when nothing differs, 1 when something does, 2 when it could not be compared to the end.
"""

import json
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from checkout import wiring
from checkout.purchase.errors import PurchaseError
from checkout.reconcile import screens
from checkout.reconcile.comparing import Comparison
from checkout.reconcile.findings import Report
from checkout.reconcile.orders import Orders
from checkout.settings import Settings
from payments.books import BooksError

out = Console()
err = Console(stderr=True)

# Twice the longest hold a card gives, so that whatever is held now was made in that time.
DEFAULT_SINCE = "14d"
UNITS = {"h": "hours", "d": "days", "w": "weeks"}
# Merchants owe us nothing; two reads a second are less than a person clicking.
MERCHANT_READS_PER_SECOND = 2.0


def reconcile(
    *,
    since: Annotated[
        str, typer.Option(help="From when on: 24h, 14d, 2w, or a time such as 2026-03-01 or 2026-03-01T12:00Z.")
    ] = DEFAULT_SINCE,
    as_json: Annotated[bool, typer.Option("--json", help="Print data instead of a table.")] = False,
    shared_account: Annotated[
        bool, typer.Option("--shared-account", help="The provider's account has other business too; count it only.")
    ] = False,
    merchants_per_second: Annotated[
        float, typer.Option(min=0.1, max=100, help="How many orders to look up at merchants in a second, at most.")
    ] = MERCHANT_READS_PER_SECOND,
    stripe_key: Annotated[
        str | None,
        typer.Option(
            envvar="STRIPE_READ_KEY",
            help="A restricted key that may read PaymentIntents, Charges, Refunds and Balance; else the service's own. "
            "Give it in the environment.",
        ),
    ] = None,
) -> None:
    """Compare our ledger and orders with the payment provider's books and the merchants'. Changes nothing."""
    settings = Settings()
    with wiring.opened(settings) as deployment:
        provider = wiring.books_of(settings, stripe_key)
        merchants = wiring.registry(settings, deployment.fetcher, deployment.signer)
        comparison = Comparison(
            database=deployment.database,
            provider=provider,
            orders=Orders(durable=deployment.executions, named=merchants.named, wait=_paced(merchants_per_second)),
            shared=shared_account,
        )
        try:
            report = comparison.run(_moment(since, deployment.clock.now()))
        except (BooksError, PurchaseError) as unread:
            err.print(f"[red]{escape(str(unread))}[/] ({unread.code})", soft_wrap=True)
            raise typer.Exit(2) from unread
        finally:
            provider.close()
    _show(report, as_json=as_json)
    if report.found:
        raise typer.Exit(1)
    if report.unanswered:
        raise typer.Exit(2)


def _show(report: Report, *, as_json: bool) -> None:
    if as_json:
        out.print_json(json.dumps(report.as_data()))
    else:
        out.print(screens.shown(report))


def _moment(since: str, now: datetime) -> datetime:
    """The moment `since` names; an ago counts back from now, a time without a zone is UTC."""
    if ago := re.fullmatch(r"(\d{1,5})([hdw])", since):
        return now - timedelta(**{UNITS[ago[2]]: int(ago[1])})
    try:
        named = datetime.fromisoformat(since)
    except ValueError as wrong:
        err.print(f"[red]--since {escape(since)} is no time and no ago such as 24h or 14d[/] (invalid_since)")
        raise typer.Exit(2) from wrong
    return named.replace(tzinfo=named.tzinfo or UTC)


def _paced(per_second: float) -> Callable[[], None]:
    """Wait for the next turn."""
    turn = [time.monotonic()]

    def wait() -> None:
        now = time.monotonic()
        if now < turn[0]:
            time.sleep(turn[0] - now)
        turn[0] = max(now, turn[0]) + 1 / per_second

    return wait
