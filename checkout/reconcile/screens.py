"""A report for people: what was compared in two lines, and a table of what was found, grouped by kind."""

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from checkout.reconcile.findings import MEANS, MOST_KEPT, Code, Report


def shown(report: Report) -> RenderableType:
    """Everything a person needs to know of it."""
    return Group(*_parts(report))


def _parts(report: Report) -> Iterator[RenderableType]:
    yield Text(f"Since {report.since:%Y-%m-%d %H:%M} UTC: {_compared(report)}.", style="dim")
    for why, count in sorted((report.not_checkable + report.unanswered).items()):
        said = "not checkable" if why in report.not_checkable else "no answer"
        yield Text(f"{count} {_plural(count, 'order')} {said}: {why}.", style="yellow")
    if not report.found:
        yield Text("Nothing found: the books agree.", style="green")
        return
    for code in Code:
        if count := report.found[code]:
            yield Text.assemble((f"\n{count} {code.value}", "bold red"), f"  {MEANS[code]}")
            yield _table(report, code)
    hidden = sum(report.found.values()) - len(report.findings)
    if hidden:
        yield Text(f"\n{hidden} more than the {MOST_KEPT} that are shown.", style="yellow")


def _compared(report: Report) -> str:
    parts = [
        f"{report.purchases} {_plural(report.purchases, 'purchase')}",
        f"{report.payments} {_plural(report.payments, 'payment')}",
        f"{report.orders_checked} {_plural(report.orders_checked, 'order')} read at merchants",
    ]
    optional = {
        "under way": report.under_way,
        "waiting for an operator": report.asking,
        "settled by hand": report.settled_by_hand,
        "payments of others": report.foreign,
    }
    return ", ".join([*parts, *(f"{count} {what}" for what, count in optional.items() if count)])


def _table(report: Report, code: Code) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim", show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for finding in report.findings:
        if finding.code is code:
            named = finding.intent_id or finding.payment_id or "—"
            table.add_row(escape(named), escape(finding.says))
    return table


def _plural(count: int, noun: str) -> str:
    return noun if count == 1 else f"{noun}s"
