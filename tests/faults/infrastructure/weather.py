"""What goes wrong by itself, at random and by a seed: processes killed and replaced, Redis emptied, connections cut."""

import random
import signal
import threading
from collections import Counter

from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from tests.faults.infrastructure.proxy import Mode
from tests.faults.infrastructure.stand import LEASE_SECONDS, Stand, pool_of, signalled

# The least between two kills: less than a purchase takes, so that one may be hit more than once.
SHORTEST_PAUSE_SECONDS = 0.2
# Backends of ours but the one that asks.
_TERMINATE = text(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid() ORDER BY random() LIMIT :most"
)


class Weather:
    """Kills parts of a stand, and puts them back as an operator's supervisor would."""

    def __init__(self, made: Stand, chance: random.Random, *, longest_pause_seconds: float) -> None:
        self._stand = made
        self._chance = chance
        self._longest_pause_seconds = longest_pause_seconds
        self.done: Counter[str] = Counter()
        url = make_url(made.database_url).set(drivername="postgresql+psycopg")
        self._database = create_engine(url, isolation_level="AUTOCOMMIT")
        self._kinds = {
            "pool child": (8, self.kill_child),
            "database connection": (6, self.end_connections),
            "worker": (2, self.kill_worker),
            "redis": (2, self.kill_redis),
            "redis emptied": (2, self.empty_redis),
            "redis connections": (2, self.cut_redis),
            "api": (1, self.kill_api),
            "worker by SIGTERM": (1, self.retire_worker),
            "child frozen past its lease": (1, self.freeze_child),
            "commit's answer lost": (2, self.lose_commit),
        }

    def rage(self, raging: threading.Event, kills: int) -> None:
        """Until it is told to stop, and at least so many kills were made."""
        kinds, weights = zip(*[(kind, weight) for kind, (weight, _) in self._kinds.items()], strict=True)
        while raging.is_set() or self.done.total() < kills:
            kind = self._chance.choices(kinds, weights)[0]
            self._kinds[kind][1]()
            self.done[kind] += 1
            threading.Event().wait(self._chance.uniform(SHORTEST_PAUSE_SECONDS, self._longest_pause_seconds))

    def calm(self) -> None:
        """Nothing goes wrong any more."""
        self._stand.to_database.turn(Mode.PASS)
        self._database.dispose()

    def kill_child(self) -> None:
        """One process of a pool; its worker replaces it."""
        if pool := [pid for worker in self._stand.workers for pid in pool_of(worker)]:
            signalled(self._chance.choice(pool), signal.SIGKILL)

    def kill_worker(self) -> None:
        """A whole worker, as when a host goes; another is hired."""
        self._stand.fire(self._chance.choice(self._stand.workers))
        self._stand.hire()

    def retire_worker(self) -> None:
        """A rolling restart: the new one first."""
        old = self._chance.choice(self._stand.workers)
        self._stand.hire()
        self._stand.retire(old)

    def freeze_child(self) -> None:
        """One process stands still until others have taken its work, and goes on."""
        pool = [pid for worker in self._stand.workers for pid in pool_of(worker)]
        if pool and signalled(pid := self._chance.choice(pool), signal.SIGSTOP):
            threading.Event().wait(LEASE_SECONDS * 1.5)
            signalled(pid, signal.SIGCONT)

    def kill_api(self) -> None:
        """The API's process; another listens on its port."""
        if self._stand.service:
            self._stand.service.kill()
        self._stand.serve()

    def kill_redis(self) -> None:
        """Redis and all that is in it; it is away for a moment."""
        self._stand.redis.stop()
        threading.Event().wait(self._chance.uniform(0.0, 2.0))
        self._stand.redis.start()

    def empty_redis(self) -> None:
        """FLUSHALL."""
        self._stand.redis.flush()

    def cut_redis(self) -> None:
        """Every connection to it."""
        self._stand.to_redis.cut()

    def end_connections(self) -> None:
        """Some of the database's connections, whatever they are doing."""
        with self._database.connect() as connection:
            connection.execute(_TERMINATE, {"most": self._chance.choice((1, 1, 2, 100))})

    def lose_commit(self) -> None:
        """The next commit's answer is lost; the commit may have happened."""
        self._stand.to_database.turn(self._chance.choice((Mode.LOSE_CHANGE, Mode.LOSE_ANSWER)))
