"""Looking at executions, listing, stopping and resuming them, as AWS's API has it."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query
from pydantic import AwareDatetime
from starlette.responses import Response

from checkout.durable.errors import ExecutionEndedError
from checkout.durable_face.answers import PAUSED, answer, got, listed
from checkout.durable_face.faults import not_found
from checkout.durable_face.functions import Asked
from checkout.durable_face.requests import Arn, Document, Served, Service, named, page_of

router = APIRouter()

MaxItems = Annotated[int, Query(alias="MaxItems", ge=0, le=1000)]
# A marker of ours: the number of an event or of an execution; the empty one is none.
Marker = Annotated[str, Query(alias="Marker", pattern=r"^[0-9]{0,18}$")]
IncludeExecutionData = Annotated[bool, Query(alias="IncludeExecutionData")]
ReverseOrder = Annotated[bool, Query(alias="ReverseOrder")]
# AWS's words; of DELETING there is never one here, and what is PAUSING is listed as PAUSED.
Status = Literal["RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "STOPPED", "DELETING", "PAUSING", "PAUSED"]
# What AWS records when a stop gives no reason of its own.
STOPPED = {"ErrorMessage": "Execution stopped by user request"}


@router.get("/2025-12-01/functions/{FunctionName}/durable-executions")
def list_durable_executions_by_function(
    service: Service,
    served: Served,
    *,
    function_name: Annotated[str, Path(alias="FunctionName", max_length=256)],
    qualifier: Annotated[str | None, Query(alias="Qualifier", max_length=128)] = None,
    execution_name: Annotated[str | None, Query(alias="DurableExecutionName", max_length=64)] = None,
    statuses: Annotated[list[Status] | None, Query(alias="Statuses", max_length=10)] = None,
    started_after: Annotated[AwareDatetime | None, Query(alias="StartedAfter")] = None,
    started_before: Annotated[AwareDatetime | None, Query(alias="StartedBefore")] = None,
    oldest_first: ReverseOrder = False,
    marker: Marker = "",
    max_items: MaxItems = 0,
) -> Response:
    """The newest first, unless asked for the reverse."""
    asked = Asked.of(function_name, qualifier)
    if asked.name not in served and not service.list(function=asked.name, limit=1).executions:
        not_found(f"the function {asked.name}")
    page = service.list(
        function=asked.name,
        version=asked.version,
        name=execution_name,
        statuses=statuses,
        started_after=started_after,
        started_before=started_before,
        oldest_first=oldest_first,
        limit=page_of(max_items),
        cursor=marker or None,
    )
    return answer(listed(page.executions, page.next_cursor))


@router.get("/2025-12-01/durable-executions/{arn:path}/history")
def get_durable_execution_history(
    service: Service,
    arn: Arn,
    *,
    include_execution_data: IncludeExecutionData = True,
    newest_first: ReverseOrder = False,
    marker: Marker = "",
    max_items: MaxItems = 0,
) -> Response:
    """What happened, from the first event or from the last."""
    view = named(service, arn)
    happened = service.history(view.name, include_execution_data=include_execution_data)
    told, count = int(marker or 0), page_of(max_items)
    if newest_first:
        before = min(told - 1, len(happened)) if told else len(happened)
        page = happened[max(0, before - count) : before][::-1]
        more = before > count
    else:
        page = happened[told : told + count]
        more = told + count < len(happened)
    # Events are numbered without gaps, so the number of the page's last one leads on, whatever happens meanwhile.
    return answer({"Events": page, **({"NextMarker": str(page[-1]["EventId"])} if more else {})})


@router.post("/2025-12-01/durable-executions/{arn:path}/stop")
def stop_durable_execution(service: Service, arn: Arn, error: Document) -> Response:
    """End it; stopping what has ended is fine, and tells when that was."""
    view = named(service, arn)
    try:
        view = service.stop(view.name, error=error or STOPPED)
    except ExecutionEndedError:
        view = service.get(view.name)
    return answer({"StopTimestamp": view.ended_at})


@router.post("/2025-12-01/durable-executions/{arn:path}/resume")
def resume_durable_execution(service: Service, arn: Arn, asked: Document) -> Response:
    """Let a parked execution go on."""
    view = named(service, arn)
    service.resume(view.name, reason=str(asked.get("Reason") or "resumed by request"))
    return answer({}, status=202)


# After the routes above: an ARN has slashes, so this path would take theirs.
# After the routes above: an ARN has slashes, so this path would take theirs.
@router.get("/2025-12-01/durable-executions/{arn:path}")
def get_durable_execution(
    service: Service, arn: Arn, *, include_execution_data: IncludeExecutionData = True
) -> Response:
    """One execution; if it is parked, since when and why."""
    view = named(service, arn)
    body = got(view, include_execution_data=include_execution_data)
    if view.parked:
        body |= _paused(service.history(view.name, include_execution_data=include_execution_data)[-1])
    return answer(body)


def _paused(last: Mapping[str, Any]) -> dict[str, Any]:
    """Status and details of a parked execution: its pause begins when the invocation under way has ended."""
    if last["EventType"] != "ExecutionPaused":
        return {"Status": "PAUSING"}
    said = last["ExecutionPausedDetails"]
    reason = said["Reason"].get("Payload")
    return {
        "Status": PAUSED,
        "PauseDetails": {
            "PauseRequestTimestamp": said["PauseRequestTimestamp"],
            "ExecutionTimeoutPaused": said["ExecutionTimeoutPaused"],
            **({"Reason": reason} if reason else {}),
        },
    }
