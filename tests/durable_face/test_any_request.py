"""Whatever a client sends, it is answered in AWS's words, and never by a 5xx."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from checkout.durable_face.app import ROUTERS
from checkout.durable_face.faults import STATUS
from tests.cli_durable import flows
from tests.durable_face.face import Face, face

SIGNED = {
    "Authorization": "AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/lambda/aws4_request,"
    f" SignedHeaders=host;x-amz-date, Signature={'0' * 64}"
}
TEMPLATES = [(next(iter(route.methods)), route.path) for router in ROUTERS for route in router.routes]  # type: ignore[attr-defined]  # every route of ours has both
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
JSON = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8)
UPDATE_MEMBERS = ["Id", "Type", "Action", "ParentId", "Name", "Payload", "Error", "StepOptions", "WaitOptions"]
WORDS = st.sampled_from(
    ["STEP", "WAIT", "CALLBACK", "CONTEXT", "EXECUTION", "START", "SUCCEED", "RETRY", "one", "\ud800"]
)
UPDATES = st.lists(st.dictionaries(st.sampled_from(UPDATE_MEMBERS), WORDS | JSON), max_size=3)
QUERY_MEMBERS = ["Marker", "MaxItems", "ReverseOrder", "Statuses", "StartedAfter", "Qualifier", "IncludeExecutionData"]
QUERIES = st.dictionaries(st.sampled_from(QUERY_MEMBERS), st.text() | st.integers().map(str), max_size=4)
HEADER_MEMBERS = ["X-Amz-Invocation-Type", "X-Amz-Durable-Execution-Name", "X-Amz-Tenant-Id", "Content-Type"]
HEADERS = st.dictionaries(
    st.sampled_from(HEADER_MEMBERS), st.text(st.characters(min_codepoint=33, max_codepoint=126)), max_size=2
)


@pytest.fixture(scope="module")
def it(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Face]:
    """A face with one function, which nobody runs, and which takes too long to be waited for."""
    folder = tmp_path_factory.mktemp("any")
    with face(folder, {"ask": flows.ask}, works=False, timeout_seconds=None) as standing:
        standing.start("ask", "q-1")
        yield standing


@pytest.fixture(scope="module")
def members(it: Face) -> list[str]:
    """What is good in a path, for requests that get further than it."""
    arn = it.service.get("q-1").arn
    return [arn, "ask", "ask:1", "ask:$LATEST", "a" * 64]


@pytest.fixture(scope="module")
def token(it: Face) -> str:
    """A checkpoint token that is good until a checkpoint is taken."""
    invocation = it.service.worker.claim(1)
    assert invocation
    return str(invocation.event["CheckpointToken"])


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_request_breaks_the_face(it: Face, members: list[str], token: str, data: st.DataObject) -> None:
    """Any member in any place of any operation: refused with a known error, or taken."""
    method, template = data.draw(st.sampled_from(TEMPLATES))
    member = data.draw(st.sampled_from(members) | st.text(min_size=1))
    path = "/".join(quote(member, safe="", errors="replace") if "{" in part else part for part in template.split("/"))
    checkpoints = UPDATES.map(lambda updates: _bytes({"CheckpointToken": token, "Updates": updates}))
    body = data.draw(st.binary() | JSON.map(_bytes) | checkpoints)
    answer = httpx2.request(
        method,
        f"{it.url}{path}",
        params={name: value.encode(errors="replace") for name, value in data.draw(QUERIES).items()},
        headers={**SIGNED, **data.draw(HEADERS)},
        content=None if method == "GET" else body,
        verify=False,
        timeout=10,
    )
    if not answer.is_success:
        assert STATUS[answer.headers["x-amzn-errortype"]] == answer.status_code
        assert answer.status_code < 500, (method, path, body, answer.text)


def _bytes(document: Any) -> bytes:
    return json.dumps(document).encode()
