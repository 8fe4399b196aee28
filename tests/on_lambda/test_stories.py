"""The purchase under AWS's local runner as a process of its own: boto3 watches and answers."""

from collections.abc import Iterator

import pytest

from checkout.on_lambda.deployed import decorated
from checkout.purchase import codec
from tests.on_lambda.local_lambda import Handler, local_lambda
from tests.on_lambda.web_runner import WebRunner, lambda_client, web_runner
from tests.purchase.scripted import World, event
from tests.purchase.stories import STORIES, Story, Told, asked_of, world_of
from tests.purchase.test_saga import check

# One of each kind by default: straight through, answered from outside, compensated, timed out, handed to an agent.
TYPICAL = {
    "bought in one call",
    "confirmed after the offer",
    "lost request, order absent",
    "no agent came",
    "quoted and ordered by an agent",
}


@pytest.fixture(scope="module")
def functions() -> dict[str, Handler]:
    """What the Lambda endpoint serves; each story adds its own."""
    return {}


@pytest.fixture(scope="module")
def runner(tmp_path_factory: pytest.TempPathFactory, functions: dict[str, Handler]) -> Iterator[WebRunner]:
    """One runner for all stories."""
    with local_lambda(functions) as lambda_url, web_runner(tmp_path_factory.mktemp("runner"), lambda_url) as running:
        yield running


def tell(story: Story, runner: WebRunner, functions: dict[str, Handler]) -> tuple[Told, World]:
    """How the story ended there, and the world afterwards."""
    world = world_of(story)
    name = "-".join("".join(sign if sign.isalnum() else " " for sign in story.name).split())
    functions[name] = decorated(world, lambda_client(runner.url))
    arn = runner.start(name, name, event(asked_of(story)))
    for callback, answers in story.answers.items():
        for answer in answers:
            callback_id = runner.callback_id(arn, callback)
            runner.client.send_durable_execution_callback_success(
                CallbackId=callback_id, Result=codec.dumps(answer).encode()
            )
    ended = runner.ended(arn)
    assert "SUCCEEDED" == ended["Status"], ended
    operations: dict[str, str | None] = {}
    for one in runner.events(arn):
        if "Id" in one and not one["EventType"].startswith("Execution"):
            operations.setdefault(one["Id"], None if one.get("ParentId") else one.get("Name"))
    top_level = tuple(("", None, name, None, "") for name in operations.values() if name)
    return Told(ended=codec.loads(ended["Result"]), operations=top_level), world


@pytest.mark.parametrize(
    "story",
    [pytest.param(one, marks=() if one.name in TYPICAL else pytest.mark.full) for one in STORIES],
    ids=str,
)
def test_awss_web_runner_tells_the_same_story(story: Story, runner: WebRunner, functions: dict[str, Handler]) -> None:
    """The saga module, unchanged, ends there as it must, with the same operations; the world's books agree."""
    check(story, *tell(story, runner, functions))
