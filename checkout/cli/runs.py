"""`checkout runs`: purchases as an operator sees them: the list, one purchase's timeline, the answer to its question.

Reads the database beside a running service; the answer is the one thing it writes, as one transaction.
"""

import getpass
import json
import time
from contextlib import suppress
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.live import Live
from rich.markup import escape

from checkout import wiring
from checkout.console import runs, screens
from checkout.durable.errors import ExecutionNotFoundError
from checkout.purchase.errors import PurchaseError
from checkout.purchase.states import State
from checkout.purchase.terms import ReviewAnswer, Verdict
from checkout.settings import Settings
from payments.money import Money

app = typer.Typer(no_args_is_help=True, help="Purchases: list, timeline, and the answer to an open question.")
out = Console()
err = Console(stderr=True)

# `watch` looks again this often, in seconds; a purchase moves in seconds, and a read costs a millisecond.
WATCH_EVERY_SECONDS = 0.5

AsJson = Annotated[bool, typer.Option("--json", help="Print data instead of a table.")]
IntentId = Annotated[str, typer.Argument(help="The checkout intent, ci_…")]


@app.command("list")
def list_runs(
    *,
    state: Annotated[State | None, typer.Option(help="Only this public state.")] = None,
    review: Annotated[bool, typer.Option("--review", help="Only those that wait for an operator.")] = False,
    tenant: Annotated[str | None, typer.Option(help="Only this tenant.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 50,
    as_json: AsJson = False,
) -> None:
    """The newest purchases, and what each waits for."""
    with wiring.opened(Settings()) as deployment, deployment.database.read() as session:
        rows = runs.newest(session, state=state, review=review, tenant=tenant, limit=limit)
        now = deployment.clock.now()
        if as_json:
            out.print_json(json.dumps([runs.as_data(row) for row in rows]))
        else:
            out.print(screens.table(rows, now))


@app.command()
def show(intent_id: IntentId, *, as_json: AsJson = False) -> None:
    """One purchase: its steps, attempts and waits, its money, and the question it asks, if any."""
    with wiring.opened(Settings()) as deployment:
        story = _story(deployment, intent_id)
        if as_json:
            out.print_json(json.dumps(runs.story_data(story)))
        else:
            out.print(screens.timeline(story, deployment.clock.now()))


@app.command()
def watch(intent_id: IntentId) -> None:
    """The same, kept current until the purchase ends. Leave with Ctrl-C; nothing stops with you."""
    with (
        wiring.opened(Settings()) as deployment,
        suppress(KeyboardInterrupt),
        Live(console=out, auto_refresh=False) as live,
    ):
        while True:
            story = _story(deployment, intent_id)
            live.update(screens.timeline(story, deployment.clock.now()), refresh=True)
            if story.ended:
                return
            time.sleep(WATCH_EVERY_SECONDS)


@app.command()
def answer(
    intent_id: IntentId,
    verdict: Annotated[Verdict, typer.Argument(help="What you found out.")],
    *,
    reason: Annotated[str, typer.Option(prompt=True, help="How you know; kept with the purchase.")],
    order_number: Annotated[str | None, typer.Option(help="With `placed`: the merchant's order number.")] = None,
    total_minor: Annotated[int | None, typer.Option(min=0, help="What the merchant charged, in minor units.")] = None,
    operator: Annotated[str, typer.Option(help="Who answers.")] = getpass.getuser(),
) -> None:
    """Answer a purchase's open question. It goes on at once."""
    if verdict is Verdict.PLACED and not order_number:
        err.print("[red]`placed` needs --order-number, as the merchant gives it[/] (order_number_missing)")
        raise typer.Exit(2)
    with wiring.opened(Settings()) as deployment:
        try:
            with deployment.database.transaction() as session:
                intent = deployment.purchases.of_operator(session, intent_id)
                total = _total(intent.offer, total_minor)
                deployment.purchases.answer(
                    session,
                    intent_id,
                    ReviewAnswer(
                        verdict=verdict, reason=reason, operator=operator, merchant_order_id=order_number, total=total
                    ),
                )
        except PurchaseError as refused:
            _refuse(refused)
    out.print(f"Answered [bold]{verdict.value}[/]; {intent_id} goes on.")


def _total(offer: dict[str, Any] | None, total_minor: int | None) -> Money | None:
    if total_minor is None or offer is None:
        return None
    return Money(total_minor, offer["cost"]["total"]["currency"])


def _story(deployment: wiring.Deployment, intent_id: str) -> runs.Story:
    try:
        return runs.read_story(deployment.database, deployment.executions, intent_id)
    except (PurchaseError, ExecutionNotFoundError) as refused:
        _refuse(refused)


def _refuse(refused: PurchaseError | ExecutionNotFoundError) -> NoReturn:
    err.print(f"[red]{escape(str(refused))}[/] ({refused.code})", soft_wrap=True)
    raise typer.Exit(1)
