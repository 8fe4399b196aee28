"""One engine in a process of its own: `python -m tests.bench.engine ours|dbos URL`, told by lines what to run.

Each line on standard input is a JSON object, {"one": n} or {"many": n, "in_flight": m}; each answer is one JSON line
with what it took and how much of this process's CPU. So the engines share no interpreter; the race only takes turns.
"""

import json
import sys
import time
import uuid
from contextlib import AbstractContextManager
from typing import Any

from tests.bench import on_dbos, on_ours
from tests.bench.on_dbos import Dbos
from tests.bench.on_ours import Ours

WARM_UP = 20


def main(which: str, url: str) -> None:
    """Answer until standard input ends."""
    opened: AbstractContextManager[Ours | Dbos] = on_ours.running(url) if which == "ours" else on_dbos.running(url)
    with opened as engine:
        _run(engine, {"many": WARM_UP, "in_flight": WARM_UP})
        _say({"ready": engine.name})
        for line in sys.stdin:
            _say(_run(engine, json.loads(line)))


def _run(engine: Ours | Dbos, asked: dict[str, int]) -> dict[str, Any]:
    tag = uuid.uuid4().hex[:8]
    began = time.process_time()
    if "one" in asked:
        took: Any = [engine.one(f"{tag}-{number}") for number in range(asked["one"])]
        count = asked["one"]
    else:
        count = asked["many"]
        took = engine.many([f"{tag}-{number}" for number in range(count)], asked["in_flight"])
    return {"took": took, "cpu_ms_per_saga": (time.process_time() - began) * 1000 / count}


def _say(answer: dict[str, Any]) -> None:
    print(json.dumps(answer), flush=True)  # noqa: T201 (the answer)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
