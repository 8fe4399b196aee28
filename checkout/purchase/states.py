"""The public states of a checkout intent and the moves between them. Knows words only."""

from enum import StrEnum


class State(StrEnum):
    """What a developer sees. An open question to an operator is not among them: it leaves `placing_order` as it is."""

    RETRIEVING_OFFER = "retrieving_offer"
    AWAITING_CONFIRMATION = "awaiting_confirmation"
    PLACING_ORDER = "placing_order"
    COMPLETED = "completed"
    FAILED = "failed"


TERMINAL = frozenset({State.COMPLETED, State.FAILED})

MOVES: dict[State, frozenset[State]] = {
    State.RETRIEVING_OFFER: frozenset({State.AWAITING_CONFIRMATION, State.PLACING_ORDER, State.FAILED}),
    State.AWAITING_CONFIRMATION: frozenset({State.PLACING_ORDER, State.FAILED}),
    State.PLACING_ORDER: frozenset({State.COMPLETED, State.FAILED}),
    State.COMPLETED: frozenset(),
    State.FAILED: frozenset(),
}
