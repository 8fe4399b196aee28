"""Removes the SDK's late wake-up: its checkpoint thread notices the end of an invocation up to 100 ms late.

The SDK's `stop_checkpointing` sets a flag, and the thread that should see it sleeps in a queue read of 0.1 s. Putting
the SDK's own wake signal into that queue ends the sleep at once. Applied only to the versions it was read for; with any
other the SDK stays as it is. Nothing depends on it but time.
"""

import functools

from aws_durable_execution_sdk_python import state
from aws_durable_execution_sdk_python.__about__ import __version__

# The minor version whose source was read; its patch releases keep these names or the check below fails.
_READ_VERSION = "3.0."


def applicable() -> bool:
    """Whether this SDK is the one the shim was written for, and still sleeps."""
    return (
        __version__.startswith(_READ_VERSION)
        and hasattr(state, "_Signal")
        and hasattr(state._Signal, "REFRESH_WAKE")  # noqa: SLF001 (the very thing the version check guards)
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
    return True
