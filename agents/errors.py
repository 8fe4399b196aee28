"""What can go wrong in `agents`, as a tree. `code` is stable; a public failure code where a purchase may end with it.

AgentError
├── RefusedError            the task ends with this definite no (nothing was ordered)
├── UnreadableError         code could not read what it must read off a page; the model may bring a better page
├── SlotRefusedError        a slot may not be filled here (origin, phase), or is none
├── FencedError             the page asked for what the fence refuses
├── PageTroubleError        a page did not load: it hung, broke off, or answered with an error
├── TaskLostError           the task is no longer ours: its token or its time is over
├── PermitRefusedError      the service gave no leave for the commit
├── BudgetSpentError        the task's turns, tokens, money or time are used up
└── BrowserMissingError     no browser can be found; the sentence says what to install
"""

from merchants.sdk import Refused


class AgentError(Exception):
    """Any error of this package."""

    code = "agent_error"


class RefusedError(AgentError):
    """A definite no, found somewhere deep; it ends the task."""

    code = "refused"

    def __init__(self, refused: Refused) -> None:
        super().__init__(refused.message)
        self.refused = refused


class UnreadableError(AgentError):
    """A page does not say, or says in two ways, what code must know."""

    code = "unreadable"


class SlotRefusedError(AgentError):
    """A slot was asked for where it may not go. The message names no value."""

    code = "slot_refused"


class FencedError(AgentError):
    """Outside the fence."""

    code = "fenced"


class PageTroubleError(AgentError):
    """A page did not load. `status` is the HTTP status, if there was an answer."""

    code = "page_trouble"

    def __init__(self, message: str, *, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class TaskLostError(AgentError):
    """Stop at once and report nothing: another worker has the task, or nobody waits for it."""

    code = "task_lost"


class PermitRefusedError(AgentError):
    """No leave for the commit: what was read is not what was confirmed, or it is too late. Nothing was ordered."""

    code = "permit_refused"

    def __init__(self, message: str, *, reason: str) -> None:
        super().__init__(message)
        self.reason = reason


class BudgetSpentError(AgentError):
    """One of the task's budgets is used up."""

    code = "budget_spent"


class BrowserMissingError(AgentError):
    """No Chromium or Chrome was found."""

    code = "browser_missing"
