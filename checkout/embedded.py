"""The agent worker inside `checkout serve`: a thread of its own, that reaches the service as any worker does.

Its key is made at the start and revoked at the end. When the service is to stop, the worker is let finish an order that
is under way while the service still answers; a quote or a look-up goes back into the queue.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from checkout.agent_worker import AgentWorker
from checkout.api import keys
from checkout.purchase import tasks
from checkout.settings import Settings
from checkout.wiring import Deployment

# Whose the worker's key is; it sees every tenant's tasks by its scope.
TENANT = "operator"
KEY_NAME = "the embedded agent worker"
# A merchant's confirmation takes up to 45 s, and then it is reported.
FINISH_SECONDS = 60.0
# A thread that does not end by itself is left: it is a daemon, and its browser ends with this process.
JOIN_SECONDS = 5.0
ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104 (recognised, not bound)


class Server(uvicorn.Server):
    """Serves until it is told to stop and the worker has ended: the worker must be able to say how its task ended."""

    def __init__(self, config: uvicorn.Config, worker: "Embedded") -> None:
        super().__init__(config)
        self._worker = worker

    async def on_tick(self, counter: int) -> bool:
        """Whether to stop now."""
        stop = await super().on_tick(counter)
        return stop and (self.force_exit or self._worker.has_ended())


class Embedded:
    """The running thread."""

    def __init__(self, agent: AgentWorker) -> None:
        self._agent = agent
        self._thread = threading.Thread(target=agent.run, name="agent-worker", daemon=True)
        self._asked_at: float | None = None
        self._thread.start()

    def has_ended(self) -> bool:
        """Ask it to end; whether it has, or is not to be waited for any longer."""
        self._agent.ending.set()
        self._asked_at = self._asked_at or time.monotonic()
        waits_seconds = FINISH_SECONDS if self._agent.ordering else JOIN_SECONDS
        return not self._thread.is_alive() or time.monotonic() - self._asked_at > waits_seconds

    def join(self) -> None:
        """Wait a little for the thread."""
        self._agent.ending.set()
        self._thread.join(JOIN_SECONDS)


def assembled(deployment: Deployment, settings: Settings, port: int) -> AgentWorker:
    """A worker for the service on this port, with a key of its own; AgentError when it cannot work on this machine."""
    host = ANYWHERE.get(settings.host, settings.host)
    agent = AgentWorker(settings=settings, service_url=f"http://{host}:{port}", api_key="")
    agent.found()
    with deployment.database.transaction() as session:
        # Keys of processes that were killed, and could not revoke theirs.
        for old in keys.list_keys(session, TENANT):
            if old.name == KEY_NAME and old.revoked_at is None:
                keys.revoke_key(session, old.id, now=deployment.clock.now())
        _, agent.api_key = keys.create_key(
            session, TENANT, KEY_NAME, [keys.Scope.AGENT.value], now=deployment.clock.now()
        )
    return agent


@contextmanager
def running(deployment: Deployment, agent: AgentWorker) -> Iterator[Embedded]:
    """The worker at work until the block ends; then its key is worth nothing, and what it left waits for another."""
    thread = Embedded(agent)
    try:
        yield thread
    finally:
        thread.join()
        with deployment.database.transaction() as session:
            row = keys.find_key(session, agent.api_key)
            if row is not None:
                keys.revoke_key(session, row.id, now=deployment.clock.now())
            for task in tasks.of_worker(session, agent.name):
                tasks.give_back(session, task)
