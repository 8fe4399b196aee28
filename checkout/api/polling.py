"""`GET /api/v1/checkout-intents/{id}`: the poll, and the long poll that sleeps until there is news.

The only asynchronous route: while it sleeps it holds no thread and no connection. Knows when an answer is worth
sleeping for; must never know why a purchase takes its time.
"""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse, Response
from starlette.concurrency import run_in_threadpool

from checkout.api import rendering
from checkout.api.calling import Live
from checkout.api.documented import reads
from checkout.api.intents import KNOWN, Reading
from checkout.api.replies import CheckoutIntent
from checkout.api.services import Services
from checkout.api.wire import StateName
from checkout.purchase.states import TERMINAL, State
from checkout.store.models import Intent

router = APIRouter(prefix="/api/v1/checkout-intents", tags=["Checkout intents"])

# Proxies and clients give up after a minute; a longer wait is cut to this, in seconds.
LONGEST_WAIT_SECONDS = 60.0
# In these the service works; in the others the next move is the developer's, or there is none.
AT_WORK = frozenset({State.RETRIEVING_OFFER.value, State.PLACING_ORDER.value})


@router.get(
    "/{intent_id}", operation_id="checkout_intents.retrieve", response_model=CheckoutIntent, responses=reads(*KNOWN)
)
async def retrieve(
    intent_id: str,
    caller: Reading,
    live: Live,
    wait: Annotated[
        float, Query(ge=0, le=3600, description="Sleep at most so many seconds (60 are the most) until there is news.")
    ] = 0,
    seen: Annotated[
        StateName | None, Query(description="With `wait`: the state you know; sleeps only while it is still that.")
    ] = None,
) -> Response:
    """One checkout intent. Without `seen`, `wait` sleeps while the service works on it: until its state changes."""
    using = live.services
    row = await run_in_threadpool(_read, using, caller.tenant, intent_id)
    known = seen or row.state
    if wait and row.state == known and (seen or known in AT_WORK) and known not in TERMINAL:
        row = await _news(live, caller.key_id, row, known, min(wait, LONGEST_WAIT_SECONDS))
    return JSONResponse(rendering.intent(row), headers=rendering.poll_headers(row, using.clock.now()))


async def _news(live: Live, key_id: str, row: Intent, known: str, seconds: float) -> Intent:
    """The intent once its state is no longer `known`, or as it is when the time is over."""
    loop = asyncio.get_running_loop()
    until = loop.time() + seconds
    with live.waiting.listening(key_id, row.id) as listener:
        while listener is not None:
            row = await run_in_threadpool(_read, live.services, row.tenant, row.id)
            listener.seq = row.seq
            if row.state != known or loop.time() >= until:
                break
            await listener.sleep(until - loop.time())
    return row


def _read(using: Services, tenant: str, intent_id: str) -> Intent:
    with using.database.read() as session:
        return using.purchases.find(session, tenant, intent_id)
