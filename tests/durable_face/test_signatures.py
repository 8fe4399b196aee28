"""Who may call: signed requests, and only those, of one pair of credentials where there is one."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import botocore.auth
import httpx2
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials as Signing
from botocore.exceptions import ClientError

from checkout.durable_face.signatures import Credentials
from tests.cli_durable import flows
from tests.durable_face.face import KEY_ID, SECRET, Face, face, lambda_client

ARN = "arn:aws:lambda:zz-local-1:000000000000:function:ask:1/durable-execution/nobody/00000000"
CREDENTIALS = Credentials(access_key_id=KEY_ID, secret_access_key=SECRET)


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Face]:
    """A face with credentials."""
    with face(tmp_path_factory.mktemp("strict"), {"ask": flows.ask}, credentials=CREDENTIALS) as standing:
        yield standing


def code(client: Any, **arguments: Any) -> str:
    """What a look at nobody's execution is refused with."""
    with pytest.raises(ClientError) as refused:
        client.get_durable_execution(**{"DurableExecutionArn": ARN, **arguments})
    return str(refused.value.response["Error"]["Code"])


def test_what_boto3_signs_is_let_in(strict: Face) -> None:
    """Paths with slashes in their members, queries with lists and times, JSON and raw bodies, headers: all verify."""
    client = strict.client
    arn = strict.start("ask", "q-1", json.dumps({"name": "Ænne & Ø=?/"}).encode())
    client.list_durable_executions_by_function(
        FunctionName="ask", Statuses=["RUNNING", "STOPPED"], StartedBefore=datetime(2099, 1, 1, tzinfo=UTC)
    )
    client.send_durable_execution_callback_success(CallbackId=strict.callback_id(arn), Result="Ænne".encode())
    assert "Ænne" == json.loads(strict.ended(arn)["Result"])
    assert "ResourceNotFoundException" == code(client, IncludeExecutionData=False)


def test_another_secret_or_another_key_is_refused(strict: Face) -> None:
    """403 each, and nothing is done."""
    assert "InvalidSignatureException" == code(lambda_client(strict.url, secret="another"))
    other = boto3.client(
        "lambda",
        endpoint_url=strict.url,
        region_name="us-west-2",
        aws_access_key_id="AKIAOTHER",
        aws_secret_access_key=SECRET,
        config=Config(retries={"total_max_attempts": 1}),
    )
    assert "UnrecognizedClientException" == code(other)
    with pytest.raises(ClientError, match="InvalidSignatureException"):
        lambda_client(strict.url, secret="another").invoke(
            FunctionName="ask", InvocationType="Event", DurableExecutionName="forged"
        )
    assert () == strict.service.list(name="forged").executions


def signed(url: str, body: bytes = b"{}") -> tuple[str, dict[str, str]]:
    """The URL and headers of an Event invocation named `signed`, signed now."""
    url = f"{url}/2015-03-31/functions/ask/invocations"
    headers = {"X-Amz-Invocation-Type": "Event", "X-Amz-Durable-Execution-Name": "signed"}
    asked = AWSRequest(method="POST", url=url, data=body, headers=headers)
    SigV4Auth(Signing(KEY_ID, SECRET), "lambda", "us-west-2").add_auth(asked)
    return url, dict(asked.headers)


def post(url: str, headers: dict[str, str], body: bytes = b"{}") -> tuple[int, str]:
    """The status, and the error's name if there is one."""
    answer = httpx2.post(url, content=body, headers=headers, verify=False)
    return answer.status_code, answer.headers.get("x-amzn-errortype", "")


def test_a_signature_is_good_for_one_request_only(strict: Face) -> None:
    """Whatever is changed or added after signing, the request is refused and nothing starts; as signed it is taken."""
    url, headers = signed(strict.url)
    another_second = headers["X-Amz-Date"][:-2] + ("1Z" if headers["X-Amz-Date"][-2] == "0" else "0Z")
    forged = [
        (url, headers, b'{"more": 1}'),
        (url, {**headers, "X-Amz-Durable-Execution-Name": "another"}, b"{}"),
        (url, {**headers, "X-Amz-Tenant-Id": "t-1"}, b"{}"),
        (url, {**headers, "X-Amz-Date": another_second}, b"{}"),
        (f"{url}?Qualifier=1", headers, b"{}"),
        (url.replace("/ask/", "/fail/"), headers, b"{}"),
    ]
    assert {(403, "InvalidSignatureException")} == {post(*one) for one in forged}
    assert () == strict.service.list(name="signed").executions
    assert (202, "") == post(url, headers)
    assert 1 == len(strict.service.list(name="signed").executions)


def test_an_old_signature_is_refused(strict: Face, monkeypatch: pytest.MonkeyPatch) -> None:
    """A recorded request cannot be sent again later."""
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda: datetime(2026, 1, 1, 12, 0, 0))  # noqa: DTZ001 (botocore's are naive)
    url, headers = signed(strict.url)
    assert "20260101T120000Z" == headers["X-Amz-Date"]
    assert (403, "InvalidSignatureException") == post(url, headers)


def test_without_credentials_any_signature_is_taken_and_none_is_refused(tmp_path: Any) -> None:
    """On loopback the signature is not checked; but a page in a browser cannot send the header at all."""
    with face(tmp_path, {"ask": flows.ask}) as lax:
        assert "ResourceNotFoundException" == code(lambda_client(lax.url, secret="whatever"))
        url = f"{lax.url}/2015-03-31/functions/ask/invocations"
        assert (403, "MissingAuthenticationTokenException") == post(url, {"X-Amz-Invocation-Type": "Event"})
        assert () == lax.service.list().executions
