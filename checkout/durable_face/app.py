"""The ASGI application: AWS's API over one durable service."""

from collections.abc import Iterable

from fastapi import Depends, FastAPI

from checkout.durable.service import DurableService
from checkout.durable_face import callbacks, executions, faults, invoking, runners
from checkout.durable_face.functions import Function, Functions
from checkout.durable_face.repeats import Repeats
from checkout.durable_face.signatures import Credentials, signed

# `executions` last: its shortest path would take the others'.
ROUTERS = (invoking.router, callbacks.router, runners.router, executions.router)


def create_face(
    service: DurableService, functions: Iterable[Function], credentials: Credentials | None = None
) -> FastAPI:
    """AWS's API on `service`, starting executions of `functions`, which must be registered with it.

    With `credentials` every request must be signed by them; without, any signature is taken, and the caller must see to
    it that only this machine can reach the application.
    """
    app = FastAPI(openapi_url=None, dependencies=[Depends(signed)], redirect_slashes=False)
    app.state.service, app.state.functions, app.state.credentials = service, Functions(functions), credentials
    app.state.repeats = Repeats()
    faults.install(app)
    for router in ROUTERS:
        app.include_router(router)
    return app
