"""What differs on the wire between the versions of UCP, as data: one adapter reads it, none branches on a version.

Knows field names and sign rules; must never know what a purchase is.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class WireVersion:
    """One version of the protocol, as far as a buyer's platform meets it."""

    version: str
    # Capabilities, services and payment handlers are objects keyed by reverse-domain name, not arrays of named entries.
    keyed_registries: bool
    # A discount's amount is negative, so that all entries but `total` sum to it; before, it was positive.
    discounts_negative: bool
    # `complete` carries `payment.instruments[]`; before, one instrument in `payment_data`.
    payment_instruments: bool
    # `create` names the currency; later the merchant alone decides it and a request must not.
    request_currency: bool
    # An update repeats the session's id in its body; later only the path carries it.
    update_carries_id: bool
    # A destination says what kind it is.
    typed_destinations: bool
    # Where a profile publishes its keys.
    keys_field: str


VERSIONS = (
    WireVersion(
        version="2026-08-25",
        keyed_registries=True,
        discounts_negative=True,
        payment_instruments=True,
        request_currency=False,
        update_carries_id=False,
        typed_destinations=True,
        keys_field="keys",
    ),
    WireVersion(
        version="2026-04-08",
        keyed_registries=True,
        discounts_negative=True,
        payment_instruments=True,
        request_currency=False,
        update_carries_id=False,
        typed_destinations=False,
        keys_field="signing_keys",
    ),
    WireVersion(
        version="2026-01-11",
        keyed_registries=False,
        discounts_negative=False,
        payment_instruments=False,
        request_currency=True,
        update_carries_id=True,
        typed_destinations=False,
        keys_field="signing_keys",
    ),
)
"""Newest first: the order in which we prefer them."""

LATEST = VERSIONS[0]


def spoken(version: object) -> WireVersion | None:
    """The version of this name, if we speak it."""
    return next((known for known in VERSIONS if known.version == version), None)
