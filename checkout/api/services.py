"""What the API is given: one frozen record, put together by the composition root. Nothing here picks a part."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from checkout.api.pacing import Counting
from checkout.purchase.commands import Purchases
from checkout.purchase.executions import Executions
from checkout.settings import Settings
from checkout.store.clock import Clock
from checkout.store.session import Database
from checkout.store.vault import Vault


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The parts behind the API.

    `check_url` raises a `merchants.errors.UrlError` for a product URL that must not be fetched; it asks no network.
    `platform_profile` makes the document merchants read at `/.well-known/ucp-agent.json`, in the protocol
    version they ask for (None or one we do not speak: the newest).

    With several processes: `shared_pace` counts for all of them, `changed_elsewhere` subscribes to their commits, and
    `agent_task_waits` tells agent workers. All three are hints, and None where there is one process.
    """

    database: Database
    vault: Vault
    purchases: Purchases
    durable: Executions
    clock: Clock
    settings: Settings
    check_url: Callable[[str], object]
    platform_profile: Callable[[str | None], Mapping[str, Any]]
    shared_pace: Counting | None = None
    changed_elsewhere: Callable[[Callable[[str], None]], None] | None = None
    agent_task_waits: Callable[[str], None] | None = None
