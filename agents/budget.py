"""What a task has used up, and the error that ends it. Knows counts and a clock; must never know what was done."""

import time
from dataclasses import dataclass, field

from agents.errors import BudgetSpentError
from agents.terms import Budget

MILLION = 1_000_000


@dataclass(slots=True)
class Meter:
    """Counts one task's use. `seconds` is how long the task may take from now."""

    budget: Budget
    seconds: float
    turns: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    model_seconds: float = 0.0
    started: float = field(default_factory=time.monotonic)

    @property
    def seconds_left(self) -> float:
        """Until the task must end."""
        return self.started + self.seconds - time.monotonic()

    @property
    def usd(self) -> float:
        """What the model cost so far, in US dollars, by the configured prices."""
        prices = self.budget
        spent = self.input_tokens * prices.usd_per_million_input + self.output_tokens * prices.usd_per_million_output
        return spent / MILLION

    def turn(self) -> None:
        """Begin a turn; BudgetSpentError if there is none left."""
        self.check()
        self.turns += 1

    def used(self, *, input_tokens: int, output_tokens: int, seconds: float) -> None:
        """Count one answer of the model."""
        self.input_tokens += input_tokens
        self.output_tokens += output_tokens
        self.model_seconds += seconds

    def check(self) -> None:
        """BudgetSpentError names the first budget that is used up."""
        budget = self.budget
        if self.seconds_left <= 0:
            raise BudgetSpentError(f"the task's {self.seconds:.0f} seconds are over")
        if self.turns >= budget.turns:
            raise BudgetSpentError(f"the task's {budget.turns} turns are used up")
        if self.input_tokens >= budget.input_tokens:
            raise BudgetSpentError(f"the task's {budget.input_tokens} input tokens are used up")
        if self.usd >= budget.usd:
            raise BudgetSpentError(f"the task's {budget.usd:.2f} US dollars are used up")

    def report(self) -> dict[str, float]:
        """For the evidence: turns, tokens, dollars, seconds."""
        return {
            "turns": self.turns,
            "input_tokens": self.input_tokens,
            "output_tokens": self.output_tokens,
            "usd": round(self.usd, 4),
            "seconds": round(time.monotonic() - self.started, 3),
            "model_seconds": round(self.model_seconds, 3),
        }
