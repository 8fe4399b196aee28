"""The application: routes, the entrance, the problems, the OpenAPI document. Puts together; decides nothing."""

from fastapi import FastAPI
from starlette.middleware.body_limit import RequestBodyLimitMiddleware

from checkout.api import agents, callbacks, failures, health, intents, operators, orders, polling, webhooks
from checkout.api.calling import Running
from checkout.api.documented import DESCRIPTION, document
from checkout.api.entrance import Entrance
from checkout.api.idempotency import Idempotency
from checkout.api.pacing import Pace
from checkout.api.services import Services
from checkout.api.waiting import Waiting

# Of the wire, not of the build: it changes when a client must.
WIRE_VERSION = "1.0.0"


def create_app(services: Services) -> FastAPI:
    """The API over `services`. One per process and database."""
    settings = services.settings
    waiting = Waiting(services.database)
    services.durable.subscribe(waiting.changed)
    if services.changed_elsewhere is not None:
        services.changed_elsewhere(waiting.changed)
    app = routes()
    app.state.running = Running(
        services=services,
        pace=Pace(
            reads_per_second=settings.reads_per_second,
            writes_per_second=settings.writes_per_second,
            shared=services.shared_pace,
        ),
        idempotency=Idempotency(services.database, services.clock),
        waiting=waiting,
    )
    failures.install(app)
    # The last added is the outermost. A declared size is refused at the entrance, an undeclared one while it is read.
    app.add_middleware(RequestBodyLimitMiddleware, max_body_size=settings.max_body_bytes)
    app.add_middleware(Entrance, max_body_bytes=settings.max_body_bytes)
    return app


def routes() -> FastAPI:
    """The routes and their document, with nothing behind them."""
    app = FastAPI(
        title="agentic-checkout",
        version=WIRE_VERSION,
        description=DESCRIPTION,
        docs_url=None,  # its page loads scripts from elsewhere; the document itself is served
        redoc_url=None,
        redirect_slashes=False,
    )
    for module in (intents, polling, orders, agents, callbacks, operators, webhooks, health):
        app.include_router(module.router)
    app.openapi = lambda: document(app)  # type: ignore[method-assign]  # FastAPI's own way to replace it
    return app
