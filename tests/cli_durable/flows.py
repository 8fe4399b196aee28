"""Small handlers for the command's tests: one decorated by its author, the others plain."""

from typing import Any

from aws_durable_execution_sdk_python import DurableContext, durable_execution
from aws_durable_execution_sdk_python.config import CallbackConfig, Duration


@durable_execution
def nap(event: dict[str, Any], context: DurableContext) -> dict[str, Any]:
    """Wait as long as asked, in seconds."""
    print("about to nap")  # noqa: T201 (that a handler's prints stay out of the answer is what is tested)
    context.logger.info("napping\nfor a while")
    context.wait(Duration.from_seconds(event.get("seconds", 1)), name="nap")
    context.step(lambda step: step.logger.warning("awake"), name="wake-up")
    return {"napped": event.get("seconds", 1)}


def ask(event: dict[str, Any], context: DurableContext) -> Any:
    """Wait for an answer, at most `timeout_seconds`, beside nothing else."""
    timeout = Duration.from_seconds(event.get("timeout_seconds", 0))
    return context.create_callback("question", CallbackConfig(timeout=timeout)).result()


def nap_and_ask(event: dict[str, Any], context: DurableContext) -> Any:
    """Wait as long as asked, then wait for an answer."""
    context.wait(Duration.from_seconds(event["seconds"]), name="nap")
    return context.create_callback("question").result()


def fail(_event: dict[str, Any], context: DurableContext) -> None:
    """Do one thing, then break."""
    context.step(lambda _: "done", name="first")
    raise ValueError("no such luck")


def first_edition(_event: dict[str, Any], context: DurableContext) -> str:
    """One step, then a question."""
    context.step(lambda _: 1, name="count")
    context.create_callback("question").result()
    return "first"


def second_edition(_event: dict[str, Any], context: DurableContext) -> str:
    """The same function after a careless change: its recorded step has another name."""
    context.step(lambda _: 1, name="reckon")
    context.create_callback("question").result()
    return "second"
