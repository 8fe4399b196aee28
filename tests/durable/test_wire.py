"""The wire: tokens fence, errors are shaped as the SDK reads them, state comes in pages."""

from collections.abc import Callable
from typing import Any

import pytest
from aws_durable_execution_sdk_python import DurableContext, StepContext
from aws_durable_execution_sdk_python.exceptions import CheckpointError
from botocore.exceptions import ClientError

from checkout.durable.invocation import Invocation
from checkout.durable.settings import OPERATION_PAYLOAD_BYTES, DurableSettings
from checkout.durable.testing import TestBed


def waiting(_event: Any, context: DurableContext) -> Any:
    """One step, one callback."""
    context.step(lambda _: 1, name="one")
    return context.create_callback(name="ask").result()


def claimed(bed: TestBed) -> Invocation:
    """An execution that was claimed by hand; the test plays the handler."""
    bed.service.register("function", waiting)
    bed.service.start("function", "execution", "{}")
    invocation = bed.service.worker.claim(bed.service.sweeper.runnable()[0])
    assert invocation is not None
    return invocation


def checkpoint(bed: TestBed, invocation: Invocation, token: str, *updates: dict[str, Any]) -> dict[str, Any]:
    """The call the SDK makes."""
    return bed.service.client.checkpoint_durable_execution(
        DurableExecutionArn=invocation.arn, CheckpointToken=token, Updates=list(updates)
    )


def step(action: str, **more: Any) -> dict[str, Any]:
    """An update of the one step."""
    return {"Id": "s1", "Type": "STEP", "SubType": "Step", "Name": "one", "Action": action, **more}


def refusal(bed: TestBed, invocation: Invocation, token: str, *updates: dict[str, Any]) -> ClientError:
    """The error a checkpoint must end in."""
    with pytest.raises(ClientError) as refused:
        checkpoint(bed, invocation, token, *updates)
    return refused.value


def story(bed: TestBed) -> tuple[Any, ...]:
    """All there is to see of the execution."""
    return bed.service.get("execution"), bed.service.operations("execution"), bed.service.history("execution")


def test_each_token_is_good_for_one_checkpoint(bed: TestBed) -> None:
    """A used token is refused and nothing is written; the next one goes on."""
    invocation = claimed(bed)
    first = invocation.event["CheckpointToken"]
    second = checkpoint(bed, invocation, first, step("START"))["CheckpointToken"]
    before = story(bed)
    refused = refusal(bed, invocation, first, step("SUCCEED", Payload="1"))
    assert before == story(bed)
    assert "InvalidParameterValueException" == refused.response["Error"]["Code"]
    assert refused.response["Error"]["Message"].startswith("Invalid checkpoint token")
    assert CheckpointError.from_exception(refused).is_retryable()
    checkpoint(bed, invocation, second, step("SUCCEED", Payload="1"))
    assert "SUCCEEDED" == bed.operation("one").status


def test_a_stale_token_is_rejected_and_changes_nothing(bed: TestBed) -> None:
    """Whoever was taken over writes neither a checkpoint nor an end."""
    frozen = claimed(bed)
    bed.clock.advance(bed.service.settings.lease_seconds)
    bed.service.sweeper.sweep()
    before = story(bed)
    refusal(bed, frozen, frozen.event["CheckpointToken"], step("START"))
    bed.service.worker.finish(frozen, {"Status": "SUCCEEDED", "Result": "1"})
    assert before == story(bed)
    successor = bed.service.worker.claim(frozen.execution_id)
    assert successor is not None
    refusal(bed, frozen, frozen.event["CheckpointToken"], step("START"))
    bed.service.worker.finish(frozen, {"Status": "SUCCEEDED", "Result": "1"})
    assert "RUNNING" == bed.service.get("execution").status
    checkpoint(bed, successor, successor.event["CheckpointToken"], step("START"))


@pytest.mark.parametrize("token", ["", "nonsense", "MSAyIDM=", "!!!"])
def test_a_token_we_never_gave_out_is_stale(bed: TestBed, token: str) -> None:
    """Anything unreadable ends the invocation, and nothing else."""
    refused = refusal(bed, claimed(bed), token, step("START"))
    assert refused.response["Error"]["Message"].startswith("Invalid checkpoint token")


def test_a_token_of_another_execution_is_stale(bed: TestBed) -> None:
    """The ARN and the token must belong together."""
    invocation = claimed(bed)
    other = bed.service.start("function", "another", "{}")
    with pytest.raises(ClientError, match="Invalid checkpoint token"):
        bed.service.client.checkpoint_durable_execution(
            DurableExecutionArn=other.arn, CheckpointToken=invocation.event["CheckpointToken"], Updates=[]
        )


