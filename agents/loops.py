"""Does an agent get anywhere? The same act on the same page, again and again, is a loop.

Knows page identities and acts as strings; must never know what they mean.
"""

from collections import Counter
from dataclasses import dataclass, field

from agents.errors import BudgetSpentError

# Twice can be right (a field that cleared itself); the third time is answered with a hint, the sixth ends the task.
HINT_AFTER = 2
END_AFTER = 5


@dataclass(slots=True)
class Loops:
    """Counts one task's acts by the page they were done on."""

    seen: Counter[tuple[str, str]] = field(default_factory=Counter)

    def note(self, page: str, act: str) -> str | None:
        """Count an act about to be done; a hint where it was done before, BudgetSpentError where it is a loop."""
        times = self.seen[page, act]
        self.seen[page, act] += 1
        if times >= END_AFTER:
            raise BudgetSpentError(f"the agent did the same on the same page {times + 1} times")
        if times >= HINT_AFTER:
            return f"you did exactly this on this page {times} times before and it led nowhere; do something else"
        return None
