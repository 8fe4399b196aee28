"""The UCP adapter under the contract suite that authors of adapters inherit, over each version of the protocol."""

import pytest

from merchants.contract import ContractCase, MerchantContract
from merchants.ucp.versions import VERSIONS, WireVersion
from tests.merchants.world import World


class TestUcp(MerchantContract):
    """Every test of the contract, three times."""

    @pytest.fixture(params=VERSIONS, ids=lambda wire: wire.version)
    def wire(self, request: pytest.FixtureRequest) -> WireVersion:
        """The version spoken."""
        wire: WireVersion = request.param
        return wire

    @pytest.fixture
    def case(self, wire: WireVersion) -> ContractCase:
        """A shop in this process."""
        world = World(wire)
        return ContractCase(
            merchant=world.adapter,
            request=world.request(quantity=2),
            instruments=world.instruments,
            orders=lambda: len(world.orders),
            foreign_url="http://127.0.0.1:1/products/sells",
        )
