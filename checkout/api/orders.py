"""`/api/v1/orders` and an intent's order: what stands at a merchant. Reads only."""

from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse, Response
from sqlmodel import select
from sqlmodel.sql.expression import SelectOfScalar

from checkout.api import rendering
from checkout.api.calling import Using
from checkout.api.documented import reads
from checkout.api.envelopes import Order, OrderPage
from checkout.api.intents import KNOWN, Reading
from checkout.api.paging import Page, page, read_page
from checkout.purchase.errors import OrderNotFoundError
from checkout.store.models import OrderRow

router = APIRouter(prefix="/api/v1", tags=["Orders"])


@router.get("/orders", operation_id="orders.list", response_model=OrderPage, responses=reads())
def list_orders(caller: Reading, using: Using, wanted: Annotated[Page, Depends(page)]) -> Response:
    """The tenant's orders, newest first."""

    def narrow(query: SelectOfScalar[OrderRow]) -> SelectOfScalar[OrderRow]:
        return query.where(OrderRow.tenant == caller.tenant)

    with using.database.read() as session:
        return JSONResponse(read_page(session, OrderRow, wanted, narrow, rendering.order))


@router.get(
    "/orders/{order_id}", operation_id="orders.retrieve", response_model=Order, responses=reads("order_not_found")
)
def retrieve_by_id(order_id: str, caller: Reading, using: Using) -> Response:
    """One order."""
    with using.database.read() as session:
        row = session.get(OrderRow, order_id)
    if row is None or row.tenant != caller.tenant:
        raise OrderNotFoundError(f"no order {order_id}")
    return JSONResponse(rendering.order(row))


@router.get(
    "/checkout-intents/{intent_id}/order",
    operation_id="checkout_intents.retrieve_order",
    response_model=Order,
    responses=reads(*KNOWN, "order_not_found"),
)
def retrieve_of_intent(intent_id: str, caller: Reading, using: Using) -> Response:
    """The order of a checkout intent; 404 until there is one."""
    with using.database.read() as session:
        intent = using.purchases.find(session, caller.tenant, intent_id)
        row = session.exec(select(OrderRow).where(OrderRow.intent_id == intent.id)).first()
    if row is None:
        raise OrderNotFoundError(f"{intent_id} has no order; its state is {intent.state}")
    return JSONResponse(rendering.order(row))
