"""What a worker does while there is nothing to do."""

from typing import cast

from agents.errors import TaskLostError
from agents.ports import Service
from agents.service import ServiceClient
from agents.terms import Outcome, Task
from agents.worker import Worker


class Idle:
    """A service without tasks."""

    def claim(self, _worker: str) -> None:
        """None."""


def never(_task: Task, _service: Service) -> Outcome:
    """There is nothing to do."""
    raise TaskLostError("there was no task")


def test_a_worker_without_a_task_makes_ready_for_the_next_one() -> None:
    """Before it waits, each time: what was ready may have broken."""
    order: list[str] = []
    worker = Worker(name="w1", client=cast("ServiceClient", Idle()), do=never)

    def rest() -> None:
        order.append("rests")
        if len(order) == 4:
            worker.ending.set()

    worker.prepare, worker.rest = lambda: order.append("prepares"), rest
    worker.run()
    assert ["prepares", "rests"] * 2 == order
