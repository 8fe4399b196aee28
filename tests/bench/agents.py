"""A first purchase in a browser, by our worker and by browser-use, side by side: same shop, same Chromium, same rules.

Ours makes two visits, a quote and an order, each behind its own fence; browser-use goes straight to the order. One
worker makes both, as in `checkout serve`, so the order goes on where the quote ended; beside it stands what the order
takes another worker, which goes the whole way and counts in no total. Both agents are decided by the stand-in's policy,
and the time inside it is taken off both: what is left is each agent's own. Both browsers run and have an empty page
before the clock starts, and all of it in the real-time class where that is permitted. browser-use pins half the world,
so it gets an environment of its own, made on demand under the user's cache; or one line says why that cannot be.
"""

import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from anthropic.types.beta import BetaMessage

from agents.bookmarks import Bookmarks
from agents.browsing import finding
from agents.budget import Meter
from agents.model import Model
from agents.slots import Slots
from agents.terms import Outcome, Task
from merchants.sdk import Offer, Order
from tests.agents.world import BUYER, CARD, World, lines, world

VERSION = "0.13.14"
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "agentic-checkout" / f"browser-use-{VERSION}"
DRIVER = Path(__file__).with_name("agents_browser_use.py")
# Some hundred megabytes come over the network, once.
INSTALL_SECONDS = 600
# A purchase takes browser-use a quarter of a minute; this is a machine that does nothing else.
PURCHASE_SECONDS = 240
# Between two tasks a worker waits; what ended and what was made ready meanwhile is done by then.
REST_SECONDS = 1.0
PRODUCT = "sells"
# Values as a person would write them: browser-use has no slots that know codes.
WRITTEN = {"buyer.country": "United States", "buyer.province": "California", "card.expiry": "12 / 31"}


class NotInstalledError(Exception):
    """browser-use cannot be had here; the sentence says why."""


@dataclass(frozen=True, slots=True)
class Figures:
    """One purchase: turns of the model, input tokens by characters over four, seconds without the model's.

    `visits`: the seconds of each visit by itself, where there is more than one.
    """

    turns: int
    input_tokens: int
    own_seconds: float
    visits: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TimedModel(Model):
    """Our worker's model, with the seconds every answer took: what browser-use's model in its own process takes."""

    spent: list[float] = field(default_factory=list)

    def ask(self, *, system: str, tools: Sequence[Any], messages: Sequence[Any], meter: Meter) -> BetaMessage:
        """One answer, timed."""
        began = time.perf_counter()
        try:
            return Model.ask(self, system=system, tools=tools, messages=messages, meter=meter)
        finally:
            self.spent.append(time.perf_counter() - began)


def race(rounds: int) -> dict[str, Any]:
    """Buy in turns; per agent and measure one figure a round. NotInstalledError if browser-use cannot be had."""
    python = environment()
    with _undisturbed():
        return _raced(python, rounds)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """This process, and all it starts meanwhile, before whatever else runs here; as ever where that is not permitted.

    Both agents hand over from process to process hundreds of times a second, and would be timed by their neighbours.
    """
    policy, priority = os.sched_getscheduler(0), os.sched_getparam(0)
    with suppress(PermissionError):
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(os.sched_get_priority_min(os.SCHED_RR)))
    try:
        yield
    finally:
        os.sched_setscheduler(0, policy, priority)


def _raced(python: Path, rounds: int) -> dict[str, Any]:
    figures: dict[str, list[Figures]] = {"ours": [], "browser-use": []}
    with tempfile.TemporaryDirectory() as folder, world(Path(folder)) as at:
        _ours(at)  # the first purchase of a process imports and compiles; browser-use's imports are not counted either
        for number in range(rounds):
            for name in figures if number % 2 == 0 else reversed(figures):
                figures[name].append(_ours(at) if name == "ours" else _theirs(at, python, Path(folder)))
    return {name: [_plain(one) for one in rounds_of] for name, rounds_of in figures.items()}


