"""The kinds of operation a purchase is made of: a money step, a look-up, a question to an agent or to a person.

Each is one durable operation with its retry policy and its key. Knows how to ask; what to ask, and when, is the saga's.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from aws_durable_execution_sdk_python import DurableContext
from aws_durable_execution_sdk_python.config import CallbackConfig, Duration, WaitForCallbackConfig
from aws_durable_execution_sdk_python.exceptions import CallbackError, StepError

from checkout.purchase import policies
from checkout.purchase.policies import OUTCOME, unless_transient
from checkout.purchase.ports import Ports
from checkout.purchase.terms import PurchaseRequest, ReviewAnswer, TaskKind, Verdict
from merchants.sdk import Absent, Offer, Order, Unclear
from payments.gateway import Unknown

# Part of every key; it changes only when another card is tried, never with a retry.
PAYMENT_ATTEMPT = 1
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Steps:
    """The operations of one purchase. It holds no state: everything known comes from recorded outcomes."""

    request: PurchaseRequest
    context: DurableContext
    ports: Ports

    def key(self, step: str) -> str:
        """The step's idempotency key: stable over replays, processes, databases and releases."""
        return f"{self.request.intent_id}:{step}:{PAYMENT_ATTEMPT}"

    def read(self, name: str, ask: Callable[[str], T]) -> T:
        """Read a catalogue: it changes nothing, so it is retried eagerly and re-run after a crash."""
        most = self.ports.limits.offer_attempts
        return self.context.step(
            lambda step: unless_transient(ask(self.key(name)), attempt=step.attempt, attempts=most),
            name=name,
            config=policies.catalogue(self.ports.limits),
        )

    def money(self, name: str, act: Callable[[str], T], attempts: int | None = None) -> T | Unknown:
        """A money step: START on disk before the call, few retries by read-back, and a value even when unsettled."""
        most = attempts or self.ports.limits.money_attempts
        try:
            return self.context.step(
                lambda step: unless_transient(act(self.key(name)), attempt=step.attempt, attempts=most),
                name=name,
                config=policies.money(most, self.ports.limits),
            )
        except StepError as unsettled:
            return Unknown(reason=str(unsettled))

    def once(self, name: str, act: Callable[[str], T]) -> T:
        """A step that is never repeated: START on disk before the call; StepError if its process died or it raised."""
        return self.context.step(lambda _: act(self.key(name)), name=name, config=policies.ONCE)

    def record(self, name: str, make: Callable[[], T]) -> T:
        """Write a fact into the history."""
        return self.context.step(lambda _: make(), name=name, config=policies.RECORD)

    def look_up(self, name: str, offer: Offer) -> Order | Absent | Unclear:
        """Ask the merchant whether the order stands, in growing pauses, until the answer is definite or time is up."""
        found: Order | Absent | Unclear = self.context.wait_for_condition(
            lambda _state, _check: self.ports.find_order(self.request, offer, key=self.key(name)),
            config=policies.look_up(self.ports.limits),
            name=name,
        )
        return found

    def ask_agent(self, name: str, kind: TaskKind, offer: Offer | None) -> Any:
        """Hand a task to an agent and wait, in rows, for what it brings back; CallbackError if it brings nothing."""
        limits = self.ports.limits
        ordering = kind is TaskKind.ORDER
        brought = self.context.wait_for_callback(
            lambda callback_id, _: self.ports.give_to_agent(callback_id, kind, self.request, offer),
            name=name,
            config=WaitForCallbackConfig(
                timeout=Duration(seconds=limits.agent_order_seconds if ordering else limits.agent_offer_seconds),
                # A quote may queue for a worker; an order that falls silent is looked up at once.
                heartbeat_timeout=Duration(seconds=limits.agent_heartbeat_seconds if ordering else 0),
                retry_strategy=policies.patient(limits),
            ),
        )
        return policies.understood(brought)

    def ask_buyer(self, name: str) -> Any:
        """Wait for the buyer until the confirmation window closes; CallbackError if it does."""
        timeout = Duration(seconds=self.ports.seconds_to_confirm(self.request))
        return self.context.create_callback(name, CallbackConfig(timeout=timeout, serdes=OUTCOME)).result()

    def ask_operator(self, name: str) -> ReviewAnswer:
        """Wait, however long, for an operator to say what code could not find out."""
        again = ReviewAnswer(verdict=Verdict.RETRY, reason="the question was dismissed", operator="")
        try:
            answer: Any = self.context.create_callback(name, CallbackConfig(serdes=OUTCOME)).result()
        except CallbackError:
            return again
        return answer if isinstance(answer, ReviewAnswer) else again
