"""Secrets and signatures as Standard Webhooks has them. Knows bytes and headers; must never keep or log a secret."""

import base64
import secrets
from collections.abc import Sequence
from datetime import datetime

from standardwebhooks import Webhook

# The convention asks for 24 to 64 bytes.
SECRET_BYTES = 32
PREFIX = "whsec_"


def new_secret() -> str:
    """A secret as receivers' libraries take it."""
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def headers(event_id: str, at: datetime, body: str, keys: Sequence[str]) -> dict[str, str]:
    """The three headers; one signature for each secret, so that either may be known to the receiver."""
    return {
        "webhook-id": event_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(Webhook(key).sign(event_id, at, body) for key in keys),
    }
