"""A task that is lost while its page hangs: whoever sends the heartbeats ends the browser, and the worker goes on."""

import threading
from contextlib import suppress

import pytest
from playwright.sync_api import Error as PlaywrightError
from pydantic import TypeAdapter

from agents import service as subject
from agents.browsing.browser import Browser
from agents.browsing.fence import Fence
from agents.ports import Service
from agents.service import ServiceClient
from agents.terms import Outcome, Task
from agents.worker import Worker
from merchants.sdk import OfferRequest
from tests.agents.worker.test_service import TASK, Wire, says

REQUEST = TypeAdapter(OfferRequest).dump_python(TASK.request, mode="json")
CLAIMED = {
    "callbackId": TASK.callback_id,
    "token": TASK.token,
    "kind": TASK.kind.value,
    "task": {"request": {**REQUEST, "intent_id": TASK.intent_id}},
    "deadline": TASK.deadline.isoformat(),
    "heartbeatSeconds": 60,
}


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "CUT_SECONDS", 0.1)
    monkeypatch.setattr(subject, "BEAT_SHARE", 0.001)


def worker_of(wire: Wire, do: "Hangs") -> Worker:
    """A worker at this service."""
    client = ServiceClient("http://service", "ck_1", transport=wire)
    return Worker(name="w_1", client=client, do=do, cut=do.cut)


class Hangs:
    """Work that does not end until it is cut, and then fails as a browser's calls do."""

    def __init__(self) -> None:
        self.was_cut = threading.Event()

    def __call__(self, _task: Task, _service: Service) -> Outcome:
        """Hang."""
        assert self.was_cut.wait(30)
        raise PlaywrightError("Target page, context or browser has been closed")

    def cut(self) -> None:
        """What the other thread calls."""
        self.was_cut.set()


@pytest.mark.parametrize("status", [404, 409, 410])
def test_a_task_that_is_lost_is_cut_where_it_hangs_and_nothing_is_said_of_it(status: int) -> None:
    """The service has dropped it: there is nobody to hand an answer to, and the next task waits."""
    wire = Wire(says(200, **CLAIMED), says(status, code="c", detail="no longer yours"))
    worker = worker_of(wire, Hangs())
    assert worker.work_once()
    assert worker.broken  # its browser is to be made anew
    assert not any(path.endswith("/succeed") for path, _ in wire.sent)


def test_a_browser_that_is_cut_from_another_thread_fails_its_visit_at_once_and_is_started_again() -> None:
    """A page that blocks its own scripts for ever holds nobody."""
    with Browser.opened() as browser:
        with suppress(PlaywrightError), browser.visit(Fence("https://shop.example/")) as visit:
            threading.Timer(0.5, browser.cut).start()
            with pytest.raises(PlaywrightError):
                visit.page.evaluate("() => { for (;;) {} }")
        assert not browser.alive
        with browser.visit(Fence("https://shop.example/")) as visit:
            assert 2 == visit.page.evaluate("1 + 1")
