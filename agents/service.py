"""The service as a worker sees it: claim a task, say that it is alive, ask the permit, hand in the end. HTTP only.

Two threads share a task: the buying one says what it is doing (`at`), a second one does nothing but send that as
heartbeats, and stops when no step has changed for a while: a stuck worker must look dead. Retries only what is safe to
repeat; a permit is asked once. Must never log a token, a session or a key.
"""

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime
from typing import Any, Self

import httpx2
from pydantic import TypeAdapter

from agents.errors import PermitRefusedError, TaskLostError
from agents.terms import Kind, Outcome, Permit, Readings, SavedSession, Task
from merchants.sdk import Offer, OfferRequest

# The service is near and answers from its database; a request that takes longer has lost it.
CALL_SECONDS = 10.0
# Of the time after which the service gives a silent worker up: three beats may be lost, and a worker that hears nothing
# stops by itself a little before another one is let at its task. The service says how long it is.
BEAT_SHARE, LOST_SHARE = 0.25, 0.9
SILENCE_SECONDS = 60.0
# No step of a purchase takes longer: a model's slowest answer with its retries, a shop's slowest page.
STUCK_SECONDS = 120.0
# A task that is lost is noticed at its next step; where that does not come, its page hangs, and is cut after this.
CUT_SECONDS = 3.0
# An answer handed in is worth trying for: the service restarts in seconds.
REPORT_SECONDS = 45.0
RETRY_FIRST_SECONDS, RETRY_MOST_SECONDS = 0.2, 5.0
# The service reads no larger body than 64 KiB; a shop's order page is found by its cookies, not by its local storage,
# and an order must not be lost over its evidence.
MAX_SESSION_CHARACTERS, MAX_EVIDENCE_CHARACTERS = 40_000, 40_000
MAX_STEP_CHARACTERS = 255
NO_CONTENT, NOT_FOUND, CONFLICT, GONE, FIRST_ERROR, FIRST_SERVER_ERROR = 204, 404, 409, 410, 400, 500

_REQUEST, _OFFER, _READINGS = TypeAdapter(OfferRequest), TypeAdapter(Offer), TypeAdapter(Readings)
_SESSION, _MOMENT = TypeAdapter(SavedSession), TypeAdapter(datetime)
_REQUEST_FIELDS = ("product_url", "quantity", "buyer", "variant", "promo_codes")


class ServiceUnreachableError(Exception):
    """The service gave no answer that can be used; it may be restarting, or the key is wrong."""


class WorkerEndingError(TaskLostError):
    """The worker is to end, and the task changes nothing: it is given back for another worker."""

    code = "worker_ending"


