"""Whatever a client sends: requests generated from the OpenAPI document meet no failure and no undocumented answer."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.openapi import from_dict
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from schemathesis.specs.openapi.schemas import OpenApiSchema

from checkout.api.app import routes
from checkout.api.keys import SCOPES
from tests.api.standing import VISA, Standing, until, wanted

CREATE = "/api/v1/checkout-intents"
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
OPERATIONS = [operation["operationId"] for path in routes().openapi()["paths"].values() for operation in path.values()]
# Enough for CI; the full tier asks each operation many more.
FEW, MANY = 20, 400


@pytest.fixture(scope="module")
def known(stand: Standing) -> dict[str, Any]:
    """Ids that lead somewhere, and a key that may do everything."""
    with stand.client("t_1") as client:
        waiting = client.post(CREATE, json=wanted()).json()["id"]
        bought = client.post(f"{CREATE}/purchase", json=wanted(paymentMethod=VISA)).json()["id"]
        until(client, waiting, "awaiting_confirmation")
        order = until(client, bought, "completed")["orderId"]
        hook = client.post("/api/v1/webhook-endpoints", json={"url": "https://agent.example/"}).json()["id"]
    key = stand.key("t_1", *SCOPES)
    return {"key": key, "intent_id": [waiting, bought], "order_id": [order], "endpoint_id": [hook]}


@pytest.fixture(scope="module")
def document(stand: Standing) -> OpenApiSchema:
    """The document as schemathesis reads it, aimed at the running service."""
    schema = from_dict(routes().openapi())
    schema.config.update(base_url=stand.url)
    return schema


def _ask(schema: OpenApiSchema, operation: str, known: dict[str, Any], examples: int) -> None:
    found = schema.find_operation_by_id(operation)
    cases = st.one_of(*(found.as_strategy(generation_mode=mode) for mode in GenerationMode))
    headers = {"Authorization": f"Bearer {known['key']}"}

    @settings(max_examples=examples, database=None, suppress_health_check=list(HealthCheck), derandomize=True)
    @given(case=cases, place=st.integers(min_value=0, max_value=3))
    def meets_no_surprise(case: Case[Any], place: int) -> None:
        for name in case.path_parameters or {}:
            if place < len(known.get(name, ())):
                case.path_parameters[name] = known[name][place]
        if place == 0 and isinstance(case.body, dict):  # else hardly one address and telephone number would be real
            case.body.update({name: value for name, value in wanted().items() if name in case.body})
        if "wait" in (case.query or {}):
            case.query["wait"] = 0
        case.call_and_validate(headers=headers, checks=CHECKS)

    meets_no_surprise()


@pytest.mark.parametrize("operation", OPERATIONS)
def test_no_request_meets_a_failure_or_an_undocumented_answer(
    document: OpenApiSchema, known: dict[str, Any], operation: str
) -> None:
    """A few valid and invalid requests per operation."""
    _ask(document, operation, known, FEW)


@pytest.mark.full
@pytest.mark.parametrize("operation", OPERATIONS)
def test_no_request_of_many_meets_a_failure_or_an_undocumented_answer(
    document: OpenApiSchema, known: dict[str, Any], operation: str
) -> None:
    """The same, exhaustively."""
    _ask(document, operation, known, MANY)
