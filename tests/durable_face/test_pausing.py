"""What an operator must look at, in AWS's words: paused, with the reason, until it is resumed."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aws_durable_execution_sdk_python import DurableContext
from botocore.exceptions import ClientError

from tests.durable_face.face import Face, eventually, face

BROKEN = {"yes": True}


def careful(_event: Any, context: DurableContext) -> str:
    """Ends only by its result; broken until it is mended."""
    context.step(lambda _: 1, name="one")
    if BROKEN["yes"]:
        raise LookupError("a part is missing")
    return "mended"


@pytest.fixture
def it(tmp_path: Path) -> Iterator[Face]:
    """A face whose one function may not end by a bug."""
    BROKEN["yes"] = True
    with face(tmp_path, {"careful": careful}, ends_only_by_result=True) as standing:
        yield standing


def test_a_parked_execution_is_paused_and_can_be_resumed(it: Face) -> None:
    """Status, details, filters and history say so; ResumeDurableExecution lets it go on; resuming twice is refused."""
    arn = it.start("careful", "c-1")
    eventually(lambda: it.status(arn) == "PAUSED", "it is paused")
    got = it.client.get_durable_execution(DurableExecutionArn=arn)
    assert "LookupError: a part is missing" == got["PauseDetails"]["Reason"]
    assert got["PauseDetails"]["ExecutionTimeoutPaused"]
    bare = it.client.get_durable_execution(DurableExecutionArn=arn, IncludeExecutionData=False)
    assert "Reason" not in bare["PauseDetails"]
    assert (1, 0) == (listed(it, "PAUSED"), listed(it, "RUNNING"))
    BROKEN["yes"] = False
    it.client.resume_durable_execution(DurableExecutionArn=arn, Reason="the part is back")
    assert '"mended"' == it.ended(arn)["Result"]
    assert (0, 1) == (listed(it, "PAUSED"), listed(it, "SUCCEEDED"))
    kinds = [event["EventType"] for event in it.events(arn)]
    assert ["ExecutionPaused", "ExecutionResumed"] == [kind for kind in kinds if kind.endswith(("Paused", "Resumed"))]
    with pytest.raises(ClientError, match="InvalidParameterValueException"):
        it.client.resume_durable_execution(DurableExecutionArn=arn)


def test_what_ends_only_by_its_result_is_not_stopped_from_outside(it: Face) -> None:
    """The refusal is AWS's; the execution stands as it stood."""
    arn = it.start("careful", "c-2")
    eventually(lambda: it.status(arn) == "PAUSED", "it is paused")
    with pytest.raises(ClientError, match="InvalidParameterValueException"):
        it.client.stop_durable_execution(DurableExecutionArn=arn)
    assert "PAUSED" == it.status(arn)


def listed(it: Face, status: str) -> int:
    """How many are listed under this status."""
    answer = it.client.list_durable_executions_by_function(FunctionName="careful", Statuses=[status])
    found: list[dict[str, Any]] = answer["DurableExecutions"]
    assert {status} >= {one["Status"] for one in found}
    return len(found)
