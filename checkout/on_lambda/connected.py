"""The API's side of purchases on AWS, put together over boto3. What `wiring` holds when there is a Lambda function."""

from datetime import timedelta
from functools import partial

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError

from checkout.arrangement import AwsUnusableError
from checkout.on_lambda.calling import THREADS, Calls
from checkout.on_lambda.executions import LambdaExecutions
from checkout.on_lambda.histories import Histories
from checkout.purchase.projection import project
from checkout.settings import Settings
from checkout.store.clock import Clock
from checkout.store.session import Database

# AWS answers in tens of milliseconds. What takes longer than this is called again later, which is no harm.
CONNECT_SECONDS = 3
ANSWER_SECONDS = 10


def connected(settings: Settings, database: Database, clock: Clock) -> LambdaExecutions:
    """Purchases as executions of the settings' function, with the region and the credentials boto3 finds by itself.

    Nothing is asked of AWS yet. AwsUnusableError where boto3 finds no region, or cannot use what it finds.
    """
    function = settings.lambda_function
    assert function
    config = Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=ANSWER_SECONDS,
        retries={"total_max_attempts": 1},  # what is owed has pauses of its own; who looks at a run waits for none
        max_pool_connections=2 * THREADS,
    )
    try:
        client = boto3.client("lambda", config=config)
    except (BotoCoreError, ValueError) as unusable:
        raise AwsUnusableError(
            f"CHECKOUT_LAMBDA_FUNCTION is set, and boto3 cannot be used: {str(unusable).rstrip('.')}; mend AWS_REGION, "
            "AWS_PROFILE, or what else boto3 goes by"
        ) from unusable
    return LambdaExecutions(
        clock=clock,
        projector=partial(project, now=clock.now),
        calls=Calls(database, clock, client, function, keep=timedelta(days=settings.retention_days)),
        histories=Histories(database=database, client=client, function=function),
        heartbeat_seconds=settings.agent_heartbeat_seconds,
    )
