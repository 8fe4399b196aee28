"""What AWS's history tells of a purchase is what our own service would show of it."""

from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from checkout.durable.testing import TestBed
from checkout.durable.views import OperationView
from checkout.on_lambda.histories import operations_of
from checkout.purchase import codec
from checkout.purchase.saga import purchase
from merchants.sdk import Unclear
from payments.gateway import Unknown
from tests.purchase.scripted import World, request

LOST: dict[str, list[Any]] = {"place_order": [Unclear(message="lost")], "find_order": [Unclear(message="asleep")] * 2}
PATIENT: dict[str, list[Any]] = {"prepare": [Unknown(reason="away")]}


@pytest.mark.parametrize("script", [{}, LOST, PATIENT], ids=["bought", "asks an operator", "tried again"])
def test_a_history_makes_the_operations_it_was_written_with(script: dict[str, list[Any]]) -> None:
    """Names, order, outcomes, attempts and callbacks, at every moment the purchase rests at."""
    with TestBed() as bed:
        bed.service.register(
            "purchase", partial(purchase, ports=World(script={name: [*outcomes] for name, outcomes in script.items()}))
        )
        bed.service.start("purchase", "ci_1", codec.dumps(request("1")))
        rests = 0
        while rests < 8 and bed.service.get("ci_1").status == "RUNNING":
            bed.service.run_until_idle()
            told = operations_of(iter(bed.service.history("ci_1")))
            kept = [one for one in bed.service.operations("ci_1") if one.type != "EXECUTION"]
            assert [_shown(one) for one in kept] == [_shown(one) for one in told]
            bed.clock.advance(seconds=1)
            rests += 1


def _shown(operation: OperationView) -> OperationView:
    """Without what a history tells otherwise: the moment of a next attempt, as a delay from the last."""
    return replace(operation, next_attempt_at=None)
