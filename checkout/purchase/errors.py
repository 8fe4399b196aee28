"""What a command on a purchase may be refused for.

PurchaseError                 code                         status  what to do
├── IntentNotFoundError       checkout_intent_not_found    404     check the id and the key's tenant
├── OrderNotFoundError        order_not_found              404     wait until the intent is completed
├── InvalidStateError         invalid_checkout_intent_state 409    read the intent; `state` says where it stands
│   └── TooLateToConfirmError (the same)                            the window has closed; create another intent
├── PriceChangedError         price_changed                409     show the buyer the new total, confirm it
├── ReviewNotOpenError        review_not_open              409     the question was answered, or never asked
├── AllowanceError            (one of these)               429     wait for the next day, or ask the operator
│   ├── DailyIntentsReachedError daily_intents_reached
│   └── DailySpendReachedError   daily_spend_reached
└── PermitError               (one of these)               409     place nothing; say how the task ended
    ├── PermitDiffersError    permit_differs                       what was read is not what was confirmed
    ├── AlreadyPermittedError permit_already_granted               one permit a task, whoever got its answer
    ├── TooLateToPermitError  permit_too_late                      time, hold or worker would not last
    └── NothingToPermitError  permit_not_an_order                  only an order task places an order

None is retryable: the same call would be refused again.
"""

from collections.abc import Sequence

from checkout.purchase.states import State
from payments.money import Money


class PurchaseError(Exception):
    """A command was refused; nothing changed."""

    code = "purchase_error"
    status = 400
    retryable = False


class IntentNotFoundError(PurchaseError):
    """There is no such checkout intent."""

    code = "checkout_intent_not_found"
    status = 404


class OrderNotFoundError(PurchaseError):
    """There is no such order, or not yet."""

    code = "order_not_found"
    status = 404


class InvalidStateError(PurchaseError):
    """The intent's state does not allow this."""

    code = "invalid_checkout_intent_state"
    status = 409

    def __init__(self, message: str, *, state: str) -> None:
        super().__init__(message)
        self.state = state


class TooLateToConfirmError(InvalidStateError):
    """The window to confirm has closed, though the intent may not have been ended by it yet."""

    def __init__(self) -> None:
        super().__init__("the time to confirm this checkout intent is over", state=State.FAILED)


class PriceChangedError(PurchaseError):
    """The buyer agreed to another total than the offer's."""

    code = "price_changed"
    status = 409

    def __init__(self, message: str, *, offered: Money) -> None:
        super().__init__(message)
        self.offered = offered


class ReviewNotOpenError(PurchaseError):
    """No question about this purchase is open."""

    code = "review_not_open"
    status = 409


class AllowanceError(PurchaseError):
    """The tenant has used up what it may use in a day; `seconds` is how long that day lasts."""

    code = "allowance_error"
    status = 429

    def __init__(self, message: str, *, seconds: int) -> None:
        super().__init__(message)
        self.seconds = seconds


class DailyIntentsReachedError(AllowanceError):
    """No more purchases today."""

    code = "daily_intents_reached"


class DailySpendReachedError(AllowanceError):
    """This purchase would spend more than is left of today."""

    code = "daily_spend_reached"


class PermitError(PurchaseError):
    """No leave to place the order. Nothing may be clicked."""

    code = "permit_error"
    status = 409


class PermitDiffersError(PermitError):
    """What the worker read is not exactly what the buyer confirmed; `differences` are sentences."""

    code = "permit_differs"

    def __init__(self, differences: Sequence[str]) -> None:
        super().__init__("; ".join(differences))
        self.differences = differences


class AlreadyPermittedError(PermitError):
    """The task's one permit was granted before."""

    code = "permit_already_granted"


class TooLateToPermitError(PermitError):
    """The task's deadline, the hold or the worker's own silence leave no time to place the order and say so."""

    code = "permit_too_late"


class NothingToPermitError(PermitError):
    """A quote or a look-up places nothing."""

    code = "permit_not_an_order"
