"""The face against AWS's published model of its API: routes, members, limits, errors."""

import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel
from fastapi.routing import APIRoute

from checkout.durable_face import faults
from checkout.durable_face.app import ROUTERS

LAMBDA = ServiceModel(Loader().load_service_model("lambda", "service-2", "2015-03-31"), "lambda")
SERVED = [
    "Invoke",
    "GetDurableExecution",
    "GetDurableExecutionHistory",
    "GetDurableExecutionState",
    "CheckpointDurableExecution",
    "ListDurableExecutionsByFunction",
    "StopDurableExecution",
    "ResumeDurableExecution",
    "SendDurableExecutionCallbackSuccess",
    "SendDurableExecutionCallbackFailure",
    "SendDurableExecutionCallbackHeartbeat",
]
# Members of requests that mean nothing to a service without tenants, logs of its own, or clients' contexts.
IGNORED = {"X-Amz-Log-Type", "X-Amz-Client-Context"}


@pytest.fixture(scope="module")
def routes() -> dict[tuple[str, str], APIRoute]:
    """The face's routes by method and path, names of path members left out."""
    found = [route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)]
    return {(method, _plain(route.path)): route for route in found for method in route.methods or ()}


def _plain(path: str) -> str:
    return "/".join("*" if part.startswith("{") else part for part in path.split("/"))


@pytest.mark.parametrize("operation", SERVED)
def test_every_operation_is_where_aws_has_it_with_every_member(
    operation: str, routes: dict[tuple[str, str], APIRoute]
) -> None:
    """Method, path, and each header and query member by its name on the wire."""
    model = LAMBDA.operation_model(operation)
    route = routes[model.http["method"], _plain(model.http["requestUri"])]
    taken = {parameter.alias for parameter in (*route.dependant.query_params, *route.dependant.header_params)}
    asked = {
        member.serialization["name"]
        for member in model.input_shape.members.values()
        if member.serialization.get("location") in ("header", "querystring")
    }
    assert asked - IGNORED == taken


def test_the_face_answers_nothing_aws_does_not_have(routes: dict[tuple[str, str], APIRoute]) -> None:
    """There is no way in that a client of AWS's would not know."""
    known = {
        (LAMBDA.operation_model(name).http["method"], _plain(LAMBDA.operation_model(name).http["requestUri"]))
        for name in SERVED
    }
    assert known == set(routes)


@pytest.mark.parametrize("name", sorted(set(faults.STATUS) & set(LAMBDA.shape_names)))
def test_every_error_has_awss_status_and_members(name: str) -> None:
    """The status and the spelling of the sentence's member are the model's."""
    shape = LAMBDA.shape_for(name)
    assert shape.metadata["error"]["httpStatusCode"] == faults.STATUS[name]
    sentence = "message" if name in faults.LOWER_CASE else "Message"
    assert {"Type", sentence} <= set(shape.members)


def test_only_the_front_doors_errors_are_in_no_model() -> None:
    """Signatures and unknown paths are refused before any API is reached."""
    assert {
        "MissingAuthenticationTokenException",
        "InvalidSignatureException",
        "UnrecognizedClientException",
        "UnknownOperationException",
    } == set(faults.STATUS) - set(LAMBDA.shape_names)
