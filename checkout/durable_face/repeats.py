"""Checkpoints that are asked for twice: the repeat is given the first answer.

boto3 repeats a call whose answer was lost, with the same ClientToken. Without this the repeat's token would be stale,
which ends the invocation: right, but the handler would run again from the top. So it is with a process that has started
anew and forgotten. Knows answers; must never apply an update.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any

Answer = Mapping[str, Any]
# One answer per execution under way; more than any process runs at once.
MOST_EXECUTIONS = 1000


class Repeats:
    """The last checkpoint of each execution, by what identifies it."""

    def __init__(self) -> None:
        self._last: OrderedDict[str, tuple[str, str, Answer]] = OrderedDict()
        self._lock = threading.Lock()

    def answer(self, arn: str, token: str, client_token: str | None, checkpoint: Callable[[], Answer]) -> Answer:
        """What was answered to the same request, else what `checkpoint` answers now."""
        with self._lock:
            known = self._last.get(arn)
        if known is not None and known[:2] == (token, client_token):
            return known[2]
        made = checkpoint()
        if client_token is not None:
            with self._lock:
                self._last[arn] = (token, client_token, made)
                self._last.move_to_end(arn)
                while len(self._last) > MOST_EXECUTIONS:
                    self._last.popitem(last=False)
        return made