def environment() -> Path:
    """The Python of browser-use's own environment, made if it is not there."""
    python = CACHE / "bin" / "python"
    installed = CACHE / "installed"
    if installed.exists():
        return python
    try:
        subprocess.run([sys.executable, "-m", "venv", str(CACHE)], check=True, capture_output=True)
        subprocess.run(
            [str(python), "-m", "pip", "install", "--quiet", f"browser-use=={VERSION}"],
            check=True,
            capture_output=True,
            timeout=INSTALL_SECONDS,
        )
    except (OSError, subprocess.SubprocessError) as failed:
        raise NotInstalledError(f"browser-use {VERSION} cannot be installed here: {failed}") from failed
    installed.touch()
    return python


def _ours(at: World) -> Figures:
    """A quote and its order by our worker, and the same order by another one."""
    asked = len(at.requests())
    model = TimedModel(at.model.name, at.model.client)
    at = replace(at, model=model, bookmarks=Bookmarks())
    quote = at.offer_task(PRODUCT)
    offer, quoting = _timed(at, quote, model)
    assert isinstance(offer, Offer), offer
    order, ordering = _timed(at, at.order_task(quote, offer), model)
    assert isinstance(order, Order), order
    requests = at.requests()[asked:]
    tokens = sum(request["input_tokens"] for request in requests)
    again, elsewhere = _timed(replace(at, bookmarks=None), at.order_task(quote, offer), model)
    assert isinstance(again, Order), again
    visits = {"quote": quoting, "order": ordering, "order elsewhere": elsewhere}
    return Figures(len(requests), tokens, quoting + ordering, visits)


def _timed(at: World, task: Task, model: TimedModel) -> tuple[Outcome, float]:
    """How a task ended, and its seconds without the model's: from a browser with an empty page to a closed context."""
    at.prepare()
    time.sleep(REST_SECONDS)
    began, before = time.perf_counter(), sum(model.spent)
    outcome = at.run(task)
    return outcome, time.perf_counter() - began - (sum(model.spent) - before)


def _theirs(at: World, python: Path, folder: Path) -> Figures:
    """The order by browser-use; the shop's book must hold it."""
    slots = Slots(BUYER, CARD)
    values = _values(slots.names)
    first = "\n".join(
        [
            "Task: order",
            f"Product page: {at.shop.said['products'][PRODUCT]}",
            *("Quantity: 1", "Variant: none asked", "Payment: card"),
            "Slots: " + " ".join(f"{{{{{name}}}}}" for name in values),
        ]
    )
    task = folder / "task.json"
    task.write_text(json.dumps({"browser": finding.find().path, "first": first, "values": values}), encoding="utf-8")
    booked = len(at.orders())
    said: Mapping[str, Any] = json.loads(_driven([str(python), str(DRIVER), str(task)], folder).splitlines()[-1])
    assert said["done"], said
    assert booked + 1 == len(lines(Path(at.shop.said["book"])))
    return Figures(said["turns"], said["input_tokens"], said["own_seconds"])


def _driven(command: Sequence[str], folder: Path) -> str:
    """What a driver printed. The browser it leaves behind would run beside whoever is measured next: it is ended."""
    env = os.environ | {"BROWSER_USE_CONFIG_DIR": str(folder / "browser-use"), "TMPDIR": str(folder)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=env, start_new_session=True) as driver:
        try:
            printed, _ = driver.communicate(timeout=PURCHASE_SECONDS)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(driver.pid, signal.SIGKILL)
    assert 0 == driver.returncode, printed
    return printed


def _values(names: tuple[str, ...]) -> dict[str, str]:
    card = {
        "card.number": CARD.number,
        "card.cvc": CARD.cvc,
        "card.name": CARD.holder,
        "card.exp_month": f"{CARD.exp_month:02}",
        "card.exp_year": str(CARD.exp_year),
    }
    person = {f"buyer.{name}": str(getattr(BUYER, name)) for name in BUYER.__slots__ if getattr(BUYER, name)}
    full = {"buyer.full_name": f"{BUYER.first_name} {BUYER.last_name}"}
    known = person | full | card | WRITTEN
    return {name: known[name] for name in names if name in known}


def _plain(figures: Figures) -> dict[str, float]:
    return {
        "turns": figures.turns,
        "input tokens": figures.input_tokens,
        "own seconds": figures.own_seconds,
        **{f"{visit} seconds": seconds for visit, seconds in figures.visits.items()},
    }


def medians(rounds: list[dict[str, float]]) -> dict[str, float]:
    """The median of every measure."""
    return {measure: statistics.median(one[measure] for one in rounds) for measure in rounds[0]}
