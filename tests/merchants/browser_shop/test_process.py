"""The browser shop as a process: what it says when it listens, and that its book outlives it."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest


@contextmanager
def process(folder: Path, *more: str) -> Iterator[dict[str, Any]]:
    """The shop's one line of JSON; the process has ended well afterwards."""
    files = ("--book", str(folder / "orders.jsonl"), "--log", str(folder / "requests.jsonl"))
    child = subprocess.Popen(
        [sys.executable, "-m", "merchants.demo.browser_shop", *files, *more], stdout=subprocess.PIPE, text=True
    )
    try:
        assert child.stdout is not None
        yield json.loads(child.stdout.readline())
    finally:
        child.send_signal(signal.SIGTERM)
        assert child.stdout is not None
        child.stdout.close()
        assert 0 == child.wait(timeout=20)


def test_a_process_says_where_everything_is(tmp_path: Path) -> None:
    """Four names at four ports; the pairs to let through are exactly the shop's, the provider's and the bank's."""
    with process(tmp_path, "--currency", "EUR", "--design", "old,terms:false") as said:
        assert ["shop.localhost", "pay.localhost", "bank.localhost"] == [pair.split(":")[0] for pair in said["hosts"]]
        assert said["hosts"][1:] == said["payment_hosts"]
        assert said["outside"] not in said["hosts"]
        assert said["products"]["sells"] == f"http://{said['hosts'][0]}/products/sells"
        port = said["hosts"][0].split(":")[1]
        page = httpx2.get(f"http://127.0.0.1:{port}/products/sells", headers={"Host": said["hosts"][0]}).text
        assert "€49.00" in page
        assert "Add to basket" in page
    logged = [json.loads(line) for line in Path(said["log"]).read_text().splitlines()]
    assert [{"method": "GET", "host": said["hosts"][0], "path": "/products/sells"}] == logged


def test_a_book_outlives_its_process(tmp_path: Path) -> None:
    """The express order of one process is in the book of the next."""
    for orders in (1, 2):
        with process(tmp_path) as said:
            port = said["hosts"][0].split(":")[1]
            httpx2.post(f"http://127.0.0.1:{port}/express", headers={"Host": said["hosts"][0]})
        assert orders == len(Path(said["book"]).read_text().splitlines())


def test_a_design_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    """Before anything listens."""
    files = ("--book", str(tmp_path / "orders.jsonl"), "--log", str(tmp_path / "requests.jsonl"))
    ended = subprocess.run(
        [sys.executable, "-m", "merchants.demo.browser_shop", *files, "--design", "art-deco"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert 2 == ended.returncode
    assert "no design 'art-deco'" in ended.stderr


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_other_methods_find_nothing(tmp_path: Path, method: str) -> None:
    """And break nothing."""
    with process(tmp_path) as said:
        port = said["hosts"][0].split(":")[1]
        answer = httpx2.request(method, f"http://127.0.0.1:{port}/basket", headers={"Host": said["hosts"][0]})
        assert answer.status_code < 500
