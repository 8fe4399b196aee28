"""`checkout demo` as a newcomer runs it: to its end, left standing, and ended in the middle."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest

from checkout.demo.books import Sale
from checkout.demo.buying import ADA
from checkout.demo.report import Outcome
from checkout.demo.scenes import SCENES
from tests.e2e.served import alive, offspring, run

pytestmark = pytest.mark.processes

README = Path(__file__).parents[2] / "README.md"
OUTCOMES = [
    ("completed", 1, True),
    ("payment_failed", 0, False),
    ("constraint_total_price_exceeded", 0, False),
    ("completed", 1, True),
    ("completed", 1, True),
    ("order_placement_failed", 0, False),
    ("completed", 1, True),
    ("completed", 1, True),
]
# Two purchases in a browser, two restarts, six processes to start: on a busy machine more than a test usually has.
DEMO_SECONDS = 300
# Sandbox, three shops, model and service; the service's browser comes on top.
PROCESSES = 6


@contextmanager
def demo(*arguments: str) -> Iterator["subprocess.Popen[str]"]:
    """The demo as a process; whatever it leaves behind when the test fails is ended here."""
    process = subprocess.Popen(
        [sys.executable, "-m", "checkout", "demo", *arguments],
        env={**os.environ, "COLUMNS": "80", "ANTHROPIC_API_KEY": ""},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            yield process
        finally:
            for pid in {process.pid, *offspring(process.pid)} if process.poll() is None else ():
                os.kill(pid, signal.SIGKILL)


def read_until(process: "subprocess.Popen[str]", wanted: str) -> str:
    """The demo's story on stderr, up to the line that holds `wanted`."""
    assert process.stderr
    told = ""
    for line in process.stderr:
        told += line
        if wanted in line:
            return told
    raise AssertionError(f"it ended without {wanted!r}:\n{told}")


@pytest.mark.timeout(DEMO_SECONDS)
def test_the_demos_eight_purchases_end_as_they_must(tmp_path: Path) -> None:
    """Exit 0; every outcome with its order in the shop's book and its money in the sandbox's log."""
    with demo("--json", "--evidence", str(tmp_path)) as process:
        data, told = process.communicate(timeout=DEMO_SECONDS)
    assert 0 == process.returncode, told
    rows: list[dict[str, Any]] = json.loads(data)
    assert OUTCOMES == [(row["outcome"], len(row["order_numbers"]), row["captured_minor"] > 0) for row in rows]
    assert all(row["right"] for row in rows)
    for row in rows:
        assert row["held_minor"] == row["captured_minor"] + row["released_minor"]
    numbers = [number for row in rows for number in row["order_numbers"]]
    assert len(numbers) == len(set(numbers))
    assert 2 == told.count("kill -9  process")
    assert ["browser_shop", "oscar"] == [row["shop"] for row in rows[-2:]]
    assert 2 == told.count("orders; the purchase is suspended, threads held: 0")
    assert "a stand-in: ANTHROPIC_API_KEY is not set" in told
    for row in rows[-2:]:
        assert list((tmp_path / row["intent"]).glob("*.png"))
    assert max(map(len, told.splitlines())) <= 80


def readmes_commands() -> list[str]:
    """The README's shell block, command by command."""
    blocks = re.findall(r"```sh\n(.*?)```", README.read_text(), re.DOTALL)
    assert 1 == len(blocks)
    return [command for command in blocks[0].split("\n\n") if command.strip()]


