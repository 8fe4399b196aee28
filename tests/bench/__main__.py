"""`make bench`: sagas beside DBOS, purchases in a browser beside browser-use. Prints; asserts nothing about speed.

Both engines run the same saga on the same disk in this one process, turn about, in rounds; the figures are medians over
the rounds, with the range. The agents buy in turns too. Ratios matter here, not digits: the machine may be shared.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.bench import agents, on_dbos, on_ours
from tests.bench.on_dbos import Dbos
from tests.bench.on_ours import Ours

out = Console()


def main() -> None:
    """Run everything; about a minute."""
    options = argparse.ArgumentParser(prog="make bench", description=__doc__)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--sequential", type=int, default=30, help="sagas one after the other, per round")
    options.add_argument("--in-flight", type=int, default=100, help="sagas at once")
    options.add_argument("--concurrent", type=int, default=200, help="sagas with that many at once, per round")
    options.add_argument("--suspended", type=int, default=2000)
    options.add_argument("--purchases", type=int, default=3, help="purchases in a browser by each agent; 0: none")
    options.add_argument("--json", action="store_true")
    asked = options.parse_args()
    race = _race(asked.rounds, asked.sequential, asked.concurrent, asked.in_flight)
    suspended = _suspended(asked.suspended)
    bought = _buy(asked.purchases)
    if asked.json:
        print(json.dumps({"race": race, "suspended": suspended, "agents": bought}, indent=2))  # noqa: T201 (the data)
        return
    _show(race, suspended)
    _show_agents(bought)


def _race(rounds: int, sequential: int, concurrent: int, in_flight: int) -> dict[str, dict[str, list[float]]]:
    """Per engine and measure, one figure per round."""
    figures: dict[str, dict[str, list[float]]] = {}
    with (
        tempfile.TemporaryDirectory() as folder,
        on_ours.running(Path(folder)) as ours,
        on_dbos.running(Path(folder)) as dbos,
    ):
        engines: tuple[Ours | Dbos, ...] = (ours, dbos)
        for engine in engines:
            figures[engine.name] = {"ms per saga": [], "sagas per second": [], "commits per saga": []}
            for warm_up in range(5):
                engine.one(f"warm-{warm_up}")
        for number in range(rounds):
            for engine in engines if number % 2 == 0 else reversed(engines):
                of = figures[engine.name]
                before = engine.commits
                latencies = [engine.one(f"one-{number}-{index}") for index in range(sequential)]
                of["ms per saga"].append(statistics.median(latencies))
                of["commits per saga"].append((engine.commits - before) / sequential)
                names = [f"many-{number}-{index}" for index in range(concurrent)]
                of["sagas per second"].append(engine.many(names, in_flight))
    return figures


def _suspended(count: int) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.suspended", str(count)], check=True, capture_output=True, text=True
    )
    figures: dict[str, Any] = json.loads(done.stdout)
    return figures


def _buy(rounds: int) -> dict[str, Any]:
    """Per agent the figures of every round; or, under `missing`, why there are none."""
    if not rounds:
        return {}
    try:
        return agents.race(rounds)
    except agents.NotInstalledError as missing:
        return {"missing": str(missing)}


def _show_agents(bought: dict[str, Any]) -> None:
    if not bought or "missing" in bought:
        out.print(f"\n{bought['missing']}" if bought else "")
        return
    table = Table(
        title="\nA first purchase in a browser, at the six-page demo shop, without the model's time", box=None
    )
    table.add_column("")
    for name in bought:
        table.add_column(name, justify="right")
    table.add_column("ratio", justify="right")
    ours, theirs = (agents.medians(rounds) for rounds in bought.values())
    for measure in ours:
        cells = [
            f"{statistics.median(values):.1f} [{min(values):.1f} to {max(values):.1f}]"
            for values in ([one[measure] for one in rounds] for rounds in bought.values())
        ]
        table.add_row(measure, *cells, f"{theirs[measure] / ours[measure]:.1f}")
    out.print(table)
    out.print("Ours makes two visits, a quote and its order; browser-use goes straight to the order.")


def _show(race: dict[str, dict[str, list[float]]], cost: dict[str, Any]) -> None:
    table = Table(title="The purchase's steps, empty: six steps and one wait, SQLite, same disk, one run", box=None)
    table.add_column("")
    for name in race:
        table.add_column(name, justify="right")
    table.add_column("ratio", justify="right")
    for measure in ("ms per saga", "sagas per second", "commits per saga"):
        medians = [statistics.median(of[measure]) for of in race.values()]
        cells = [
            f"{median:.1f} [{min(of[measure]):.1f} to {max(of[measure]):.1f}]"
            for median, of in zip(medians, race.values(), strict=True)
        ]
        table.add_row(measure, *cells, f"{medians[0] / medians[1]:.2f}" if medians[1] else "")
    out.print(table)
    out.print(
        f"\n{cost['suspended']} suspended checkouts: {cost['memory_bytes_each']:.0f} bytes of memory and "
        f"{cost['disk_bytes_each']:.0f} bytes of disk each; {cost['threads']} threads "
        f"({', '.join(cost['thread_names'])}), {cost['tasks']} tasks."
    )


if __name__ == "__main__":
    main()
