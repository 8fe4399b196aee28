"""The shim is for one version of the SDK; these tests say when it may go."""

from aws_durable_execution_sdk_python import state
from aws_durable_execution_sdk_python.__about__ import __version__

from checkout.durable import shim


def test_the_shim_fits_the_sdk_that_is_installed() -> None:
    """When this fails, the SDK has changed: read its `stop_checkpointing`, then move the shim or delete it."""
    shim.apply()
    assert __version__.startswith("3.0.")
    assert state._STOP_SIGNAL_POLL_SECONDS > 0.01, "the SDK no longer sleeps long: delete checkout/durable/shim.py"
    assert 0.0 == state._BLOCKED_CALLER_WAIT_SECONDS
    assert "stop_and_wake" == state.ExecutionState.stop_checkpointing.__code__.co_name


def test_the_shim_is_applied_once() -> None:
    """Many services in one process wrap the SDK's method once."""
    shim.apply()
    once = state.ExecutionState.stop_checkpointing
    assert shim.apply() is False
    assert once is state.ExecutionState.stop_checkpointing
