"""`make bench`: sagas beside DBOS and beside the bare commit, waiting, waking, dying, growing, and agents at a shop.

Prints; asserts nothing about speed. Ratios matter here, not digits: the machine may be shared, so what is compared is
run turn about and given as medians over rounds, with the range. `make bench ARGS="--part race"` runs a single part;
the whole takes about ten minutes on two idle cores.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from tests import servers
from tests.bench import agents, api, growth, machine, processes, race

out = Console()
out.width = max(out.width, 120)  # a table in a log is as wide as on a screen
# In place of the figures of a part that has ended with an error.
FAILED = "failed"
NAMES = {"ours": "agentic-checkout", "dbos": "DBOS 3.4", "floor": "one row, one commit"}
# Every commit of the race's saga on our side, and why it cannot be another's. A claim rides with the start and with the
# answer while a worker is free; where none is, it is one more each time.
COMMITS = (
    ("start", 1, "the request is acknowledged, so it must be on disk"),
    ("step", 6, "a step's outcome, before the next begins"),
    ("callback", 1, "its id goes outside, so it must be known here first"),
    ("suspend, end", 2, "the lease is given up; the result"),
    ("answer", 1, "the outside's answer is acknowledged"),
)


def main() -> None:
    """Run what was asked for."""
    options = argparse.ArgumentParser(prog="make bench", description=__doc__)
    options.add_argument("--part", choices=[*PARTS], action="append", help="only this; may be given several times")
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--sequential", type=int, default=20, help="sagas one after the other, per round")
    options.add_argument("--in-flight", type=int, default=100, help="sagas at once")
    options.add_argument("--concurrent", type=int, default=200, help="sagas with that many at once, per round")
    options.add_argument("--suspended", type=int, default=100_000)
    options.add_argument("--rows", type=int, default=growth.LARGE, help="purchases in the larger database")
    options.add_argument("--purchases", type=int, default=5, help="purchases in a browser by each agent")
    options.add_argument("--json", action="store_true", help="the figures themselves, at the end")
    asked = options.parse_args()
    try:
        figures = {part: _measured(part, asked) for part in asked.part or PARTS}
    finally:
        servers.finish()
    if asked.json:
        print(json.dumps(figures, indent=2))  # noqa: T201 (the data)
    if any(FAILED in of for of in figures.values()):
        sys.exit(1)


def _measured(part: str, asked: argparse.Namespace) -> dict[str, Any]:
    """A part's figures, and under what load they were seen."""
    begun, load = time.monotonic(), machine.load()
    try:
        return PARTS[part](asked)
    except Exception as error:  # noqa: BLE001 (the other parts' figures must not be lost; the exit status tells)
        text = "".join(traceback.format_exception(error)[-3:])
        out.print(f"[red]{part} has failed:[/]\n{escape(text)}", highlight=False)
        return {FAILED: repr(error)}
    finally:
        out.print(f"[dim]{part}: {time.monotonic() - begun:.0f} s; load before {load}, after {machine.load()}[/]")


def _race(asked: argparse.Namespace) -> dict[str, Any]:
    figures = {}
    for kind, title in (("postgresql", "PostgreSQL, fsync on"), ("sqlite", "SQLite, synchronous=FULL")):
        with tempfile.TemporaryDirectory() as folder:
            figures[kind] = race.run(
                kind,
                Path(folder),
                rounds=asked.rounds,
                sequential=asked.sequential,
                concurrent=asked.concurrent,
                in_flight=asked.in_flight,
            )
        _show_race(figures[kind], f"Six steps and one wait on {title}; one process each, {asked.in_flight} in flight")
    out.print(
        "\nOur eleven commits, and one for each claim that found no free worker: "
        + "; ".join(f"{name} x {count} ({why})" for name, count, why in COMMITS)
    )
    return figures


def _show_race(figures: race.Figures, title: str) -> None:
    _compare(title, figures["ours"], figures["dbos"], names=(NAMES["ours"], NAMES["dbos"]))
    for measure, values in figures.get("floor", {}).items():
        out.print(f"The floor, {NAMES['floor']} on one connection: {_spread(values)} {measure}")


def _waiting(asked: argparse.Namespace) -> dict[str, Any]:
    with servers.postgres_url() as url:
        figures = _alone("tests.bench.waiting", url, str(asked.suspended))
    _list("Suspended executions on PostgreSQL, in a worker process", figures)
    purchases = _alone("tests.bench.suspended", "2000")
    _list("Suspended purchases on SQLite, in a process that serves them", purchases)
    return {"executions": figures, "purchases": purchases}


def _processes(_asked: argparse.Namespace) -> dict[str, Any]:
    resumed = sorted(processes.resume(100))
    died = processes.recovery(3)
    figures = {
        "answer in one process to resumed in another, ms, p50": statistics.median(resumed),
        "p99": resumed[round(len(resumed) * 0.99) - 1],
        f"kill -9 to the step run elsewhere, s (the lease is {processes.LEASE_SECONDS:.0f})": statistics.median(died),
    }
    _list("Several processes on one PostgreSQL", figures)
    return figures


