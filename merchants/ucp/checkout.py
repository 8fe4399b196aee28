"""A merchant's checkout session as we read it, whatever version wrote it.

Knows the shape of answers; must never judge them: that is done where the offer and the order are.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Self

from merchants.sdk import PaymentHandler
from merchants.ucp.messages import Message, read_messages, wants_buyer
from merchants.ucp.reading import mapping, moment, objects, text, texts, whole


class Status(StrEnum):
    """Where a session stands."""

    INCOMPLETE = "incomplete"
    REQUIRES_ESCALATION = "requires_escalation"
    READY = "ready_for_complete"
    IN_PROGRESS = "complete_in_progress"
    COMPLETED = "completed"
    CANCELED = "canceled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the session."""

    line_id: str | None
    item_id: str | None
    title: str | None
    quantity: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """A way to ship one group, and its price in minor units."""

    option_id: str
    title: str
    amount_minor: int
    earliest: datetime | None = None
    latest: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """What ships together, and the ways it can."""

    group_id: str
    options: Sequence[Option]
    selected: str | None

    @property
    def cheapest(self) -> Option | None:
        """The option that costs least; of equals, the one the merchant names first."""
        return min(self.options, key=lambda option: option.amount_minor, default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """A fulfillment method: its destinations as sent, the chosen one, its groups."""

    method_id: str | None
    kind: str
    line_item_ids: Sequence[str]
    destinations: Sequence[Mapping[str, Any]]
    selected_destination: str | None
    groups: Sequence[Group]

    @property
    def destination(self) -> Mapping[str, Any]:
        """The chosen destination, or the only one."""
        chosen = next((one for one in self.destinations if text(one.get("id")) == self.selected_destination), None)
        return chosen or (self.destinations[0] if len(self.destinations) == 1 else {})


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkout:
    """One answer about a session."""

    checkout_id: str
    status: Status
    currency: str | None
    lines: Sequence[Line]
    totals: object
    methods: Sequence[Method]
    handlers: Sequence[PaymentHandler]
    messages: Sequence[Message]
    order_id: str | None
    permalink_url: str | None
    continue_url: str | None
    action_url: str | None
    applied_codes: Sequence[str]
    expires_at: datetime | None

    @property
    def shipping(self) -> Sequence[Method]:
        """The methods that ship; others (pick-up) are never chosen for a buyer who gave an address."""
        return tuple(method for method in self.methods if method.kind == "shipping")

    @property
    def handover_url(self) -> str | None:
        """Where the buyer is wanted in person; None when they are not, whatever page a session names."""
        if self.action_url:
            return self.action_url
        wanted = self.status is Status.REQUIRES_ESCALATION or wants_buyer(self.messages)
        return self.continue_url if wanted else None

    @classmethod
    def read(cls, body: Mapping[str, Any]) -> Self | None:
        """Read an answer; None when it is about no session."""
        checkout_id, status = text(body.get("id")), text(body.get("status"))
        if checkout_id is None or status not in set(Status):
            return None
        order = mapping(body.get("order"))
        return cls(
            checkout_id=checkout_id,
            status=Status(status),
            currency=(text(body.get("currency")) or "").upper() or None,
            lines=tuple(_line(line) for line in objects(body.get("line_items"))),
            totals=body.get("totals"),
            methods=tuple(_method(one) for one in objects(mapping(body.get("fulfillment")).get("methods"))),
            handlers=_handlers(body),
            messages=read_messages(body),
            order_id=text(order.get("id")) or text(body.get("order_id")),
            permalink_url=text(order.get("permalink_url")) or text(body.get("order_permalink_url")),
            continue_url=text(body.get("continue_url")),
            action_url=_action_url(body),
            applied_codes=tuple(
                code
                for one in objects(mapping(body.get("discounts")).get("applied"))
                if (code := text(one.get("code")))
            ),
            expires_at=moment(body.get("expires_at")),
        )


def _line(line: Mapping[str, Any]) -> Line:
    item = mapping(line.get("item"))
    return Line(
        line_id=text(line.get("id")),
        item_id=text(item.get("id")),
        title=text(item.get("title")),
        quantity=whole(line.get("quantity")),
    )


def _method(method: Mapping[str, Any]) -> Method:
    return Method(
        method_id=text(method.get("id")),
        kind=text(method.get("type")) or "shipping",
        line_item_ids=texts(method.get("line_item_ids")),
        destinations=objects(method.get("destinations")),
        selected_destination=text(method.get("selected_destination_id")),
        groups=tuple(
            Group(
                group_id=text(group.get("id")) or str(number),
                options=tuple(option for one in objects(group.get("options")) if (option := _option(one))),
                selected=text(group.get("selected_option_id")),
            )
            for number, group in enumerate(objects(method.get("groups")))
        ),
    )


def _option(option: Mapping[str, Any]) -> Option | None:
    option_id = text(option.get("id"))
    amounts = {text(entry.get("type")): whole(entry.get("amount")) for entry in objects(option.get("totals"))}
    amount = amounts.get("total")
    if option_id is None or amount is None or amount < 0:
        return None  # an option without a price cannot be compared, and one that pays the buyer is a mistake
    return Option(
        option_id=option_id,
        title=text(option.get("title")) or option_id,
        amount_minor=amount,
        earliest=moment(option.get("earliest_fulfillment_time")),
        latest=moment(option.get("latest_fulfillment_time")),
    )


def _handlers(body: Mapping[str, Any]) -> Sequence[PaymentHandler]:
    """The ways to pay this answer offers: keyed in the `ucp` envelope, or an array under `payment`."""
    keyed = mapping(mapping(body.get("ucp")).get("payment_handlers"))
    found = [(str(name), entry) for name, entries in keyed.items() for entry in objects(entries)]
    found += [(text(entry.get("name")) or "", entry) for entry in objects(mapping(body.get("payment")).get("handlers"))]
    return tuple(
        PaymentHandler(
            handler_id=text(entry.get("id")) or name,
            name=name,
            instrument_types=_instrument_types(entry),
            config=mapping(entry.get("config")),
        )
        for name, entry in found
    )


def _instrument_types(handler: Mapping[str, Any]) -> Sequence[str]:
    """The types offered. Before there was a list of them, a handler named the schemas of its instruments."""
    types = [kind for one in objects(handler.get("available_instruments")) if (kind := text(one.get("type")))]
    if "available_instruments" in handler:
        return types
    schemas = texts(handler.get("instrument_schemas"))
    return ["card"] if any("card" in schema.rpartition("/")[2] for schema in schemas) else []


def _action_url(body: Mapping[str, Any]) -> str | None:
    """Where a pending action (3-D Secure) wants the buyer."""
    pending = [one for entries in mapping(body.get("actions")).values() for one in objects(entries)]
    return next((url for one in pending if (url := text(mapping(one.get("config")).get("url")))), None)
