"""`/api/v1/checkout-intents`: create, read, list, confirm, purchase, cancel, as Rye's client calls them.

Each command is one transaction with its idempotency record. Knows requests and commands; what a purchase does with them
is not known here.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from fastapi.responses import JSONResponse, Response
from sqlmodel import Session, col
from sqlmodel.sql.expression import SelectOfScalar

from checkout.api import rendering
from checkout.api.calling import Call, Caller, Live, Using, calls, needs
from checkout.api.documented import ONCE, reads, writes
from checkout.api.envelopes import CheckoutIntentPage
from checkout.api.idempotency import Done, identify
from checkout.api.keys import Scope
from checkout.api.paging import Page, page, read_page
from checkout.api.problems import ProblemError
from checkout.api.replies import CheckoutIntent
from checkout.api.requests import (
    CancelCheckoutIntent,
    ConfirmCheckoutIntent,
    CreateCheckoutIntent,
    PurchaseCheckoutIntent,
)
from checkout.api.services import Services
from checkout.api.wire import StateName
from checkout.purchase.commands import Pays
from checkout.purchase.errors import PriceChangedError
from checkout.store.models import Intent
from merchants.errors import UrlError

router = APIRouter(prefix="/api/v1/checkout-intents", tags=["Checkout intents"])

# As many filters of a kind as a page has items.
MAX_FILTERS = 100

Writing = Annotated[Call, Depends(calls(Scope.INTENTS_WRITE))]
Reading = Annotated[Caller, Depends(needs(Scope.INTENTS_READ))]
NEW = ("url_invalid", "url_forbidden", "promo_code_discovery_not_enabled")
PAID = ("payment_method_unsupported",)
KNOWN = ("checkout_intent_not_found",)
MANY = ("daily_intents_reached",)
MOVED = ("invalid_checkout_intent_state",)


@router.post(
    "",
    operation_id="checkout_intents.create",
    status_code=201,
    response_model=CheckoutIntent,
    responses=writes(*NEW, *MANY, *ONCE),
)
def create(body: CreateCheckoutIntent, call: Writing, live: Live) -> Response:
    """Ask for an offer on a product, by its URL. Poll the intent until it awaits confirmation."""
    return _start(live, call, body, None)


@router.post(
    "/purchase",
    operation_id="checkout_intents.purchase",
    status_code=201,
    response_model=CheckoutIntent,
    responses=writes(*NEW, *PAID, *MANY, *ONCE),
)
def purchase(body: PurchaseCheckoutIntent, call: Writing, live: Live) -> Response:
    """Buy in one call: confirmed in advance, within the constraints. Poll the intent until it is completed."""
    return _start(live, call, body, body.payment_method.pays())


@router.get("", operation_id="checkout_intents.list", response_model=CheckoutIntentPage, responses=reads())
def list_intents(
    caller: Reading,
    using: Using,
    wanted: Annotated[Page, Depends(page)],
    id: Annotated[list[str] | None, Query(max_length=MAX_FILTERS)] = None,  # noqa: A002 (the wire's name)
    state: Annotated[list[StateName] | None, Query(max_length=MAX_FILTERS)] = None,
) -> Response:
    """The tenant's checkout intents, newest first; repeat `id` and `state` to filter."""

    def narrow(query: SelectOfScalar[Intent]) -> SelectOfScalar[Intent]:
        query = query.where(Intent.tenant == caller.tenant)
        query = query.where(col(Intent.id).in_(id)) if id else query
        return query.where(col(Intent.state).in_(state)) if state else query

    with using.database.read() as session:
        return JSONResponse(read_page(session, Intent, wanted, narrow, rendering.intent))


@router.post(
    "/{intent_id}/confirm",
    operation_id="checkout_intents.confirm",
    response_model=CheckoutIntent,
    responses=writes(*PAID, *KNOWN, *MOVED, "price_changed", "daily_spend_reached", *ONCE),
)
def confirm(intent_id: str, body: ConfirmCheckoutIntent, call: Writing, live: Live) -> Response:
    """Say yes to the offer and pay. With `agreedTotal`, only to that total."""
    using = live.services

    def work(session: Session) -> Done:
        try:
            row = using.purchases.confirm(
                session, call.caller.tenant, intent_id, body.payment_method.pays(), body.agreed()
            )
        except PriceChangedError as changed:
            row = using.purchases.find(session, call.caller.tenant, intent_id)
            raise ProblemError(
                code=changed.code, detail=str(changed), extra={"offer": rendering.offer(row.offer or {})}
            ) from changed
        return _done(200, row, using)

    return _once(live, call, work)


@router.post(
    "/{intent_id}/cancel",
    operation_id="checkout_intents.cancel",
    response_model=CheckoutIntent,
    responses=writes(*KNOWN, *MOVED, *ONCE),
)
def cancel(intent_id: str, call: Writing, live: Live, body: CancelCheckoutIntent | None = None) -> Response:  # noqa: ARG001 (validated: it must be empty)
    """End a checkout intent before its order is being placed; it fails as `checkout_intent_expired`."""
    using = live.services

    def work(session: Session) -> Done:
        return _done(200, using.purchases.cancel(session, call.caller.tenant, intent_id), using)

    return _once(live, call, work)


def _start(live: Live, call: Call, body: CreateCheckoutIntent, pays: Pays | None) -> Response:
    using = live.services
    _refuse_unsafe_url(using, body.product_url)

    def work(session: Session) -> Done:
        return _done(201, using.purchases.create(session, call.caller.tenant, body.asked(), pays), using)

    return _once(live, call, work)


def _once(live: Live, call: Call, work: Any) -> Response:
    identity = identify(call.caller.tenant, call.method, call.path, call.idempotency_key)
    return live.idempotency.once(identity, call.sent, work)


def _done(status: int, row: Intent, using: Services) -> Done:
    return Done(status=status, body=rendering.intent(row), headers=rendering.poll_headers(row, using.clock.now()))


def _refuse_unsafe_url(using: Services, product_url: str) -> None:
    """422 for an address that cannot be a shop's page on the Internet; nothing is sent anywhere."""
    try:
        using.check_url(product_url)
    except UrlError as refused:
        raise ProblemError(
            code=refused.code,
            detail=f"productUrl: {refused}",
            param="productUrl",
            fields={"productUrl": str(refused)},
        ) from refused
