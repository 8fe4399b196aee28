"""Payments: created, confirmed, captured, cancelled, in Stripe's exact states.

    requires_payment_method ⇄ requires_confirmation → requires_action → requires_capture → succeeded
                 any of them but succeeded and canceled → canceled

Knows the state machine and nothing of transport, keys or faults.
"""

from payments.sandbox import cards, params
from payments.sandbox.cards import AUTHENTICATION_REQUIRED, Decline
from payments.sandbox.charges import Charge, PaymentMethod
from payments.sandbox.errors import CardDeclinedError, RefusedError, not_found
from payments.sandbox.money_log import MoneyKind
from payments.sandbox.objects import Intent, Json
from payments.sandbox.world import World

CONFIRMABLE = ("requires_payment_method", "requires_confirmation", "requires_action")
CANCELABLE = (*CONFIRMABLE, "requires_capture")
# Stripe's standard price for a card in the US, and rounded as there: 2.9 % and 30 cents.
FEE_PER_MILLE = 29
FEE_FIXED_MINOR = 30


def create_payment_method(world: World, given: params.PaymentMethodCreate) -> PaymentMethod:
    """A payment method from a test token."""
    card = cards.by_token(given.card.token)
    if card is None:
        raise not_found("token", given.card.token, "card[token]", status=400)
    return world.keep(
        PaymentMethod(id=world.new_id("pm"), created=world.now(), card=card, metadata=dict(given.metadata))
    )


def create(world: World, given: params.Create) -> Intent:
    """A payment; confirmed in the same call where that is asked for."""
    if given.off_session and not given.confirm:
        raise _only_with_confirm("off_session")
    if given.error_on_requires_action and not given.confirm:
        raise _only_with_confirm("error_on_requires_action")
    method = _payment_method(world, given.payment_method).id if given.payment_method else None
    intent = world.keep(
        Intent(
            id=world.new_id("pi"),
            created=world.now(),
            amount=given.amount,
            currency=given.currency,
            capture_method=given.capture_method,
            metadata=dict(given.metadata),
            description=given.description,
            payment_method=method,
            automatic=given.automatic_payment_methods is not None,
            status="requires_confirmation" if method else "requires_payment_method",
        )
    )
    world.happened("payment_intent.created", intent)
    if given.confirm:
        rest = given.model_dump(include=set(params.Confirm.model_fields) - {"payment_method"})
        return confirm(world, intent.id, params.Confirm(**rest))
    return intent


def confirm(world: World, intent_id: str, given: params.Confirm) -> Intent:
    """Ask the bank: a hold, a capture, a question to the buyer, or a refusal."""
    intent = world.find(Intent, intent_id, param="intent")
    _must_be_one_of(intent, CONFIRMABLE, "confirm")
    if given.payment_method:
        intent.payment_method = _payment_method(world, given.payment_method).id
    if intent.payment_method is None:
        raise RefusedError(
            "You cannot confirm this PaymentIntent because it's missing a payment method. You can either update the "
            "PaymentIntent with a payment method and then confirm it again, or confirm it again directly with a "
            "payment method.",
            code="payment_intent_unexpected_state",
            extra={"payment_intent": intent.json()},
        )
    intent.off_session = given.off_session
    intent.next_action = None
    method = world.find(PaymentMethod, intent.payment_method)
    if method.card.needs_authentication:
        if given.off_session or given.error_on_requires_action:
            raise _declined(world, intent, method, AUTHENTICATION_REQUIRED)
        return _ask_the_buyer(world, intent, given.return_url)
    if method.card.decline:
        raise _declined(world, intent, method, method.card.decline)
    return _hold(world, intent, method)


def authenticate(world: World, intent_id: str, *, succeeded: bool) -> Intent:
    """The buyer answered the bank's question."""
    intent = world.find(Intent, intent_id, param="intent")
    _must_be_one_of(intent, ("requires_action",), "authenticate")
    intent.next_action = None
    method = world.find(PaymentMethod, intent.payment_method or "")
    if succeeded:
        return _hold(world, intent, method)
    message = "We are unable to authenticate your payment method. Please choose a different payment method."
    intent.status = "requires_payment_method"
    intent.payment_method = None
    intent.last_payment_error = {
        "type": "invalid_request_error",
        "code": "payment_intent_authentication_failure",
        "message": message,
    }
    world.happened("payment_intent.payment_failed", intent)
    return intent


def capture(world: World, intent_id: str, given: params.Capture) -> Intent:
    """Take what was held, or a part of it; the rest is given back."""
    intent = world.find(Intent, intent_id, param="intent")
    _must_be_one_of(intent, ("requires_capture",), "capture")
    amount = intent.amount_capturable if given.amount_to_capture is None else given.amount_to_capture
    if amount > intent.amount_capturable:
        raise RefusedError(
            f"The requested capture amount is greater than the authorized amount of {intent.amount_capturable}.",
            code="amount_too_large",
            param="amount_to_capture",
            extra={"payment_intent": intent.json()},
        )
    intent.metadata |= given.metadata
    _take(world, intent, world.find(Charge, intent.latest_charge or ""), amount)
    return intent


def cancel(world: World, intent_id: str, given: params.Cancel) -> Intent:
    """End a payment; a hold is given back."""
    intent = world.find(Intent, intent_id, param="intent")
    _must_be_one_of(intent, CANCELABLE, "cancel")
    return _end(world, intent, given.cancellation_reason)


