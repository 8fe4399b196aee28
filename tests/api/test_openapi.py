"""The OpenAPI document: kept current in the repository, named throughout, every problem of every route in it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from checkout.api import openapi
from checkout.api.kinds import KINDS

DOCUMENT: dict[str, Any] = json.loads(openapi.text())
OPERATIONS = [
    (operation["operationId"], operation) for path in DOCUMENT["paths"].values() for operation in path.values()
]
# The names of the official client's own methods.
RYES = {
    *(f"checkout_intents.{name}" for name in ("create", "retrieve", "list", "confirm", "purchase", "retrieve_order")),
    *("orders.list", "orders.retrieve"),
}


def test_the_snapshot_is_current() -> None:
    """`python -m checkout.api.openapi` was run after the last change."""
    assert openapi.text() == (Path(__file__).parents[2] / openapi.SNAPSHOT).read_text()


def test_operations_are_named_as_the_clients_methods() -> None:
    """Unique, and Rye's where Rye has them."""
    names = [name for name, _ in OPERATIONS]
    assert len(names) == len(set(names))
    assert set(names) >= RYES


@pytest.mark.parametrize(("name", "operation"), OPERATIONS)
def test_an_operation_documents_its_bodies_and_its_problems(name: str, operation: dict[str, Any]) -> None:
    """Bodies are named schemas, problems are problem details, and what any route may answer is there."""
    assert operation["description"].endswith(".")
    statuses = operation["responses"]
    expected = {"400", "405", "500", "503"} | ({"401", "403", "429", "422"} if "security" in operation else set())
    assert expected <= set(statuses), name
    for status, response in statuses.items():
        if int(status) >= 400:
            assert {"application/problem+json"} == set(response["content"])
    bodies = [operation["requestBody"]] if "requestBody" in operation else []
    for body in [*bodies, *statuses.values()]:
        for media in body.get("content", {}).values():
            assert "$ref" in media["schema"] or "anyOf" in media["schema"]


def test_every_schema_has_an_example_that_is_valid_json() -> None:
    """A reader sees each body once; variants of an intent share the first one's, and lists their items'."""
    without = {
        name
        for name, schema in DOCUMENT["components"]["schemas"].items()
        if "examples" not in schema and schema.get("type") == "object"
    }
    shared = {
        *("AwaitingConfirmationCheckoutIntent", "PlacingOrderCheckoutIntent", "CompletedCheckoutIntent"),
        *("FailedCheckoutIntent", "CheckoutIntentPage", "OrderPage", "FieldProblem"),
    }
    assert shared == without


def test_every_kind_of_problem_is_documented_somewhere() -> None:
    """But for the one that no documented address can answer."""
    described = " ".join(
        response["description"] for _, operation in OPERATIONS for response in operation["responses"].values()
    )
    assert {"route_not_found"} == {code for code in KINDS if f"`{code}`" not in described}


def test_the_document_refers_only_to_what_it_has() -> None:
    """No dangling `$ref`."""
    schemas = DOCUMENT["components"]["schemas"]
    for reference in _references(DOCUMENT):
        assert reference.removeprefix("#/components/schemas/") in schemas


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for item in value.values():
            yield from _references(item)
    elif isinstance(value, list):
        for item in value:
            yield from _references(item)