def _curl(command: str, **variables: str) -> dict[str, Any]:
    ended = subprocess.run(
        ["/bin/bash", "-c", command],
        env={**os.environ, "NO_PROXY": "127.0.0.1", **variables},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    answer: dict[str, Any] = json.loads(ended.stdout)
    return answer


@pytest.mark.timeout(DEMO_SECONDS)
@pytest.mark.skipif(shutil.which("curl") is None, reason="the README buys with curl")
def test_what_stays_can_be_bought_from_as_the_readme_says_and_ends_with_ctrl_c() -> None:
    """One JSON line; the README's commands buy; after SIGINT no process of it is left, and it exits 0."""
    with demo("--stay") as process:
        story = read_until(process, "Everything stays up")
        assert process.stdout
        said = json.loads(process.stdout.readline())
        assert {"service_url", "api_key", "sandbox_url", "shop_url", "products", "browser_products"} == said.keys()
        place = {"SERVICE": said["service_url"], "KEY": said["api_key"], "PRODUCT": said["products"]["sells"]}
        create, offered, confirm, ordered = readmes_commands()
        intent_id = _curl(create, **place)["id"]
        assert "awaiting_confirmation" == _curl(offered, **place, ID=intent_id)["state"]
        assert intent_id == _curl(confirm, **place, ID=intent_id)["id"]
        assert "completed" == _curl(ordered, **place, ID=intent_id)["state"]
        assert 401 == httpx2.get(f"{said['service_url']}/api/v1/checkout-intents").status_code
        family = offspring(process.pid)
        assert PROCESSES <= len(family)
        process.send_signal(signal.SIGINT)
        rest, told = process.communicate(timeout=60)
        assert "" == rest
        assert 0 == process.returncode, story + told
        assert set() == alive(family)


def test_sigterm_in_the_middle_of_the_demo_leaves_no_process_behind() -> None:
    """Service, sandbox, shops, model and browser are ended by whoever started them, whatever ends it."""
    with demo("--json") as process:
        read_until(process, "1  A purchase")
        family = offspring(process.pid)
        assert PROCESSES <= len(family)
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=30)
        assert "" == out
        assert 0 != process.returncode
        assert set() == alive(family)


@pytest.mark.parametrize(
    ("arguments", "environment", "says"),
    [
        (("--headed",), {"DISPLAY": "", "WAYLAND_DISPLAY": ""}, "needs a display"),
        ((), {"CHECKOUT_BROWSER": "/nowhere/chromium"}, "/nowhere/chromium is no Chromium that starts"),
    ],
)
def test_a_demo_that_cannot_show_a_browser_says_so_before_it_starts_anything(
    arguments: tuple[str, ...], environment: dict[str, str], says: str
) -> None:
    """One sentence, exit 1."""
    ended = run("demo", *arguments, environment=environment)
    assert 1 == ended.returncode
    assert says in ended.stdout.replace("\n", " ")
    assert "create" not in ended.stdout


SOLD = Sale(
    order_id="100002",
    product="shirt",
    quantity=1,
    variant={"Colour": "Blue", "Size": "M"},
    address={name: ADA[name] for name in ("address1", "city", "province", "postalCode", "country")},
    total_minor=2895,
)


@pytest.mark.parametrize(
    ("sales", "wrong"),
    [
        ([SOLD], []),
        ([replace(SOLD, product="mug")], ["product"]),
        ([replace(SOLD, quantity=2)], ["quantity"]),
        ([replace(SOLD, variant={"Colour": "Blue", "Size": "L"})], ["variant"]),
        ([replace(SOLD, address={**SOLD.address, "postalCode": "90002"})], ["address"]),
        ([replace(SOLD, total_minor=2896)], ["total"]),
        ([SOLD, SOLD], ["2 orders"]),
        ([], ["0 orders"]),
    ],
)
def test_the_verdict_names_what_a_shops_book_has_otherwise(sales: list[Sale], wrong: list[str]) -> None:
    """Item, quantity, variant, address, total, and that there is one order."""
    outcome = Outcome(
        scene=SCENES[-1],
        intent={"id": "ci_1", "state": "completed", "offer": {"cost": {"total": {"amountSubunits": 2895}}}},
        sales=sales,
        money=[{"kind": "hold", "amount_minor": 2895}, {"kind": "capture", "amount_minor": 2895}],
        milliseconds=1,
    )
    assert wrong == outcome.wrong
    assert outcome.right is not bool(wrong)
