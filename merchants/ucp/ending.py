"""Ending a session so that no order can come of it any more.

A cancelled session is the barrier behind which *no order* stays true: a late or repeated submit of it is refused by the
merchant. Knows cancel and its confirmation; must never decide whether ending is right.
"""

from merchants.errors import FetchError
from merchants.ucp.api import Api
from merchants.ucp.checkout import Checkout, Status


def read_session(api: Api, session_id: str) -> Checkout | None:
    """The session as it stands; None when the merchant knows none or says nothing of use. Raises `FetchError`."""
    reply = api.get("checkout-sessions", session_id)
    checkout = Checkout.read(reply.body) if reply.ok else None
    return checkout if checkout and checkout.checkout_id == session_id else None


def cancel(api: Api, checkout: Checkout) -> Checkout | None:
    """Cancel, then read the session again: only what is read counts. Raises `FetchError`."""
    # The status is part of the key: a merchant that keeps its answer to a cancel it refused would repeat it for ever.
    api.change("POST", "checkout-sessions", checkout.checkout_id, "cancel", body={}, salt=checkout.status)
    return read_session(api, checkout.checkout_id)


def cancel_quietly(api: Api, session_id: str) -> bool:
    """Cancel a session nobody needs; whether the merchant agreed."""
    try:
        reply = api.change("POST", "checkout-sessions", session_id, "cancel", body={}, salt="quiet")
    except FetchError:
        return False  # it was asked, and an abandoned session expires by itself
    return reply.ok and reply.body.get("status") == Status.CANCELED