class ServiceClient:
    """One worker's connection to the service. Safe to use from two threads."""

    def __init__(
        self,
        base_url: str,
        api_key: str,
        *,
        transport: httpx2.BaseTransport | None = None,
        answered: Callable[[], None] | None = None,
    ) -> None:
        """`answered` is called each time the service has answered this worker, whatever it said but "I am broken"."""

        def note(answer: httpx2.Response) -> None:
            if answered is not None and answer.status_code < FIRST_SERVER_ERROR:
                answered()

        self._http = httpx2.Client(
            base_url=base_url,
            headers={"Authorization": f"Bearer {api_key}"},
            timeout=CALL_SECONDS,
            trust_env=False,
            transport=transport,
            # Plain HTTP needs no certificates, and reading the machine's takes most of a start.
            verify=base_url.startswith("https"),
            event_hooks={"response": [note]},
        )
        self._silence_seconds = SILENCE_SECONDS

    def close(self) -> None:
        """Let go of connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def claim(self, worker: str, kinds: Sequence[Kind] = ()) -> Task | None:
        """The next task, now ours; None when there is none. ServiceUnreachableError.

        Not repeated: a claim whose answer was lost leaves a task nobody works on, which the service notices by itself.
        """
        body = {"worker": worker, **({"kinds": [kind.value for kind in kinds]} if kinds else {})}
        try:
            answer = self._http.post("/internal/agent-tasks/claim", json=body)
        except httpx2.TransportError as silent:
            raise ServiceUnreachableError(f"the service does not answer: {type(silent).__name__}") from silent
        if answer.status_code == NO_CONTENT:
            return None
        if answer.status_code >= FIRST_ERROR:
            raise ServiceUnreachableError(f"the service refuses to give work: {_problem(answer)}")
        claimed = answer.json()
        self._silence_seconds = float(claimed.get("heartbeatSeconds") or SILENCE_SECONDS)
        return _task(claimed)

    @contextmanager
    def working_on(
        self, task: Task, ending: threading.Event, cut: Callable[[], None] | None = None
    ) -> Iterator["TaskService"]:
        """The service for one task; a second thread sends heartbeats until the block ends.

        Once `ending` is set, a quote or a look-up stops at its next step; an order is finished. When the task is lost
        and the block does not end by itself, that thread calls `cut`.
        """
        service = TaskService(self, task, ending, silence_seconds=self._silence_seconds)
        with service.beating(cut):
            yield service

    def post(self, task: Task, path: str, body: Any) -> httpx2.Response:
        """One request about a task; httpx2.TransportError when no answer comes."""
        return self._http.post(f"/internal/{path}", json=body, headers={"X-Callback-Token": task.token})


class TaskService:
    """`agents.ports.Service` for one claimed task."""

    def __init__(
        self, client: ServiceClient, task: Task, worker_ending: threading.Event, *, silence_seconds: float
    ) -> None:
        self._client = client
        self._task = task
        self._worker_ending = worker_ending
        self._silence_seconds = silence_seconds
        self._step = "claimed"
        self._moved_at = self._heard_at = time.monotonic()
        self._evidence: dict[str, Any] = {}
        self.lost = ""
        """Why the task is no longer ours; empty while it is."""
        self._ending = threading.Event()
        self.permitted = False
        self.asked = False

    def at(self, step: str) -> None:
        """Progress; TaskLostError when the task is no longer ours."""
        if step != self._step:
            self._moved_at = time.monotonic()
        self._step = step[:MAX_STEP_CHARACTERS]
        if self._is_lost():
            raise TaskLostError(self.lost)
        if self._worker_ending.is_set() and self._task.kind is not Kind.ORDER:
            raise WorkerEndingError("the worker is ending")

    def permit(self, readings: Readings, session: SavedSession) -> Permit:
        """Ask once. Whatever is not a granted permit in our hands is a refusal."""
        if self.asked:
            raise PermitRefusedError("the permit was asked for before", reason="permit_already_granted")
        self.asked = True
        body = {
            "readings": _READINGS.dump_python(readings, mode="json"),
            "session": _SESSION.dump_python(_fitting(session), mode="json"),
        }
        try:
            answer = self._client.post(self._task, f"agent-tasks/{self._task.callback_id}/permit", body)
        except httpx2.TransportError as lost:
            raise PermitRefusedError("the service's answer was lost", reason="answer_lost") from lost
        if answer.status_code in (NOT_FOUND, GONE):
            raise TaskLostError(_problem(answer))
        if answer.status_code >= FIRST_ERROR:
            raise PermitRefusedError(_problem(answer), reason=_code(answer))
        granted = answer.json()
        self.permitted = True
        return Permit(permit_id=granted["permitId"], expires_at=_MOMENT.validate_python(granted["expiresAt"]))

    def witnessed(self, evidence: Mapping[str, Any]) -> None:
        """On record before this returns, if the service answers at all; the heartbeats go on carrying it."""
        self._evidence.update(evidence)
        self._moved_at = time.monotonic()
        self._beat()
        if self.lost:
            raise TaskLostError(self.lost)

    def report(self, outcome: Outcome) -> None:
        """Hand in how the task ended, patiently; TaskLostError when the service no longer takes it."""
        document = TypeAdapter(type(outcome)).dump_python(outcome, mode="json")
        if len(json.dumps(document.get("evidence"))) > MAX_EVIDENCE_CHARACTERS:
            document["evidence"] = {"left_out": "too much to send; it is in the worker's evidence folder"}
        self._patiently({"type": type(outcome).__name__, **document})

    def give_back(self) -> None:
        """Let another worker start the task again, now; if this does not get through, the silence says it later."""
        with suppress(httpx2.TransportError):
            self._client.post(self._task, f"agent-tasks/{self._task.callback_id}/give-back", None)

    @contextmanager
    def beating(self, cut: Callable[[], None] | None = None) -> Iterator[None]:
        """Heartbeats from a thread of their own until the block ends; `cut` when it must and does not."""
        thread = threading.Thread(target=self._beat_on, args=(cut,), name="heartbeat", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._ending.set()
            thread.join(CALL_SECONDS)

    def _beat_on(self, cut: Callable[[], None] | None = None) -> None:
        while not self._is_lost():
            if time.monotonic() - self._moved_at < STUCK_SECONDS:
                self._beat()
            if self._ending.wait(0 if self._is_lost() else BEAT_SHARE * self._silence_seconds):
                return
        if not self._ending.wait(CUT_SECONDS) and cut is not None:
            cut()

    def _is_lost(self) -> bool:
        """Also when the service was silent for long: another worker may be let at the task soon."""
        if not self.lost and time.monotonic() - self._heard_at > LOST_SHARE * self._silence_seconds:
            self.lost = "the service was not heard of for too long"
        return bool(self.lost)

    def _beat(self) -> None:
        body = {"step": self._step, **({"evidence": dict(self._evidence)} if self._evidence else {})}
        try:
            answer = self._client.post(self._task, f"callbacks/{self._task.callback_id}/heartbeat", body)
        except httpx2.TransportError:
            return  # the next one may get through; `at` notices when none does
        if answer.status_code in (NOT_FOUND, CONFLICT, GONE):
            self.lost = _problem(answer)
        elif answer.status_code < FIRST_ERROR:
            self._heard_at = time.monotonic()

    def _patiently(self, body: Mapping[str, Any]) -> None:
        """The same answer may be sent again: the service knows it by its content."""
        deadline, pause = time.monotonic() + REPORT_SECONDS, RETRY_FIRST_SECONDS
        while True:
            try:
                answer = self._client.post(self._task, f"callbacks/{self._task.callback_id}/succeed", body)
                if answer.status_code < FIRST_ERROR:
                    return
                said = _problem(answer)
                if answer.status_code < FIRST_SERVER_ERROR and answer.status_code != 429:  # noqa: PLR2004 (too many requests)
                    raise TaskLostError(said)
            except httpx2.TransportError as silent:
                said = f"the service does not answer: {type(silent).__name__}"
            if time.monotonic() + pause > deadline:
                raise TaskLostError(said)
            self._ending.wait(pause)
            pause = min(2 * pause, RETRY_MOST_SECONDS)


def _task(claimed: Mapping[str, Any]) -> Task:
    """The task a claim answered with."""
    asked, offer = claimed["task"]["request"], claimed["task"].get("offer")
    request = {name: asked[name] for name in _REQUEST_FIELDS if name in asked}
    session = claimed.get("session")
    return Task(
        callback_id=claimed["callbackId"],
        token=claimed["token"],
        kind=Kind(claimed["kind"]),
        intent_id=asked["intent_id"],
        request=_REQUEST.validate_python(request),
        offer=_OFFER.validate_python({k: v for k, v in offer.items() if k != "type"}) if offer else None,
        deadline=_MOMENT.validate_python(claimed["deadline"]),
        session=_SESSION.validate_python(session) if session else None,
    )


def _fitting(session: SavedSession) -> SavedSession:
    """The session without what would make it too large to keep: local storage first, then all of it."""
    if len(_SESSION.dump_json(session)) <= MAX_SESSION_CHARACTERS:
        return session
    smaller = replace(session, storage={"cookies": session.storage.get("cookies", []), "origins": []})
    fits = len(_SESSION.dump_json(smaller)) <= MAX_SESSION_CHARACTERS
    return smaller if fits else replace(session, storage={"cookies": [], "origins": []})


def _problem(answer: httpx2.Response) -> str:
    """The service's own sentence."""
    try:
        said = answer.json()
        return str(said.get("detail") or said["code"])
    except (ValueError, KeyError, AttributeError):
        return f"the service answered {answer.status_code}"


def _code(answer: httpx2.Response) -> str:
    try:
        return str(answer.json()["code"])
    except (ValueError, KeyError, TypeError):
        return f"http_{answer.status_code}"
