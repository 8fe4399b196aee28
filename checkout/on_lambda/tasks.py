"""Browser tasks where no worker can be near: the row as everywhere, and a message that says there is one.

The row is the truth; the message carries its id and nothing else, so losing it loses no task and a second one is none.
"""

import json
from dataclasses import dataclass
from typing import Any

from checkout.purchase.acting import Acting
from checkout.purchase.terms import PurchaseRequest, TaskKind
from merchants.sdk import Offer


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """One SQS queue; `client` is boto3's."""

    client: Any
    url: str

    def tell(self, task_id: str) -> None:
        """Say that a task waits."""
        self.client.send_message(QueueUrl=self.url, MessageBody=json.dumps({"task": task_id}))


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueingPorts(Acting):
    """The purchase's ports, with a queue between it and the agent workers."""

    queue: Queue

    def give_to_agent(self, callback_id: str, kind: TaskKind, request: PurchaseRequest, offer: Offer | None) -> None:
        """Write the task, then tell; told twice after a crash between the two."""
        Acting.give_to_agent(self, callback_id, kind, request, offer)
        self.queue.tell(callback_id)
