"""The SAM template, judged without AWS: against AWS's own model of its API, and against the code."""

import importlib
import re
from pathlib import Path
from typing import Any

import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel

# Comes with the AWS command line, and ships no types.
yaml: Any = importlib.import_module("yaml")

FOLDER = Path(__file__).parents[2] / "docker" / "lambda"
LAMBDA = ServiceModel(Loader().load_service_model("lambda", "service-2", "2015-03-31"), "lambda")
SQS = ServiceModel(Loader().load_service_model("sqs", "service-2"), "sqs")


# YAML with CloudFormation's short functions, read as {name: arguments}.
TEMPLATE: Any = type("Template", (yaml.SafeLoader,), {})


def _function(loader: Any, name: str, node: Any) -> dict[str, Any]:
    read = loader.construct_sequence if isinstance(node, yaml.SequenceNode) else loader.construct_scalar
    return {name: read(node)}


TEMPLATE.add_multi_constructor("!", _function)


@pytest.fixture(scope="module")
def resources() -> dict[str, Any]:
    """The template's resources."""
    template = yaml.load((FOLDER / "template.yaml").read_text(), TEMPLATE)
    found: dict[str, Any] = template["Resources"]
    return found


def test_the_durable_configuration_is_what_awss_api_takes(resources: dict[str, Any]) -> None:
    """Its members exist and its numbers are within AWS's bounds; a purchase gets the longest there is."""
    shape = LAMBDA.shape_for("DurableConfig")
    config = resources["Purchase"]["Properties"]["DurableConfig"]
    for name, value in config.items():
        limits = shape.members[name].metadata
        assert limits["min"] <= value <= limits["max"]
    assert shape.members["ExecutionTimeout"].metadata["max"] == config["ExecutionTimeout"]


def test_every_permission_names_an_operation_or_invoking(resources: dict[str, Any]) -> None:
    """No misspelt action grants nothing; lambda:InvokeFunction is the one action that is no operation's name."""
    known = {f"lambda:{name}" for name in LAMBDA.operation_names} | {f"sqs:{name}" for name in SQS.operation_names}
    actions = [
        action
        for statement in _statements(resources)
        for action in ([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])
    ]
    assert {"lambda:InvokeFunction"} == set(actions) - known
    assert {f"lambda:SendDurableExecutionCallback{end}" for end in ("Success", "Failure", "Heartbeat")} <= set(actions)


def test_versions_pin_what_runs_and_everything_referred_to_exists(resources: dict[str, Any]) -> None:
    """An alias moves with each published version; every reference in the template leads somewhere."""
    assert "live" == resources["Purchase"]["Properties"]["AutoPublishAlias"]
    text = (FOLDER / "template.yaml").read_text()
    named = set(re.findall(r"!(?:Ref|GetAtt) (\w+)", text)) | set(re.findall(r"\$\{(\w+)\.", text))
    template = yaml.load(text, TEMPLATE)
    assert named <= resources.keys() | template["Parameters"].keys()


def test_the_image_runs_the_handler_with_what_the_handler_reads(resources: dict[str, Any]) -> None:
    """The command names a function of handler.py, which is copied; every variable is one that something reads."""
    dockerfile, handler = (FOLDER / "Dockerfile").read_text(), (FOLDER / "handler.py").read_text()
    assert 'CMD ["handler.handler"]' in dockerfile
    assert "def handler(event" in handler
    for copied in re.findall(r"^COPY (\S+)", dockerfile, re.MULTILINE):
        assert (FOLDER.parents[1] / copied).exists()
    settings = (FOLDER.parents[1] / "checkout" / "settings.py").read_text()
    for variable in resources["Purchase"]["Properties"]["Environment"]["Variables"]:
        assert variable in handler or variable in settings or variable.removeprefix("CHECKOUT_").lower() in settings


def _statements(resources: dict[str, Any]) -> list[dict[str, Any]]:
    documents = [
        resource["Properties"]["PolicyDocument"]
        for resource in resources.values()
        if resource["Type"] == "AWS::IAM::ManagedPolicy"
    ]
    policies = resources["Purchase"]["Properties"]["Policies"]
    documents += [policy for policy in policies if isinstance(policy, dict) and "Statement" in policy]
    return [statement for document in documents for statement in document["Statement"]]
