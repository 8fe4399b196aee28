"""Takes chance out of a run: the same choices lead to the same boundaries, in the same order, under the same names.

Two things are left to chance outside tests. The SDK sends the START of a step that may be repeated together with
whatever follows within a tenth of a second, so a slow machine makes two commits of one; here the two always go
`together`, or always apart. And names are random; here they are not, so that equal worlds look equal.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from unittest.mock import patch

from aws_durable_execution_sdk_python import state
from aws_durable_execution_sdk_python.lambda_service import OperationUpdate

from checkout.durable import shim
from checkout.purchase import commands

# Longer than any run: who waits so long waits for a sibling that never comes.
LONG_SECONDS = 60.0
_create_checkpoint = state.ExecutionState.create_checkpoint


class Names:
    """Stands in for `secrets` where a purchase gets its name: a world has one purchase, and it has one token."""

    @staticmethod
    def token_hex(length_bytes: int) -> str:
        """Always the same."""
        return "0" * (2 * length_bytes)


@contextmanager
def steady(*, together: bool = True, named: bool = True) -> Iterator[None]:
    """Every run within the block is steady; `together`: how a repeatable step's START is committed.

    `named`: every purchase has the same name, where there is only one.
    """
    shim.apply()
    # An invocation's end must wake the thread that waits for siblings, or each would take as long as that waits.
    assert "_checkpoint_queue" in state.ExecutionState.stop_checkpointing.__code__.co_names
    with ExitStack() as stack:
        if named:
            stack.enter_context(patch.object(commands, "secrets", Names))
        if together:
            patient = partial(state.CheckpointBatcherConfig, max_batch_time_seconds=LONG_SECONDS)
            stack.enter_context(patch.object(state, "_STOP_SIGNAL_POLL_SECONDS", LONG_SECONDS))
            stack.enter_context(patch.object(state, "CheckpointBatcherConfig", patient))
        else:
            stack.enter_context(patch.object(state.ExecutionState, "create_checkpoint", _waited_for))
        yield


def _waited_for(
    self: state.ExecutionState,
    operation_update: OperationUpdate | None = None,
    is_sync: bool = True,  # noqa: ARG001, FBT001, FBT002 (the SDK's signature; here nobody goes on before it is written)
) -> None:
    _create_checkpoint(self, operation_update, is_sync=True)
