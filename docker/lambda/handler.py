# ruff: noqa: INP001 (a folder of files for an image, not a package)
"""The purchase on AWS Lambda durable functions: the second module that may pick implementations.

Lambda calls `handler`. Everything it needs comes from the environment: the service's own CHECKOUT_… settings, and
AGENT_QUEUE_URL for browser tasks. Parts are made once per execution environment, at its first invocation.
"""

import os
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import cache, partial
from typing import Any

import boto3
from sqlmodel import Session

from checkout import telemetry, wiring
from checkout.on_lambda.deployed import deployed
from checkout.on_lambda.following import told_again
from checkout.on_lambda.tasks import Queue, QueueingPorts
from checkout.purchase.acting import Acting
from checkout.purchase.projection import project
from checkout.purchase.states import TERMINAL
from checkout.settings import Settings
from checkout.store.clock import SystemClock
from checkout.store.models import Intent
from checkout.store.session import Database
from checkout.store.vault import Vault
from merchants.fetch import Fetcher

QUEUE_URL = "AGENT_QUEUE_URL"


def handler(event: Mapping[str, Any], context: Any) -> Mapping[str, Any]:
    """What Lambda calls."""
    return _assembled()(event, context)


@cache
def _assembled() -> Callable[[Mapping[str, Any], Any], Mapping[str, Any]]:
    telemetry.configure()
    settings = Settings()
    if settings.secret_key is None:
        raise RuntimeError(
            "CHECKOUT_SECRET_KEY is not set: payment tokens are sealed by it, here as where they came in"
        )
    database, clock = Database.open(settings.database_url), SystemClock()
    database.prepare()
    projector = told_again(partial(project, now=clock.now), _has_ended)
    return deployed(_ports(settings, database, clock), boto3.client("lambda"), database, projector)


def _ports(settings: Settings, database: Database, clock: SystemClock) -> Acting:
    assert settings.secret_key is not None
    vault = Vault(settings.secret_key.get_secret_value().encode())
    fetcher = Fetcher(allowed=settings.allowed_private_hosts)
    parts: dict[str, Any] = {
        "limits": wiring.limits(settings),
        "merchants": wiring.registry(settings, fetcher, wiring.signer_of(vault)),
        "gateway": wiring.gateway_of(settings),
        "instruments": wiring.instruments_of(settings),
        "database": database,
        "vault": vault,
        "clock": clock,
        "agents_enabled": settings.agents_enabled,
        "hold_margin": timedelta(minutes=settings.hold_margin_minutes),
    }
    if not settings.agents_enabled:
        return Acting(**parts)
    return QueueingPorts(**parts, queue=Queue(client=boto3.client("sqs"), url=os.environ[QUEUE_URL]))


def _has_ended(session: Session, intent_id: str) -> bool:
    # Locked, so that no command ends the purchase between this look and what is projected after it.
    intent = session.get(Intent, intent_id, with_for_update=True)
    return intent is not None and intent.state in TERMINAL
