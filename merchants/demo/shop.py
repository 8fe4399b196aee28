"""The demo shop itself: a request in, an answer out, no sockets. What it does, it writes into its books first.

One lock orders everything, as one shop's database would. Knows the protocol's paths and the shop's behaviours; how a
version is written is `dialects`', what things cost is `sessions`'.
"""

import hashlib
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from merchants.demo import dialects, goods, pages
from merchants.demo.books import Books
from merchants.demo.catalog import answer_catalog
from merchants.demo.goods import Behaviour
from merchants.demo.http import Fate, Request, Response, json_response
from merchants.demo.requests import RefusedError, agent_profile, instrument_of, read_session
from merchants.demo.sessions import OPEN, Session
from merchants.demo.signing import signed

API = "/ucp"
DECLINED_TOKEN = "fail_token"  # noqa: S105 (the public test value that is declined everywhere)
# How often a session that completes later is read before it has its order.
READS_UNTIL_COMPLETED = 2

ProfileCheck = Callable[[str], None]


class Shop:
    """The shop. Give it books with files and it survives its process."""

    def __init__(self, books: Books | None = None, *, check_profile: ProfileCheck | None = None) -> None:
        """`check_profile` fetches a platform's profile and raises `RefusedError` when the shop insists on it."""
        self.books = books or Books()
        self._check_profile = check_profile
        self._lock = threading.Lock()
        self._sessions: dict[str, Session] = {}
        self._answers: dict[str, Mapping[str, Any]] = {}
        for line in self.books.state.all():
            if line["kind"] == "session":
                self._sessions[line["session"]["session_id"]] = Session.from_json(line["session"])
            else:
                self._answers[line["key"]] = line

    def handle(self, request: Request, *, released: bool = False) -> Response:
        """Answer a request. One that stalls is not acted upon until it comes again `released`."""
        return signed(request, self._unsigned(request, released=released))

    def _unsigned(self, request: Request, *, released: bool) -> Response:
        if not request.path.startswith(API + "/"):
            return pages.answer(request, self._session_of_order)
        if self._check_profile and "ucp-agent" in request.headers:
            try:
                self._check_profile(agent_profile(request))
            except RefusedError as refused:
                return _refusal(request, refused)
        with self._lock:
            return self._handle(request, released=released)

    def snapshot(self) -> Mapping[str, Any]:
        """Everything it knows, as JSON, without times: equal worlds are equal."""
        with self._lock:
            sessions = {key: {**held.as_json(), "created_at": None} for key, held in self._sessions.items()}
            orders = [{**order, "at": None} for order in self.books.orders.all()]
            return {"sessions": sessions, "orders": orders, "answered": sorted(self._answers)}

    def _handle(self, request: Request, *, released: bool) -> Response:
        path = request.path.removeprefix(API).strip("/").split("/")
        self.books.note("received", method=request.method, path=request.path, session=_session_in(path))
        try:
            agent_profile(request)
            return self._answer(request, path, released=released)
        except RefusedError as refused:
            return _refusal(request, refused)

    def _answer(self, request: Request, path: list[str], *, released: bool) -> Response:  # noqa: PLR0911 (routes)
        match request.method, *path:
            case "POST", "catalog", verb if dialects.capabilities(request.wire)[-1].startswith("catalog"):
                return answer_catalog(request, verb)
            case "POST", "checkout-sessions":
                return self._once(request, lambda: self._create(request))
            case "GET", "checkout-sessions", session_id:
                return self._show(request, self._read(session_id))
            case "PUT", "checkout-sessions", session_id:
                return self._once(request, lambda: self._update(request, session_id))
            case "POST", "checkout-sessions", session_id, "complete":
                return self._complete(request, session_id, released=released)
            case "POST", "checkout-sessions", session_id, "cancel":
                return self._once(request, lambda: self._cancel(request, session_id))
            case "GET", "orders", order_id:
                return self._order(request, order_id)
        raise RefusedError("not_found", "there is nothing here", status=404, protocol=True)

    def _once(self, request: Request, act: Callable[[], Response]) -> Response:
        """The same key with the same body is answered as before; with another body it is refused."""
        key = request.headers.get("idempotency-key")
        if not key:
            return act()
        scope = f"{request.method} {request.path}"
        body = hashlib.sha256(request.body).hexdigest()
        if kept := self._answers.get(key):
            if kept["body"] != body or kept["scope"] != scope:
                raise RefusedError(
                    "idempotency_conflict", "this key was used for another request", status=409, protocol=True
                )
            return Response(status=kept["status"], body=kept["answer"].encode(), headers=kept["headers"])
        answer = act()
        if answer.status < 500 and answer.fate is not Fate.STALLED:  # noqa: PLR2004 (HTTP)
            line = {"kind": "answer", "scope": scope, "key": key, "body": body, "status": answer.status}
            line |= {"answer": answer.body.decode(), "headers": dict(answer.headers)}
            self.books.state.append(line)
            self._answers[key] = line
        return answer

    def _create(self, request: Request) -> Response:
        session_id = f"chk_{len(self._sessions) + 1:06d}"
        held = read_session(request, session_id, self.books.clock().isoformat(), before=None)
        self._keep(held)
        return self._show(request, held, status=201)

    def _update(self, request: Request, session_id: str) -> Response:
        before = self._find(session_id)
        if before.status not in OPEN:
            raise RefusedError("checkout_immutable", f"the session is {before.status}", status=409, protocol=True)
        held = read_session(request, session_id, before.created_at, before=before)
        self._keep(held)
        return self._show(request, held)

    def _read(self, session_id: str) -> Session:
        """A reading; some behaviours change with it."""
        held = self._find(session_id)
        if held.behaviour is Behaviour.PRICE_CHANGES and held.status == "ready_for_complete":
            held = self._keep(replace(held, read_after_ready=held.read_after_ready + 1))
        if held.status == "complete_in_progress" and held.behaviour is Behaviour.COMPLETES_LATER:
            held = self._keep(replace(held, read_in_progress=held.read_in_progress + 1))
            if held.read_in_progress >= READS_UNTIL_COMPLETED:
                held = self._place(held, None)
        return held

    def _complete(self, request: Request, session_id: str, *, released: bool) -> Response:
        held = self._find(session_id)
        self.books.note("order_requested", session=session_id, product=held.behaviour)
        if held.behaviour is Behaviour.STALLS and not released and held.status in OPEN:
            return Response(status=503, body=b"", fate=Fate.STALLED)
        answer = self._once(request, lambda: self._pay(request, self._find(session_id)))
        fates = {Behaviour.DROPS_ANSWER: Fate.DROPPED, Behaviour.LATE: Fate.LATE}
        return replace(answer, fate=fates.get(held.behaviour, Fate.ANSWERED))

    def _pay(self, request: Request, held: Session) -> Response:
        if held.status == "completed":
            raise RefusedError("already_completed", "the session is already completed", status=409, protocol=True)
        if held.status == "canceled":
            raise RefusedError("checkout_immutable", "the session is canceled", status=409, protocol=True)
        if held.missing():
            return self._show(request, held)
        instrument = instrument_of(request)
        if held.behaviour is Behaviour.DECLINES or instrument.token == DECLINED_TOKEN:
            raise RefusedError("payment_failed", "The card was declined", status=402)
        if held.behaviour is Behaviour.ESCALATES:
            return self._show(request, self._keep(replace(held, status="requires_escalation")))
        if held.behaviour in (Behaviour.CHALLENGES, Behaviour.COMPLETES_LATER):
            return self._show(request, self._keep(replace(held, status="complete_in_progress")))
        return self._show(request, self._place(held, request))

    def _place(self, held: Session, request: Request | None) -> Session:
        """Take the order: into the book first, then into the state, so that a shop killed between them finds it."""
        order_id = f"UCP-{1001 + len(self.books.orders.all())}"
        amounts = held.amounts()
        self.books.orders.append(
            {
                "order_id": order_id,
                "session_id": held.session_id,
                "at": self.books.clock().isoformat(),
                "items": [{"item_id": line.item_id, "quantity": line.quantity} for line in held.lines],
                "product": held.behaviour,
                "variant": dict(goods.BY_ITEM[held.lines[0].item_id][1].options),
                "address": dict(held.destination or {}),
                "email": held.buyer.get("email"),
                "total_minor": amounts.stated_total,
                "currency": goods.CURRENCY,
                "idempotency_key": request.headers.get("idempotency-key") if request else None,
            }
        )
        self.books.note("order_placed", session=held.session_id, product=held.behaviour, order=order_id)
        return self._keep(replace(held, status="completed", order_id=order_id))

    def _cancel(self, request: Request, session_id: str) -> Response:
        held = self._find(session_id)
        if held.status == "completed":
            raise RefusedError("checkout_immutable", "the session is completed", status=409, protocol=True)
        if held.status == "complete_in_progress" and held.behaviour is Behaviour.COMPLETES_LATER:
            raise RefusedError("checkout_in_progress", "the order is being placed", status=409, protocol=True)
        self.books.note("canceled", session=session_id, product=held.behaviour)
        return self._show(request, self._keep(replace(held, status="canceled")))

    def _order(self, request: Request, order_id: str) -> Response:
        held = self._session_of_order(order_id)
        if held is None:
            raise RefusedError("not_found", f"there is no order {order_id}", status=404, protocol=True)
        return json_response(200, dialects.order(request.wire, request.base, held))

    def _show(self, request: Request, held: Session, *, status: int = 200) -> Response:
        extra: dict[str, Any] = {}
        if held.status == "requires_escalation":
            extra["messages"] = [
                {
                    "type": "error",
                    "code": "requires_buyer_review",
                    "content": "Please finish this purchase in person",
                    "severity": "requires_buyer_review",
                }
            ]
        if held.status == "complete_in_progress" and held.behaviour is Behaviour.CHALLENGES:
            challenge = {"id": "challenge_1", "config": {"url": f"{request.base}/challenge/{held.session_id}"}}
            extra["actions"] = {"dev.ucp.payment.three_ds_challenge": [challenge]}
        return json_response(status, dialects.session(request.wire, request.base, held, extra=extra))

    def _find(self, session_id: str) -> Session:
        held = self._sessions.get(session_id)
        if held is None:
            raise RefusedError("not_found", f"there is no session {session_id}", status=404, protocol=True)
        # The book is the truth: a shop killed between its book and its state finds its order here.
        taken = next((one for one in self.books.orders.all() if one["session_id"] == session_id), None)
        if taken and held.status != "completed":
            return self._keep(replace(held, status="completed", order_id=taken["order_id"]))
        if held.status in OPEN and self.books.clock() > held.expires_at:
            return self._keep(replace(held, status="canceled"))
        return held

    def _keep(self, held: Session) -> Session:
        self.books.state.append({"kind": "session", "session": held.as_json()})
        self._sessions[held.session_id] = held
        return held

    def _session_of_order(self, order_id: str) -> Session | None:
        return next((held for held in self._sessions.values() if held.order_id == order_id), None)


def _session_in(path: list[str]) -> str | None:
    return path[1] if len(path) > 1 and path[0] == "checkout-sessions" else None


def _refusal(request: Request, refused: RefusedError) -> Response:
    if refused.protocol:
        return json_response(refused.status, dialects.protocol_error(refused.code, str(refused)))
    return json_response(*dialects.refusal(request.wire, refused.status, refused.code, str(refused)))
