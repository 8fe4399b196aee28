"""The bodies of webhook endpoints and of what they were told, and the event itself. Knows shapes only."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, model_validator
from pydantic.config import JsonDict
from pydantic_core import PydanticCustomError

from checkout.api.envelopes import PageInfo
from checkout.api.replies import EXAMPLE_ID, Reply
from checkout.api.wire import Printable, Text, Wire
from checkout.store.webhooks import WebhookDelivery, WebhookEndpoint

# The states an intent of ours comes to.
EventType = Literal[
    "checkout_intent.retrieving_offer",
    "checkout_intent.awaiting_confirmation",
    "checkout_intent.placing_order",
    "checkout_intent.completed",
    "checkout_intent.failed",
]
DeliveryStatus = Literal["pending", "delivered", "failed"]
MAX_URL_CHARACTERS = 2048
MAX_EVENT_TYPES = 5

Url = Annotated[
    str,
    Field(min_length=1, max_length=MAX_URL_CHARACTERS, description="https, and on the public Internet."),
    Printable,
]
EventTypes = Annotated[
    list[EventType],
    Field(min_length=1, max_length=MAX_EVENT_TYPES, description="Which events are sent. Null: all of them."),
]

EXAMPLE_ENDPOINT = "whe_0123456789abcdef0123456789abcdef"
EXAMPLE_URL = "https://agent.example/hooks/checkout"
_AT = "2026-11-21T05:00:09Z"
_ENDPOINT: JsonDict = {
    "id": EXAMPLE_ENDPOINT,
    "url": EXAMPLE_URL,
    "description": None,
    "eventTypes": ["checkout_intent.completed", "checkout_intent.failed"],
    "createdAt": _AT,
    "updatedAt": _AT,
    "disabled": False,
    "disabledAt": None,
    "disabledReason": None,
    "previousSecretExpiresAt": None,
}
_DELIVERY: JsonDict = {
    "id": "whd_0123456789abcdef0123456789abcdef",
    "endpointId": EXAMPLE_ENDPOINT,
    "eventId": "evt_0123456789abcdef0123456789abcdef",
    "type": "checkout_intent.completed",
    "sequence": 7,
    "checkoutIntentId": EXAMPLE_ID,
    "createdAt": _AT,
    "status": "pending",
    "attempts": 1,
    "attemptedAt": _AT,
    "nextAttemptAt": "2026-11-21T05:00:14Z",
    "deliveredAt": None,
    "answeredStatus": 500,
    "lastError": "the receiver answered 500",
}


class CreateWebhookEndpoint(Wire):
    """Where to send events, and which."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"url": EXAMPLE_URL, "eventTypes": ["checkout_intent.completed"]}]}
    )

    url: Url
    event_types: EventTypes | None = None
    description: Text | None = None


class UpdateWebhookEndpoint(Wire):
    """What is to be changed; what is not named stays. Enabled again, an endpoint is sent what has waited for it."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"disabled": False}]})

    url: Url | None = None
    event_types: EventTypes | None = None
    description: Text | None = None
    disabled: bool | None = None

    @model_validator(mode="after")
    def _no_url_is_no_change(self) -> "UpdateWebhookEndpoint":
        for name in ("url", "disabled"):
            if name in self.model_fields_set and getattr(self, name) is None:
                raise PydanticCustomError("null", "`{name}` cannot be null; leave it out", {"name": name})
        return self

    def named(self) -> dict[str, Any]:
        """The fields that were sent."""
        return {name: getattr(self, name) for name in self.model_fields_set}


class RotateWebhookSecret(Wire):
    """Nothing needs to be said."""

    model_config = ConfigDict(json_schema_extra={"examples": [{}]})


class RedeliverWebhook(Wire):
    """Nothing needs to be said."""

    model_config = ConfigDict(json_schema_extra={"examples": [{}]})


class WebhookEndpointOut(Reply):
    """A place that is told. An endpoint that accepted nothing for three days is disabled, and says so."""

    model_config = ConfigDict(title="WebhookEndpoint", json_schema_extra={"examples": [_ENDPOINT]})

    id: str
    url: str
    description: str | None
    event_types: list[EventType] | None
    created_at: datetime
    updated_at: datetime
    disabled: bool
    disabled_at: datetime | None
    disabled_reason: str | None
    previous_secret_expires_at: datetime | None = Field(description="Until then the secret before signs, too.")


class WebhookEndpointSecret(WebhookEndpointOut):
    """The same with its secret, which is shown this once."""

    model_config = ConfigDict(
        title="WebhookEndpointWithSecret",
        json_schema_extra={"examples": [{**_ENDPOINT, "secret": "whsec_…"}]},
    )

    secret: str = Field(description="As Standard Webhooks' libraries take it. Keep it; it is not shown again.")


class WebhookEndpointList(Reply):
    """All of a tenant's, oldest first."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"data": [_ENDPOINT]}]})

    data: list[WebhookEndpointOut]


class WebhookEndpointDeleted(Reply):
    """It is gone, with what it was told."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"id": EXAMPLE_ENDPOINT, "deleted": True}]})

    id: str
    deleted: Literal[True]


class WebhookDeliveryOut(Reply):
    """One event for one endpoint: how often it was tried, and what came of it last."""

    model_config = ConfigDict(title="WebhookDelivery", json_schema_extra={"examples": [_DELIVERY]})

    id: str
    endpoint_id: str
    event_id: str = Field(description="The `webhook-id` and the event's `id`: the same at every attempt.")
    type: EventType
    sequence: int
    checkout_intent_id: str
    created_at: datetime
    status: DeliveryStatus
    attempts: int
    attempted_at: datetime | None
    next_attempt_at: datetime | None
    delivered_at: datetime | None
    answered_status: int | None
    last_error: str | None


class WebhookDeliveryPage(Reply):
    """Deliveries, newest first."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "data": [_DELIVERY],
                    "pageInfo": {
                        "startCursor": None,
                        "endCursor": None,
                        "hasNextPage": False,
                        "hasPreviousPage": False,
                    },
                }
            ]
        }
    )

    data: list[WebhookDeliveryOut]
    page_info: PageInfo


def endpoint(row: WebhookEndpoint) -> dict[str, Any]:
    """The endpoint as the wire has it, without a secret."""
    return _wire(
        WebhookEndpointOut(
            id=row.id,
            url=row.url,
            description=row.description,
            event_types=row.event_types,
            created_at=row.created_at,
            updated_at=row.updated_at,
            disabled=row.disabled_at is not None,
            disabled_at=row.disabled_at,
            disabled_reason=row.disabled_reason,
            previous_secret_expires_at=row.previous_expires_at,
        )
    )


def delivery(row: WebhookDelivery) -> dict[str, Any]:
    """The delivery as the wire has it."""
    fields: Mapping[str, Any] = {
        **row.model_dump(),
        "checkout_intent_id": row.intent_id,
        "next_attempt_at": row.due_at,
    }
    return _wire(WebhookDeliveryOut.model_validate(fields))


def _wire(reply: Reply) -> dict[str, Any]:
    return reply.model_dump(mode="json", by_alias=True)