def _api(asked: argparse.Namespace) -> dict[str, Any]:
    figures = api.run(asked.rounds)
    _compare(
        f"The API under mixed load on PostgreSQL: per purchase one create, eight polls and one confirm, "
        f"{api.CONNECTIONS} connections",
        figures["ours"],
        figures["bare"],
        names=("checkout serve", "bare FastAPI, same rows"),
    )
    return figures


def _growth(asked: argparse.Namespace) -> dict[str, Any]:
    by_workers = growth.workers(asked.rounds, 200)
    table = _table("Sagas of six steps on PostgreSQL, by worker processes", *(f"{count}" for count in by_workers))
    for measure in by_workers[1]:
        table.add_row(measure, *(_spread(figures[measure]) for figures in by_workers.values()))
    out.print(table)
    asked_of = growth.rows(large=asked.rows)
    table = _table(
        "What the service asks PostgreSQL, ms, by purchases in the tables",
        *(f"{size:,}" for size in (growth.SMALL, asked.rows)),
        "ratio",
        "rows read",
        "read from end to end",
    )
    for name, one in asked_of.items():
        ratio = statistics.median(one.large) / statistics.median(one.small)
        scanned = ", ".join(sorted(one.scanned)) or "nothing"
        table.add_row(name, _spread(one.small), _spread(one.large), f"{ratio:.2f}", str(one.rows), scanned)
    out.print(table)
    return {"workers": by_workers, "rows": {name: (one.small, one.large) for name, one in asked_of.items()}}


def _agents(asked: argparse.Namespace) -> dict[str, Any]:
    """Per agent the figures of every round; or, under `missing`, why there are none."""
    try:
        bought = agents.race(asked.purchases)
    except agents.NotInstalledError as missing:
        out.print(f"\n{missing}")
        return {"missing": str(missing)}
    table = Table(
        title="\nA first purchase in a browser, at the six-page demo shop, without the model's time", box=None
    )
    table.add_column("")
    for name in bought:
        table.add_column(name, justify="right")
    table.add_column("ratio", justify="right")
    ours, theirs = (agents.medians(rounds) for rounds in bought.values())
    for measure in ours:
        if measure not in theirs:  # one of our visits by itself
            table.add_row(measure, _spread([one[measure] for one in bought["ours"]]), "", "")
            continue
        cells = [_spread([one[measure] for one in rounds]) for rounds in bought.values()]
        table.add_row(measure, *cells, f"{theirs[measure] / ours[measure]:.1f}")
    out.print(table)
    elsewhere = statistics.median(one["quote seconds"] + one["order elsewhere seconds"] for one in bought["ours"])
    out.print("Ours makes two visits, a quote and its order; browser-use goes straight to the order.")
    out.print(
        "The order goes on where the quote ended; another worker goes the whole way (order elsewhere), with which our "
        f"own seconds are {elsewhere:.1f} in all, a ratio of {theirs['own seconds'] / elsewhere:.1f}."
    )
    return bought


def _alone(module: str, *arguments: str) -> dict[str, Any]:
    """A module's figures, from a process of its own."""
    command = [sys.executable, "-m", module, *arguments]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    figures: dict[str, Any] = json.loads(done.stdout)
    return figures


def _list(title: str, figures: dict[str, Any]) -> None:
    table = Table(title=f"\n{title}", box=None, show_header=False)
    table.add_column("")
    table.add_column("", justify="right")
    for name, value in figures.items():
        table.add_row(name.replace("_", " "), f"{value:,.1f}" if isinstance(value, float) else str(value))
    out.print(table)


def _compare(
    title: str, ones: dict[str, list[float]], others: dict[str, list[float]], *, names: tuple[str, str]
) -> None:
    """Measure by measure, medians and ranges side by side, and the ratio of the medians."""
    table = _table(title, *names, "ratio")
    for measure, ours in ones.items():
        theirs = others[measure]
        ratio = statistics.median(ours) / max(statistics.median(theirs), 1e-9)
        table.add_row(measure, _spread(ours), _spread(theirs), f"{ratio:.2f}")
    out.print(table)


def _table(title: str, *columns: str) -> Table:
    table = Table(title=f"\n{title}", box=None, title_justify="left")
    table.add_column("")
    for name in columns:
        table.add_column(name, justify="right")
    return table


def _spread(values: list[float]) -> str:
    return f"{statistics.median(values):.1f} [{min(values):.1f} to {max(values):.1f}]"


PARTS: dict[str, Callable[[argparse.Namespace], dict[str, Any]]] = {
    "race": _race,
    "waiting": _waiting,
    "processes": _processes,
    "api": _api,
    "growth": _growth,
    "agents": _agents,
}


if __name__ == "__main__":
    main()
