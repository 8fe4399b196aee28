"""Removes two pauses of the SDK: after an invocation (up to 100 ms) and before each checkpoint (1 ms or more).

After: `stop_checkpointing` sets a flag, and the thread that should see it sleeps in a queue read of 0.1 s; putting the
SDK's own wake signal into that queue ends the sleep. Before: a checkpoint that a caller waits for lingers for siblings
to join it; whatever is queued while one is being written joins the next anyway.

Applied only to the version it was read for; with any other the SDK stays as it is. Nothing depends on it but time.
"""

import functools

from aws_durable_execution_sdk_python import state
from aws_durable_execution_sdk_python.__about__ import __version__

# The minor version whose source was read; its patch releases keep these names or the check below fails.
_READ_VERSION = "3.0."


def applicable() -> bool:
    """Whether this SDK is the one the shim was written for, and still pauses."""
    return (
        __version__.startswith(_READ_VERSION)
        and hasattr(state, "_Signal")
        and hasattr(state._Signal, "REFRESH_WAKE")  # noqa: SLF001 (the very thing the version check guards)
        and hasattr(state, "_BLOCKED_CALLER_WAIT_SECONDS")
        and "_checkpoint_queue" not in state.ExecutionState.stop_checkpointing.__code__.co_names
    )


def apply() -> bool:
    """Apply it once per process; False if it does not apply, or no longer has to."""
    if not applicable():
        return False
    stop = state.ExecutionState.stop_checkpointing

    @functools.wraps(stop)
    def stop_and_wake(self: state.ExecutionState) -> None:
        stop(self)
        self._checkpoint_queue.put(state._Signal.REFRESH_WAKE)  # noqa: SLF001 (same)

    state.ExecutionState.stop_checkpointing = stop_and_wake  # type: ignore[method-assign]
    state._BLOCKED_CALLER_WAIT_SECONDS = 0.0  # noqa: SLF001 (same)
    return True
