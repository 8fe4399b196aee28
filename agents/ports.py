"""What a task acts through: the service it came from, over HTTP in the worker, scripted in tests."""

from typing import Any, Protocol

from agents.terms import Permit, Readings, SavedSession


class Service(Protocol):
    """The service, for one claimed task."""

    def at(self, step: str) -> None:
        """Progress: what the task is doing now, in a few words; goes out with the next heartbeat.

        TaskLostError when a heartbeat found that the task is no longer ours.
        """
        ...

    def permit(self, readings: Readings, session: SavedSession) -> Permit:
        """Ask leave for the commit. It is on disk when this returns; PermitRefusedError or TaskLostError if not.

        Asked at most once a task; a lost answer is a PermitRefusedError too, since no click follows it.
        """
        ...

    def witnessed(self, evidence: dict[str, Any]) -> None:
        """Put on record at once what was seen after the click (redacted), so that a crash after this loses nothing."""
        ...
