"""`checkout demo`: set the stage, buy six times, kill twice, show what the books say. Exit 0 only if all is right."""

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

from checkout import children, wiring
from checkout.demo import report
from checkout.demo.buying import DemoError, Developer
from checkout.demo.report import Outcome
from checkout.demo.scenes import SCENES, Kill, Scene
from checkout.demo.stage import TENANT, Stage, stage, until
from checkout.settings import Settings

# What the shop's request log calls the two moments the demo waits for.
MOMENT = {Kill.ORDER_PLACED: "order_placed", Kill.ORDER_STALLED: "order_requested"}


def demo(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print the outcomes as data.")] = False,
    stay: Annotated[
        bool, typer.Option("--stay", help="Leave everything running, and print one JSON line with where it is.")
    ] = False,
) -> None:
    """Buy six times at a demo shop: a success, a decline, a limit, a lost answer, and two services killed half-way."""
    console = Console(stderr=as_json or stay)
    with children.ended_by_signal(), tempfile.TemporaryDirectory(prefix="checkout-demo-") as folder:
        try:
            with stage(Path(folder), _key) as scenery, httpx2.Client(timeout=30) as http:
                outcomes = _play(scenery, scenery.developer(http), console)
                if as_json:
                    print(json.dumps([outcome.as_data() for outcome in outcomes], indent=2))  # noqa: T201 (the data)
                elif not stay:
                    console.print(report.table(outcomes))
                if stay:
                    _stay(scenery, console)
        except DemoError as wrong:
            console.print(f"[red]{escape(str(wrong))}[/]")
            raise typer.Exit(1) from wrong
    if not all(outcome.right for outcome in outcomes):
        raise typer.Exit(1)


def _play(scenery: Stage, developer: Developer, console: Console) -> list[Outcome]:
    outcomes = []
    console.print(report.opening(scenery.service.url, scenery.shop.url, scenery.sandbox.url))
    for number, scene in enumerate(SCENES, 1):
        console.print(report.heading(number, scene))
        outcomes.append(_purchase(scenery, developer, scene, f"ada+{number}@example.com", console))
        console.print(report.verdict(outcomes[-1]))
    return outcomes


def _purchase(scenery: Stage, developer: Developer, scene: Scene, email: str, console: Console) -> Outcome:
    """One scene: create, poll to the offer, confirm, poll to the end; and the kill, if it has one."""
    begun = time.monotonic()
    intent = developer.create(scenery.products()[scene.product], email, scene.constraints)
    console.print(report.line("create", intent["id"]))
    intent = developer.until(intent["id"], "awaiting_confirmation", "failed")
    if intent["state"] == "awaiting_confirmation":
        console.print(report.line("offer", report.offer(intent)))
        developer.confirm(intent["id"], scene.pays_with)
        console.print(report.line("confirm", scene.pays_with))
        if scene.kill:
            moment = MOMENT[scene.kill]
            until(scene.kill.value, lambda: scenery.shop_saw(moment, scene.product))
            killed = scenery.service.process.pid
            scenery.kill_and_restart()
            console.print(report.line("kill -9", f"process {killed}: {scene.kill.value}"))
            console.print(report.line("restart", f"process {scenery.service.process.pid}, same database"))
        intent = developer.until(intent["id"], "completed", "failed")
    return Outcome(
        scene=scene,
        intent=intent,
        orders=scenery.orders(email),
        money=scenery.money(intent["id"]),
        milliseconds=round((time.monotonic() - begun) * 1000),
    )


def _key(environment: Mapping[str, str]) -> str:
    """An API key, made the way an operator makes one: beside the service, in its database."""
    before = dict(os.environ)
    os.environ.update(environment)
    try:
        return wiring.developer_key(Settings(), TENANT)
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
    }
    print(json.dumps(said), flush=True)  # noqa: T201 (the one line a script reads)
    console.print("[dim]Everything stays up. Ctrl-C ends it.[/]")
    try:
        while scenery.service.process.poll() is None:
            time.sleep(0.5)
    except KeyboardInterrupt:
        return
