"""`checkout demo`: set the stage, buy eight times, kill twice, show what the books say. Exit 0 only if all is right."""

import json
import os
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import httpx2
import typer
from rich.console import Console
from rich.markup import escape

from agents.browsing.finding import Found, find
from agents.errors import BrowserMissingError
from checkout import children
from checkout.demo import report
from checkout.demo.buying import DemoError, Developer
from checkout.demo.key import developer_key
from checkout.demo.report import Outcome
from checkout.demo.scenes import SCENES, Kill, Scene
from checkout.demo.stage import TENANT, Stage, stage, until
from checkout.demo.watching import AtWork, at_work
from checkout.settings import Settings

# What the shop's request log calls the two moments the demo waits for.
MOMENT = {Kill.ORDER_PLACED: "order_placed", Kill.ORDER_STALLED: "order_requested"}
# Stays after the demo, for whoever wants to see what the agent saw.
EVIDENCE = Path("var/demo/evidence")
DISPLAYS = ("DISPLAY", "WAYLAND_DISPLAY")


def demo(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print the outcomes as data.")] = False,
    stay: Annotated[
        bool, typer.Option("--stay", help="Leave everything running, and print one JSON line with where it is.")
    ] = False,
    headed: Annotated[bool, typer.Option("--headed", help="Show the agent's browser; needs a display.")] = False,
    evidence: Annotated[Path, typer.Option(help="Where what the agent saw is kept.")] = EVIDENCE,
) -> None:
    """Buy eight times: a success, a decline, a limit, a lost answer, two kills half-way, and twice in a browser."""
    console = Console(stderr=as_json or stay)
    try:
        browser = _browser(headed=headed)
        with children.ended_by_signal(), tempfile.TemporaryDirectory(prefix="checkout-demo-") as folder:
            evidence = evidence.resolve()
            console.print("\n[dim]Setting the stage: service, sandbox, three shops, a model.[/]")
            with (
                stage(Path(folder), _key, evidence=evidence, headed=headed) as scenery,
                httpx2.Client(timeout=30) as http,
            ):
                outcomes = _play(scenery, scenery.developer(http), console, browser)
                if as_json:
                    print(json.dumps([outcome.as_data() for outcome in outcomes], indent=2))  # noqa: T201 (the data)
                elif not stay:
                    console.print(report.table(outcomes))
                if stay:
                    _stay(scenery, console)
    except (DemoError, children.ChildError, BrowserMissingError) as wrong:
        console.print(f"[red]{escape(str(wrong))}[/]", soft_wrap=True)
        raise typer.Exit(1) from wrong
    if not all(outcome.right for outcome in outcomes):
        raise typer.Exit(1)


def _browser(*, headed: bool) -> Found:
    """The browser the agent will use, looked for before anything starts."""
    if headed and not any(os.environ.get(name) for name in DISPLAYS):
        raise DemoError("--headed needs a display: DISPLAY is not set")
    return find(headed=headed)


def _play(scenery: Stage, developer: Developer, console: Console, browser: Found) -> list[Outcome]:
    outcomes = []
    console.print(report.opening(scenery, browser))
    for number, scene in enumerate(SCENES, 1):
        console.print(report.heading(number, scene))
        outcomes.append(_purchase(scenery, developer, scene, f"ada+{number}@example.com", console))
        console.print(report.verdict(outcomes[-1]))
    return outcomes


def _purchase(scenery: Stage, developer: Developer, scene: Scene, email: str, console: Console) -> Outcome:
    """One scene: create, poll to the offer, confirm, poll to the end; and the kill, if it has one."""
    begun = time.monotonic()
    intent = developer.create(
        scenery.products(scene.shop)[scene.product],
        email,
        quantity=scene.quantity,
        variant=scene.variant,
        constraints=scene.constraints,
    )
    console.print(report.line("create", intent["id"]))
    if scene.by_agent:
        console.print(report.line("agent", report.at_work(_watch(scenery, intent["id"]))))
    intent = developer.until(intent["id"], "awaiting_confirmation", "failed")
    if intent["state"] == "awaiting_confirmation":
        console.print(report.line("offer", report.offer(intent)))
        developer.confirm(intent["id"], scene.pays_with)
        console.print(report.line("confirm", scene.pays_with))
        if scene.by_agent:
            console.print(report.line("agent", report.at_work(_watch(scenery, intent["id"]))))
        if scene.kill:
            moment = MOMENT[scene.kill]
            until(scene.kill.value, lambda: scenery.shop_saw(moment, scene.product))
            killed = scenery.service.process.pid
            scenery.kill_and_restart()
            console.print(report.line("kill -9", f"process {killed}: {scene.kill.value}"))
            console.print(report.line("restart", f"process {scenery.service.process.pid}, same database"))
        intent = developer.until(intent["id"], "completed", "failed")
    if scenery.agents and scene.by_agent and (kept := scenery.agents.evidence / intent["id"]).is_dir():
        console.print(report.line("evidence", report.path(kept)))
    return Outcome(
        scene=scene,
        intent=intent,
        sales=scenery.sales(scene.shop, email),
        money=scenery.money(intent["id"]),
        milliseconds=round((time.monotonic() - begun) * 1000),
    )


def _watch(scenery: Stage, intent_id: str) -> AtWork:
    """An agent at work on an intent whose purchase is suspended: it holds no thread until the agent has answered."""
    seen: list[AtWork] = []

    def suspended() -> bool:
        seen[:] = [now] if (now := at_work(scenery.database, intent_id)) else []
        return bool(seen) and seen[0].held == 0

    until("an agent at work on a suspended purchase", suspended)
    return seen[0]


def _key(environment: Mapping[str, str]) -> str:
    """An API key, made in the environment the service has."""
    before = dict(os.environ)
    os.environ.update(environment)
    try:
        return developer_key(Settings(), TENANT)
    finally:
        os.environ.clear()
        os.environ.update(before)


def _stay(scenery: Stage, console: Console) -> None:
    said: dict[str, Any] = {
        "service_url": scenery.service.url,
        "api_key": scenery.api_key,
        "sandbox_url": scenery.sandbox.url,
        "shop_url": scenery.shop.url,
        "products": scenery.products(),
        "browser_products": {
            f"{shop.value}/{name}": url
            for shop in (scenery.agents.shops if scenery.agents else ())
            for name, url in scenery.products(shop).items()
        },
    }
    print(json.dumps(said), flush=True)  # noqa: T201 (the one line a script reads)
    console.print("[dim]Everything stays up. Ctrl-C ends it.[/]")
    try:
        while scenery.service.process.poll() is None:
            time.sleep(0.5)
    except KeyboardInterrupt:
        return
