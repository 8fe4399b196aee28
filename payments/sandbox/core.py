"""The sandbox itself: a request in, a response out. No sockets; time, names and waiting are given to it.

The order is Stripe's: who are you, are you too fast, was this key used before, are the parameters right, then execute.
Every endpoint below `/_sandbox/` is ours, not Stripe's (`control`).
"""

import threading
import time
from collections.abc import Callable
from pathlib import Path

from payments.sandbox import endpoints, intents, pages, params, refunds
from payments.sandbox.charges import Charge
from payments.sandbox.clock import Clock, SandboxClock, SystemClock
from payments.sandbox.control import PREFIX, Control, Seen
from payments.sandbox.errors import (
    ApiError,
    KeyInUseError,
    ProviderError,
    RateLimitedError,
    RefusedError,
    UnauthorizedError,
)
from payments.sandbox.faults import Fault, Faults
from payments.sandbox.idempotency import IdempotencyKeys
from payments.sandbox.journal import Entry, Journal
from payments.sandbox.money_log import MoneyLine, MoneyLog
from payments.sandbox.objects import API_VERSION, Json, Refund
from payments.sandbox.webhooks import Courier, Post
from payments.sandbox.wire import AnswerDroppedError, Request, Response, answer
from payments.sandbox.world import Origin, World


