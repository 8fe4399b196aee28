r"""Enrichment: a list of companies, each looked up in a directory that fails now and then, reported whatever fails.

Shows: `map` with a limit on concurrency and named items; retries per item, so that one slow item holds up no other; a
batch that runs to its end whatever fails, and a report that says what is missing and why.

    checkout durable run examples/durable/enrichment.py:handler --name list-1 --skip-time --json \
        --input '{"companies": ["acme", "globex", "nowhere"],
                  "outside": {"journal": "/tmp/list.jsonl", "fail_times": {"look-up:globex": 2}}}'

On AWS Lambda durable functions it runs as it is: `examples.durable.enrichment.handler`.
"""

from collections.abc import Sequence
from typing import Any

from aws_durable_execution_sdk_python import BatchItemStatus, BatchResult, DurableContext, durable_execution
from aws_durable_execution_sdk_python.config import CompletionConfig, Duration, MapConfig, StepConfig
from aws_durable_execution_sdk_python.retries import RetryPresets, RetryStrategyConfig, create_retry_strategy

from examples.durable.outside import Outside, OutsideError

# The directory allows a handful of requests at once.
CONCURRENT_LOOK_UPS = 4
# A list of thousands belongs in several executions: history and replay grow with every item.
MAX_COMPANIES = 200
ONCE = StepConfig(retry_strategy=RetryPresets.none())
FILE = StepConfig(retry_strategy=RetryPresets.transient())
# Only an outage is tried again; a company the directory does not know stays unknown.
LOOK_UP = StepConfig(
    retry_strategy=create_retry_strategy(
        RetryStrategyConfig(
            max_attempts=4, initial_delay=Duration.from_seconds(1), retryable_error_types=[OutsideError]
        )
    )
)

# The directory, so that the example needs no network.
DIRECTORY = {
    "acme": {"country": "US", "employees": 1200, "sector": "anvils"},
    "globex": {"country": "DE", "employees": 340, "sector": "energy"},
    "initech": {"country": "US", "employees": 85, "sector": "software"},
    "umbrella": {"country": "GB", "employees": 9000, "sector": "pharma"},
}


class UnknownCompanyError(Exception):
    """The directory has no such company; asking again will not change that."""


def clean(companies: Any) -> list[str]:
    """The names, trimmed, lower case, each once, in their order. Raises ValueError when it is no such list."""
    if not isinstance(companies, list) or not all(isinstance(name, str) and name.strip() for name in companies):
        raise ValueError('"companies" must be a list of names')
    names = list(dict.fromkeys(name.strip().lower() for name in companies))
    if len(names) > MAX_COMPANIES:
        raise ValueError(f'"companies" holds {len(names)} names; at most {MAX_COMPANIES} fit in one execution')
    return names


@durable_execution
def handler(event: dict[str, Any], context: DurableContext) -> dict[str, Any]:
    """One list: `{"companies": [name, ...], "outside"?}` in, a report of what was found and what was not out."""
    outside = Outside.of(event)

    def look_up(company: str, attempt: int) -> dict[str, Any]:
        outside.call(f"look-up:{company}", attempt)
        if company not in DIRECTORY:
            raise UnknownCompanyError(f"the directory does not know {company!r}")
        return DIRECTORY[company]

    def enrich(child: DurableContext, company: str, _index: int, _companies: Sequence[str]) -> dict[str, Any]:
        facts = child.step(lambda step: look_up(company, step.attempt), name="look-up", config=LOOK_UP)
        return {"company": company, **facts}

    companies = context.step(lambda _: clean(event.get("companies")), name="clean-list", config=ONCE)
    batch: BatchResult[dict[str, Any]] = context.map(
        companies,
        enrich,
        name="enrich",
        config=MapConfig(
            max_concurrency=CONCURRENT_LOOK_UPS,
            completion_config=CompletionConfig(tolerated_failure_percentage=100),
            item_namer=lambda company, _: f"enrich-{company}",
        ),
    )
    enriched = [item.result for item in batch.all if item.status is BatchItemStatus.SUCCEEDED]
    missing = [
        {"company": companies[item.index], "reason": item.error.message if item.error else "no reason was recorded"}
        for item in batch.all
        if item.status is not BatchItemStatus.SUCCEEDED
    ]
    report = {"asked": len(companies), "enriched": enriched, "missing": missing}
    context.step(
        lambda step: outside.call("file-report", step.attempt, missing=len(missing)), name="file-report", config=FILE
    )
    return {"status": "partial" if missing else "complete", **report}