def lapse(world: World, charge: Charge) -> None:
    """The hold's time is over: the bank gives it back, unless it was captured or given back before."""
    intent = world.find(Intent, charge.intent_id)
    if intent.status != "requires_capture":
        return
    _end(world, intent, "automatic")
    world.happened("charge.expired", charge)


def _hold(world: World, intent: Intent, method: PaymentMethod) -> Intent:
    charge = _charge(world, intent, method, None)
    intent.status = "requires_capture"
    intent.amount_capturable = intent.amount
    intent.last_payment_error = None
    world.moved(MoneyKind.HOLD, intent, intent.amount)
    world.happened("charge.succeeded", charge)
    if intent.capture_method == "manual":
        world.remind(charge.capture_before, charge.id)
        world.happened("payment_intent.amount_capturable_updated", intent)
    else:
        _take(world, intent, charge, intent.amount)
    return intent


def _take(world: World, intent: Intent, charge: Charge, amount: int) -> None:
    charge.captured = True
    charge.amount_captured = amount
    # Half a cent is rounded up.
    fee = (amount * FEE_PER_MILLE + 500) // 1000 + FEE_FIXED_MINOR
    charge.balance_transaction = world.book("charge", charge.id, amount, intent.currency, fee=fee)
    left = intent.amount_capturable - amount
    intent.status = "succeeded"
    intent.amount_received = amount
    intent.amount_capturable = 0
    world.moved(MoneyKind.CAPTURE, intent, amount)
    if left:
        world.moved(MoneyKind.RELEASE, intent, left)
    world.happened("charge.captured", charge)
    world.happened("payment_intent.succeeded", intent)


def _end(world: World, intent: Intent, reason: str | None) -> Intent:
    held = intent.amount_capturable
    intent.status = "canceled"
    intent.canceled_at = world.now()
    intent.cancellation_reason = reason
    intent.next_action = None
    intent.amount_capturable = 0
    if held:
        charge = world.find(Charge, intent.latest_charge or "")
        charge.reversed = True
        world.moved(MoneyKind.RELEASE, intent, held)
        world.happened("charge.refunded", charge)
    world.happened("payment_intent.canceled", intent)
    return intent


def _ask_the_buyer(world: World, intent: Intent, return_url: str | None) -> Intent:
    intent.status = "requires_action"
    if return_url:
        where = f"https://hooks.stripe.com/3d_secure_2/hosted?payment_intent={intent.id}"
        intent.next_action = {
            "type": "redirect_to_url",
            "redirect_to_url": {"return_url": return_url, "url": where},
        }
    else:
        intent.next_action = {"type": "use_stripe_sdk", "use_stripe_sdk": {"type": "three_d_secure_redirect"}}
    world.happened("payment_intent.requires_action", intent)
    return intent


def _declined(world: World, intent: Intent, method: PaymentMethod, decline: Decline) -> CardDeclinedError:
    charge = _charge(world, intent, method, decline)
    said: Json = {"code": decline.code, "decline_code": decline.decline_code, "charge": charge.id}
    intent.status = "requires_payment_method"
    intent.payment_method = None
    intent.last_payment_error = {
        "type": "card_error",
        "message": decline.message,
        "payment_method": method.json(),
        **said,
    }
    world.moved(MoneyKind.DECLINE, intent, intent.amount)
    world.happened("charge.failed", charge)
    world.happened("payment_intent.payment_failed", intent)
    extra = {
        "decline_code": decline.decline_code,
        "charge": charge.id,
        "payment_intent": intent.json(),
        "payment_method": method.json(),
    }
    return CardDeclinedError(decline.message, code=decline.code, extra=extra)


def _charge(world: World, intent: Intent, method: PaymentMethod, failure: Decline | None) -> Charge:
    charge = world.keep(
        Charge(
            id=world.new_id("ch"),
            created=world.now(),
            intent_id=intent.id,
            payment_method=method,
            amount=intent.amount,
            currency=intent.currency,
            capture_before=world.now() + method.card.hold_lifetime(off_session=intent.off_session),
            metadata=dict(intent.metadata),
            description=intent.description,
            failure=failure,
        )
    )
    intent.latest_charge = charge.id
    return charge


def _payment_method(world: World, name: str) -> PaymentMethod:
    card = cards.by_payment_method(name)
    if card:  # each use of a test payment method makes a new one, as there
        return world.keep(PaymentMethod(id=world.new_id("pm"), created=world.now(), card=card))
    if name.startswith("pm_card_"):
        raise not_found("PaymentMethod", name, "payment_method", status=400)
    try:
        return world.find(PaymentMethod, name, param="payment_method", status=400)
    except RefusedError as absent:
        raise RefusedError(
            f"No such PaymentMethod: '{name}'", code="resource_missing", param="payment_method"
        ) from absent


def _must_be_one_of(intent: Intent, allowed: tuple[str, ...], verb: str) -> None:
    if intent.status in allowed:
        return
    raise RefusedError(
        f"You cannot {verb} this PaymentIntent because it has a status of {intent.status}. Only a PaymentIntent with "
        f"one of the following statuses may be used: {', '.join(allowed)}.",
        code="payment_intent_unexpected_state",
        extra={"payment_intent": intent.json()},
    )


def _only_with_confirm(param: str) -> RefusedError:
    return RefusedError(
        f"The parameter `{param}` cannot be passed when creating a PaymentIntent without setting `confirm` to true.",
        code="parameter_invalid_empty",
        param=param,
    )
