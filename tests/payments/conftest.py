"""What the payments' tests share."""

import pytest
import stripe

from tests.payments.rig import Rig


@pytest.fixture
def rig() -> Rig:
    """A gateway on a sandbox of its own."""
    return Rig()


@pytest.fixture
def sdk(rig: Rig) -> stripe.StripeClient:
    """The official SDK on the same sandbox."""
    return rig.gateway.client
