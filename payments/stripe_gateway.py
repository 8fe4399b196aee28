"""The gateway over Stripe's PaymentIntents: create unconfirmed, confirm to hold, capture, and release by reading first.

Believes only a success at first hand. Everything else (an error, a lost answer, an answer kept from an earlier call) is
settled by reading the payment back; if it is not done, the call is sent once more, and if that does not settle it
either, the outcome is Unknown. One payment can be held and captured only once, so a second call moves nothing twice.
Every mutating call carries a key made of the caller's; a key never has two bodies. Knows no shop and no saga.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self, TypeVar

import stripe
from stripe import PaymentIntent, Refund, RequestOptions, StripeClient

from payments import stripe_answers, stripe_outcomes
from payments.gateway import Captured, Declined, Held, HoldRequest, NotCapturable, Payment, Prepared, Released, Unknown
from payments.money import Money
from payments.stripe_answers import Certainty, Failure
from payments.stripe_http import BoundedClient
from payments.stripe_patience import Budget, Keys

Done = TypeVar("Done")
Answer = TypeVar("Answer", bound=stripe.StripeObject)

# Reading and acting take turns: cancel or refund, and see that it is done; twice, because a late capture may cross.
RELEASE_ROUNDS = 4
EXPAND = ["latest_charge"]


OUT_OF_TIME = Failure(certainty=Certainty.UNKNOWN, code="out_of_time", message="the time for this call was used up")


@dataclass(frozen=True, slots=True)
class StripeGateway:
    """`PaymentGateway` over Stripe, or over anything that speaks its wire. Thread-safe."""

    client: StripeClient
    http_client: stripe.HTTPClient
    now: Callable[[], float] = time.monotonic

    @classmethod
    def connect(cls, api_key: str, base_url: str | None = None, http_client: stripe.HTTPClient | None = None) -> Self:
        """A gateway for this account: at Stripe, or at `base_url`; over sockets, or over the given HTTP client."""
        # Else the SDK keeps a file in the home directory and tells Stripe about this machine with every call.
        stripe.enable_telemetry = False
        http = http_client or BoundedClient(proxied=base_url is None)
        client = StripeClient(
            api_key,
            http_client=http,
            max_network_retries=0,  # sending again without reading back first is never right here
            base_addresses={"api": base_url.rstrip("/")} if base_url else None,
        )
        return cls(client=client, http_client=http)

    def close(self) -> None:
        """Close the connections."""
        self.http_client.close()  # type: ignore[no-untyped-call]

    def prepare(self, request: HoldRequest, *, key: str) -> Prepared | Declined | Unknown:
        """Create a payment that moves no money yet. Nothing here can move any, so a refusal is believed at once."""
        budget = Budget(self.now)
        if request.token.startswith("pm_"):
            method_id = request.token
        elif request.token.startswith("tok_"):
            method = self._created(
                budget,
                lambda options: self.client.v1.payment_methods.create(
                    {"type": "card", "card": {"token": request.token}}, options
                ),
                f"{key}:payment-method",
            )
            if isinstance(method, Failure):
                return _not_prepared(method)
            method_id = method.id
        else:
            return Declined(code="invalid_payment_token", message="a payment token starts with tok_ or pm_")
        intent = self._created(
            budget,
            lambda options: self.client.v1.payment_intents.create(
                {
                    "amount": stripe_answers.amount(request.amount),
                    "currency": request.amount.currency.lower(),
                    "capture_method": "manual",
                    "allowed_payment_method_types": ["card"],
                    "metadata": {
                        "reference": request.reference,
                        "tenant": request.tenant,
                        "payment_attempt": str(request.payment_attempt),
                    },
                },
                options,
            ),
            f"{key}:create",
        )
        if isinstance(intent, Failure):
            return _not_prepared(intent)
        return Prepared(payment_id=intent.id, payment_method_id=method_id)

    def hold(self, prepared: Prepared, *, key: str) -> Held | Declined | Unknown:
        """Reserve the amount on the card, off session; an unclear answer is settled by reading the payment back."""
        return self._act(
            prepared.payment_id,
            lambda options: self.client.v1.payment_intents.confirm(
                prepared.payment_id,
                {"payment_method": prepared.payment_method_id, "off_session": True, "expand": EXPAND},
                options,
            ),
            f"{key}:confirm",
            outcome=stripe_outcomes.held,
            refused=lambda said: Declined(code=said.code, message=said.message),
        )

    def capture(self, payment_id: str, amount: Money, *, key: str) -> Captured | NotCapturable | Unknown:
        """Take `amount` and release the rest. Taken before: Captured, with what was really taken."""
        return self._act(
            payment_id,
            lambda options: self.client.v1.payment_intents.capture(
                payment_id, {"amount_to_capture": stripe_answers.amount(amount), "expand": EXPAND}, options
            ),
            # The amount is in the key: an operator's correction is another call, not the same one with another body.
            f"{key}:capture:{amount.amount_minor}",
            outcome=stripe_outcomes.captured,
            refused=lambda said: NotCapturable(payment_id=payment_id, reason=f"{said.code}: {said.message}"),
        )

    def release(self, payment_id: str, *, key: str) -> Released | Unknown:
        """Read, then cancel or refund, until nothing is held and nothing is kept. Safe to repeat for ever."""
        budget = Budget(self.now)
        for turn in range(1, RELEASE_ROUNDS + 1):
            found = self._found(budget, payment_id)
            if isinstance(found, Failure):
                return Unknown(reason=_sentence(found))
            intent, refunds = found
            released = stripe_outcomes.released(intent, refunds)
            if released is not None:
                return released
            if not budget.allows_post():
                break
            # A new key each turn, because a failure may be kept under the old one. Neither call can be done twice:
            # a payment is cancelled once, and all that is left of it can be refunded once.
            if intent.status == "succeeded":
                self._refund(intent, refunds, f"{key}:refund:{turn}")
            else:
                self._cancel(intent, f"{key}:cancel:{intent.status}:{turn}")
        return Unknown(reason="the payment was not seen released; read it again later")

    def read(self, payment_id: str) -> Payment | Unknown:
        """Read a payment back; changes nothing."""
        found = self._found(Budget(self.now), payment_id)
        if isinstance(found, Failure):
            return Unknown(reason=_sentence(found))
        return stripe_outcomes.payment(*found)

    def _act(
        self,
        payment_id: str,
        send: Callable[[RequestOptions], PaymentIntent],
        key: str,
        *,
        outcome: Callable[[PaymentIntent], Done | Unknown | None],
        refused: Callable[[Failure], Done],
    ) -> Done | Unknown:
        """Send, and read back whatever is not a success at first hand; `outcome` is None while it is not done."""
        budget, keys = Budget(self.now), Keys(key)
        doubted = False  # a call of ours may still be under way, so no refusal is definite
        last = OUT_OF_TIME
        while keys.allow_another_call() and budget.allows_post():
            answer = self._sent(send, keys.current)
            intent = answer if isinstance(answer, PaymentIntent) else self._intent(budget, payment_id)
            if isinstance(intent, Failure):
                return Unknown(reason=_sentence(intent))
            if (settled := outcome(intent)) is not None:
                return settled
            if isinstance(answer, Failure):
                last = answer
                doubted |= answer.certainty is not Certainty.REFUSED
                if answer.certainty is Certainty.REFUSED and not answer.replayed:
                    break
                keys.note(answer)
        if last.certainty is Certainty.REFUSED and not doubted:
            return refused(last)
        return Unknown(reason=_sentence(last))

    def _created(self, budget: Budget, send: Callable[[RequestOptions], Answer], key: str) -> Answer | Failure:
        """Create something that moves no money: sent again with the same key while the outcome is open."""
        keys, last = Keys(key), OUT_OF_TIME
        while keys.allow_another_call() and budget.allows_post():
            answer = self._sent(send, keys.current, believe_replays=True)
            if not isinstance(answer, Failure) or (answer.certainty is Certainty.REFUSED and not answer.replayed):
                return answer
            last = answer
            keys.note(answer)
        return last

    def _sent(
        self, send: Callable[[RequestOptions], Answer], key: str, *, believe_replays: bool = False
    ) -> Answer | Failure:
        """One call. A replayed success says what was, not what is, so it counts as unclear unless told otherwise."""
        try:
            answer = send({"idempotency_key": key})
        except stripe.StripeError as error:
            return stripe_answers.failure(error)
        kept = answer.last_response is not None and stripe_answers.was_replayed(answer.last_response.headers)
        if kept and not believe_replays:
            return Failure(certainty=Certainty.UNKNOWN, code="replayed", message="an earlier answer was repeated")
        return answer

    def _intent(self, budget: Budget, payment_id: str) -> PaymentIntent | Failure:
        if not budget.allows_get():
            return OUT_OF_TIME
        try:
            return self.client.v1.payment_intents.retrieve(payment_id, {"expand": EXPAND})
        except stripe.StripeError as error:
            return stripe_answers.failure(error)

    def _found(self, budget: Budget, payment_id: str) -> tuple[PaymentIntent, list[Refund]] | Failure:
        """The payment, with its refunds where it can have any."""
        intent = self._intent(budget, payment_id)
        if isinstance(intent, Failure):
            return intent
        if intent.status != "succeeded":
            return intent, []
        if not budget.allows_get():
            return OUT_OF_TIME
        try:
            # One page: nobody gives a payment back in more than a hundred parts.
            return intent, self.client.v1.refunds.list({"payment_intent": payment_id, "limit": 100}).data
        except stripe.StripeError as error:
            return stripe_answers.failure(error)

    def _cancel(self, intent: PaymentIntent, key: str) -> None:
        self._sent(
            lambda options: self.client.v1.payment_intents.cancel(
                intent.id, {"cancellation_reason": "abandoned"}, options
            ),
            key,
        )

    def _refund(self, intent: PaymentIntent, refunds: list[Refund], key: str) -> None:
        left = intent.amount_received - stripe_outcomes.amount_refunded(refunds)
        self._sent(
            lambda options: self.client.v1.refunds.create(
                {"payment_intent": intent.id, "amount": left, "reason": "requested_by_customer"}, options
            ),
            f"{key}:{left}",
        )


def _not_prepared(said: Failure) -> Declined | Unknown:
    if said.certainty is Certainty.REFUSED:
        return Declined(code=said.code, message=said.message)
    return Unknown(reason=_sentence(said))


def _sentence(said: Failure) -> str:
    return f"{said.code}: {said.message}"
