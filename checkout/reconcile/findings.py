"""What a comparison of books can find, by stable code, and what it counted on the way. Words and data only."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

# A comparison that finds more has found one thing, many times; the rest is only counted.
MOST_KEPT = 1000


class Code(StrEnum):
    """A kind of difference. Codes never change; scripts match on them."""

    PAYMENT_UNKNOWN = "payment_unknown"
    PAYMENT_MISSING = "payment_missing"
    HOLD_DIFFERS = "hold_differs"
    HOLD_AFTER_END = "hold_after_end"
    CAPTURE_DIFFERS = "capture_differs"
    REFUND_MISSING = "refund_missing"
    REFUND_UNKNOWN = "refund_unknown"
    CURRENCY_DIFFERS = "currency_differs"
    BALANCE_DIFFERS = "balance_differs"
    LEDGER_UNBALANCED = "ledger_unbalanced"
    CAPTURED_WITHOUT_ORDER = "captured_without_order"
    ORDER_WITHOUT_CAPTURE = "order_without_capture"
    ORDER_MISSING = "order_missing"
    ORDER_UNKNOWN = "order_unknown"
    ORDER_TOTAL_DIFFERS = "order_total_differs"
    ORDER_SHARED = "order_shared"
    TWO_ORDERS = "two_orders"


MEANS = {
    Code.PAYMENT_UNKNOWN: "money at the provider that no purchase of ours knows",
    Code.PAYMENT_MISSING: "our ledger names a payment that the provider does not know",
    Code.HOLD_DIFFERS: "what is held now is not what our ledger says",
    Code.HOLD_AFTER_END: "the purchase has ended, and money is still held for it",
    Code.CAPTURE_DIFFERS: "what was captured is not what our ledger says",
    Code.REFUND_MISSING: "our ledger says more was paid back than the provider did",
    Code.REFUND_UNKNOWN: "the provider paid back more than our ledger says",
    Code.CURRENCY_DIFFERS: "the same money in two currencies",
    Code.BALANCE_DIFFERS: "the provider captured one amount and booked another on its balance",
    Code.LEDGER_UNBALANCED: "the two halves of a movement in our ledger do not cancel out",
    Code.CAPTURED_WITHOUT_ORDER: "the buyer paid, and no order stands",
    Code.ORDER_WITHOUT_CAPTURE: "an order stands, and the buyer did not pay",
    Code.ORDER_MISSING: "we have an order that the merchant does not know",
    Code.ORDER_UNKNOWN: "the merchant has an order for this purchase that we do not have",
    Code.ORDER_TOTAL_DIFFERS: "the order's total is not the same in all books",
    Code.ORDER_SHARED: "two purchases have the same order",
    Code.TWO_ORDERS: "one purchase has two orders",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One difference. `ours` and `theirs` are amounts or numbers as written; None where a side has none."""

    code: Code
    says: str
    intent_id: str | None = None
    tenant: str | None = None
    payment_id: str | None = None
    order_id: str | None = None
    ours: str | None = None
    theirs: str | None = None

    def as_data(self) -> dict[str, Any]:
        """For `--json`."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(slots=True, kw_only=True)
class Report:
    """What was compared and what was found. `not_checkable` is why → how many orders nobody could be asked about."""

    since: datetime
    findings: list[Finding] = field(default_factory=list)
    found: Counter[Code] = field(default_factory=Counter)
    payments: int = 0
    purchases: int = 0
    under_way: int = 0
    asking: int = 0
    settled_by_hand: int = 0
    foreign: int = 0
    orders_checked: int = 0
    not_checkable: Counter[str] = field(default_factory=Counter)
    unanswered: Counter[str] = field(default_factory=Counter)

    def add(self, finding: Finding) -> None:
        """Count a finding, and keep it while there is room."""
        self.found[finding.code] += 1
        if len(self.findings) < MOST_KEPT:
            self.findings.append(finding)

    def count(self, reasons: Counter[str], why: str) -> None:
        """Count an order that could not be compared; reasons that are all different become one."""
        reasons[why if why in reasons or len(reasons) < MOST_KEPT else "other reasons"] += 1

    def as_data(self) -> dict[str, Any]:
        """For `--json`."""
        counted = ("payments", "purchases", "under_way", "asking", "settled_by_hand", "foreign", "orders_checked")
        return {
            "since": self.since.isoformat(),
            "found": {code.value: count for code, count in sorted(self.found.items())},
            "findings": [finding.as_data() for finding in self.findings],
            "compared": {name: getattr(self, name) for name in counted},
            "not_checkable": dict(self.not_checkable),
            "unanswered": dict(self.unanswered),
        }
