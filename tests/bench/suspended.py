"""What waiting costs: purchases suspended at the buyer's confirmation, in a process of their own.

Prints one JSON line: bytes of memory and of disk for each, and how many threads and asyncio tasks there are.
"""

import asyncio
import gc
import json
import sys
import tempfile
import threading
from functools import partial
from pathlib import Path

from checkout import wiring
from checkout.durable.service import DurableService
from checkout.purchase.commands import Asked, Purchases
from checkout.settings import Settings
from checkout.store.clock import SystemClock
from checkout.store.session import Database
from checkout.store.vault import Vault
from tests.purchase.scripted import ADA, World

WIRE = {
    "buyer": {"firstName": "Ada", "lastName": "Lovelace", "email": "ada@example.com", "phone": "+12025550123"}
    | {"address1": "1 Engine Way", "city": "London", "province": "CA", "postalCode": "90001", "country": "US"},
    "productUrl": "https://shop.example/lamp",
    "quantity": 1,
}


def main(count: int) -> None:
    """Suspend `count` purchases, and look."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "suspended.sqlite3"
        database = Database.open(f"sqlite:///{path}")
        database.create_tables()
        clock, settings = SystemClock(), Settings()
        durable = DurableService(database, clock=clock)
        wiring.register(durable, World(), clock, settings)
        purchases = Purchases(durable, Vault.fresh(), clock, settings)
        suspend = partial(_suspend, database, durable, purchases)
        suspend(50)  # whatever is allocated once is allocated now
        gc.collect()
        memory, disk = _resident_bytes(), _on_disk(path)
        suspend(count)
        gc.collect()
        print(  # noqa: T201 (the line the bench reads)
            json.dumps(
                {
                    "suspended": count,
                    "memory_bytes_each": (_resident_bytes() - memory) / count,
                    "disk_bytes_each": (_on_disk(path) - disk) / count,
                    "threads": threading.active_count(),
                    "thread_names": sorted(thread.name for thread in threading.enumerate()),
                    "tasks": _tasks(),
                }
            )
        )
        durable.close()
        database.close()


def _suspend(database: Database, durable: DurableService, purchases: Purchases, count: int) -> None:
    asked = Asked(product_url="https://shop.example/lamp", quantity=1, buyer=ADA, wire=WIRE)
    for _ in range(count):
        with database.transaction() as session:
            purchases.create(session, "bench", asked)
        durable.run_until_idle()


def _resident_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096


def _on_disk(path: Path) -> int:
    return sum(file.stat().st_size for file in path.parent.glob(f"{path.name}*"))


def _tasks() -> int:
    """Asyncio tasks in this process: none, as there is no loop to run them."""
    try:
        return len(asyncio.all_tasks())
    except RuntimeError:
        return 0


if __name__ == "__main__":
    main(int(sys.argv[1]))