def test_what_the_handler_may_not_do_is_final_for_the_sdk(bed: TestBed) -> None:
    """A broken rule is 4xx: the SDK fails the execution rather than try again."""
    invocation = claimed(bed)
    against = {"Id": "w", "Type": "WAIT", "Action": "SUCCEED"}
    refused = refusal(bed, invocation, invocation.event["CheckpointToken"], against)
    assert 400 == refused.response["ResponseMetadata"]["HTTPStatusCode"]
    assert not CheckpointError.from_exception(refused).is_retryable()


def test_a_payload_over_the_limit_is_a_clear_error(bed: TestBed) -> None:
    """256 KB fit; one byte more is refused with both numbers, and nothing is written."""
    invocation = claimed(bed)
    fits = "x" * OPERATION_PAYLOAD_BYTES
    token = checkpoint(bed, invocation, invocation.event["CheckpointToken"], step("START"))["CheckpointToken"]
    before = story(bed)
    refused = refusal(bed, invocation, token, step("SUCCEED", Payload=fits + "x"))
    assert "the payload of one is 262145 bytes; at most 262144 are kept" in str(refused)
    assert before == story(bed)
    checkpoint(bed, invocation, token, step("SUCCEED", Payload=fits))


def test_trouble_of_the_database_is_retryable(bed: TestBed) -> None:
    """A failing database is 5xx to the SDK, which ends the invocation and lets it be tried again."""
    invocation = claimed(bed)
    with bed.database.transaction() as session:
        session.connection().exec_driver_sql("ALTER TABLE durable_operations RENAME TO away")
    refused = refusal(bed, invocation, invocation.event["CheckpointToken"], step("START"))
    with bed.database.transaction() as session:
        session.connection().exec_driver_sql("ALTER TABLE away RENAME TO durable_operations")
    assert 500 == refused.response["ResponseMetadata"]["HTTPStatusCode"]
    assert CheckpointError.from_exception(refused).is_retryable()


def test_state_comes_in_pages_and_a_long_history_replays(tmp_path: Any) -> None:
    """With pages of three, a handler of ten steps still finds every finished one."""
    ran: list[int] = []

    def handler(_event: Any, context: DurableContext) -> Any:
        def once(number: int) -> Callable[[StepContext], int]:
            def run(_step: StepContext) -> int:
                ran.append(number)
                return number

            return run

        total = sum(context.step(once(number), name=f"s{number}") for number in range(10))
        return [total, context.create_callback(name="ask").result()]

    with TestBed(f"sqlite:///{tmp_path}/d.sqlite3", settings=DurableSettings(page_operations=3)) as bed:
        bed.run(handler)
        bed.service.succeed_callback(bed.callback_id("ask"), "yes")
        bed.service.run_until_idle()
        assert '[45, "yes"]' == bed.service.get("execution").result
    assert list(range(10)) == ran


def test_an_answer_carries_what_changed_outside_meanwhile(bed: TestBed) -> None:
    """A callback answered while the handler runs is in the next checkpoint's answer, exactly once."""
    invocation = claimed(bed)
    callback = {"Id": "c1", "Type": "CALLBACK", "SubType": "Callback", "Name": "ask", "Action": "START"}
    answer = checkpoint(bed, invocation, invocation.event["CheckpointToken"], callback)
    made = answer["NewExecutionState"]["Operations"][0]
    bed.service.succeed_callback(made["CallbackDetails"]["CallbackId"], '"yes"')
    answer = checkpoint(bed, invocation, answer["CheckpointToken"], step("START"))
    told = {one["Id"]: one["Status"] for one in answer["NewExecutionState"]["Operations"]}
    assert {"c1": "SUCCEEDED", "s1": "STARTED"} == told
    answer = checkpoint(bed, invocation, answer["CheckpointToken"], step("SUCCEED", Payload="1"))
    assert ["s1"] == [one["Id"] for one in answer["NewExecutionState"]["Operations"]]


def test_an_execution_ended_by_checkpoint_has_ended(bed: TestBed) -> None:
    """A result too large to return is checkpointed: the answer has no token, and the invocation is completed first."""
    invocation = claimed(bed)
    ending = {"Id": "execution-result-1", "Type": "EXECUTION", "Action": "SUCCEED", "Payload": '"big"'}
    assert "CheckpointToken" not in checkpoint(bed, invocation, invocation.event["CheckpointToken"], ending)
    bed.service.worker.finish(invocation, {"Status": "SUCCEEDED", "Result": ""})
    assert ("SUCCEEDED", '"big"') == (bed.service.get("execution").status, bed.service.get("execution").result)
    assert ["ExecutionStarted", "InvocationCompleted", "ExecutionSucceeded"] == bed.event_types()