class Sandbox:
    """One provider account in test mode.

    `log` and `journal` are files; without them everything is in memory. `namespace` goes into every name; a journal's
    own wins. `sleep` is how a hanging answer waits, in seconds.
    """

    def __init__(
        self,
        *,
        clock: Clock | None = None,
        log: Path | None = None,
        journal: Path | None = None,
        namespace: str = "",
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.clock = SandboxClock(clock or SystemClock())
        self._journal = Journal(journal)
        self.world = World(clock=self.clock, money=MoneyLog(log), namespace=self._journal.namespace(namespace))
        self.faults = Faults()
        self.courier = Courier(self.world)
        self._control = Control(world=self.world, clock=self.clock, faults=self.faults, courier=self.courier)
        self._keys = IdempotencyKeys()
        self._sleep = sleep
        self._lock = threading.RLock()
        self._request_count = 0
        for entry in self._journal.entries():
            self._replay(entry)

    @property
    def money(self) -> tuple[MoneyLine, ...]:
        """The money log."""
        with self._lock:
            self._catch_up()
            return self.world.money.lines

    @property
    def requests(self) -> tuple[Seen, ...]:
        """Every request that came in, in order."""
        return tuple(self._control.requests)

    def state(self) -> Json:
        """Everything that can make two sandboxes answer differently, as data: equal states behave equally.

        Names of requests are left out: they count reads, which change nothing.
        """
        with self._lock:
            self._catch_up()
            return {
                "records": [{**record.json(), "request": None} for record in self.world.records.values()],
                "keys": self._keys.used(),
                "faults": [fault.model_dump() for fault in self.faults.waiting],
            }

    def handle(self, request: Request) -> Response:
        """Answer a request. Raises AnswerDroppedError where the connection is to end without an answer."""
        if request.path.startswith(PREFIX):
            return self._controlled(request)
        with self._lock:
            self._request_count += 1
            request_id = f"req_sbx{self.world.namespace}{self._request_count:06d}"
        try:
            response = self._answered(request, request_id)
        except ApiError as error:
            response = error.response()
        except AnswerDroppedError:
            self._saw(request, None)
            raise
        self._saw(request, response)
        return _with_headers(request, response, request_id)

    def deliver(self, post: Post) -> int:
        """Post the webhooks that are due, outside the lock; the number of posts."""
        with self._lock:
            self._catch_up()
            due = [(parcel, self.courier.signed(parcel)) for parcel in self.courier.due()]
        for parcel, delivery in due:
            status = post(delivery)
            with self._lock:
                self.courier.posted(parcel, status)
        return len(due)

    def _answered(self, request: Request, request_id: str) -> Response:
        with self._lock:
            _authorize(request)
            fault = self.faults.take(request)
            _fail_before(fault)
            self._catch_up()
            if request.method == "POST":
                earlier = self._keys.begin(request, self.clock.now(), request_id)
                if earlier:
                    return _unless_dropped(earlier, fault)
        if fault and fault.kind == "hang":
            self._sleep(fault.seconds)
        with self._lock:
            self._catch_up()
            if request.method == "POST":
                self._journal.append(
                    Entry(at=self.clock.now(), request_id=request_id, request=request, fault=_kept(fault))
                )
            return _unless_dropped(self._executed(request, request_id, fault), fault)

    def _executed(self, request: Request, request_id: str, fault: Fault | None) -> Response:
        """Execute, and keep the answer under the request's key where Stripe would."""
        self.world.origin = Origin(request_id=request_id, idempotency_key=request.idempotency_key)
        try:
            response = self._done(request, fault)
        except RefusedError as refused:
            response = refused.response()
        except ApiError:
            self._keys.end(request, None)
            raise
        finally:
            self.world.origin = Origin()
        remembered = _trouble(fault).response() if fault and fault.remembered else response
        self._keys.end(request, remembered)
        return response

    def _done(self, request: Request, fault: Fault | None) -> Response:
        found = endpoints.find(request.method, request.path)
        if found is None:
            raise ApiError(f"Unrecognized request URL ({request.method}: {request.path}).", status=404)
        endpoint, object_id = found
        given = params.parse(endpoint.params, request.form)
        pages.check(given.expand)
        if fault and fault.kind == "500" and not fault.executed:
            return _trouble(fault).response()
        shown = endpoint.act(self.world, object_id, given)
        return answer(200, pages.expand(self.world, shown, given.expand))

    def _catch_up(self) -> None:
        """Do what fell due since the last request, each at its own moment, so that it does not matter who asks when."""
        while due := self.world.next_due():
            self.world.moment, record = due
            if isinstance(record, Charge):
                intents.lapse(self.world, record)
            elif isinstance(record, Refund):
                refunds.settle(self.world, record)
            self.world.moment = None

    def _controlled(self, request: Request) -> Response:
        with self._lock:
            try:
                self._catch_up()
                if self._control.lasts(request):
                    self._journal.append(Entry(at=self.clock.now(), request_id="", request=request))
                return self._control.handle(request)
            except ApiError as error:
                return error.response()

    def _replay(self, entry: Entry) -> None:
        """Do again what an earlier life did, at the moment it did it."""
        self.clock.stand(entry.at)
        try:
            self._catch_up()
            if entry.request.path.startswith(PREFIX):
                self._control.handle(entry.request)
            elif self._keys.begin(entry.request, entry.at, entry.request_id) is None:
                self._request_count += 1
                self._executed(entry.request, entry.request_id, entry.fault)
        except ApiError:
            return  # refused then, and refused now
        finally:
            self.clock.stand(None)

    def _saw(self, request: Request, response: Response | None) -> None:
        with self._lock:
            self._control.requests.append(
                Seen(
                    at=self.clock.now().isoformat(),
                    method=request.method,
                    path=request.path,
                    idempotency_key=request.idempotency_key,
                    status=response.status if response else None,
                )
            )


def _authorize(request: Request) -> None:
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() not in {"bearer", "basic"} or not key:
        raise UnauthorizedError(
            "You did not provide an API key. You need to provide your API key in the Authorization header, using "
            "Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY')."
        )
    if not key.startswith("sk_test_"):
        raise UnauthorizedError(f"Invalid API Key provided: {key[:8]}***")


def _fail_before(fault: Fault | None) -> None:
    """The faults that execute nothing and remember nothing."""
    if fault is None:
        return
    if fault.kind == "before":
        raise AnswerDroppedError("the connection ended before anything was executed")
    if fault.kind == "429":
        raise RateLimitedError(
            "Request rate limit exceeded.", code="rate_limit", headers=_should_retry(fault.should_retry)
        )
    if fault.kind == "409":
        raise KeyInUseError(
            "There is currently another in-progress request using this Idempotency Key.",
            code="idempotency_key_in_use",
            headers=_should_retry(fault.should_retry),
        )
    if fault.kind == "500" and not (fault.executed or fault.remembered):
        raise _trouble(fault)


def _unless_dropped(response: Response, fault: Fault | None) -> Response:
    if fault and fault.kind == "after":
        raise AnswerDroppedError("executed, and the connection ended before the answer")
    return _trouble(fault).response() if fault and fault.kind == "500" else response


def _trouble(fault: Fault) -> ProviderError:
    return ProviderError(
        "An unknown error occurred. If you retry, use the same idempotency key.",
        headers=_should_retry(fault.should_retry),
    )


def _should_retry(said: bool | None) -> dict[str, str]:  # noqa: FBT001 (three values: yes, no, nothing said)
    return {} if said is None else {"stripe_should_retry": str(said).lower()}


def _kept(fault: Fault | None) -> Fault | None:
    """A fault that a replay must repeat: the one that shaped what the key remembers."""
    return fault if fault and fault.kind == "500" else None


def _with_headers(request: Request, response: Response, request_id: str) -> Response:
    named = {"Content-Type": "application/json", "Request-Id": request_id, "Stripe-Version": API_VERSION}
    if request.idempotency_key:
        named["Idempotency-Key"] = request.idempotency_key
    return Response(status=response.status, body=response.body, headers={**named, **response.headers})
