"""What releases recorded goes on with this build: ended purchases replay, waiting ones come to their end."""

import logging
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from importlib.metadata import version as distribution_version
from typing import Any

import pytest
from aws_durable_execution_sdk_python import DurableContext

from checkout.durable.service import DurableService
from checkout.purchase import codec
from checkout.purchase.commands import FUNCTION
from checkout.purchase.ports import Ports
from checkout.purchase.projection import project
from checkout.purchase.saga import VERSION, Purchase
from checkout.store.clock import Clock
from merchants.sdk import Offer, Order
from payments.gateway import Captured, Held
from tests.golden.recording import Recording, all_recordings
from tests.golden.replaying import judge
from tests.golden.stage import Register, as_deployed
from tests.purchase.scripted import World

RECORDINGS = all_recordings()
WAITING = [recording for recording in RECORDINGS if recording.waits_for]


class NotesTheOrder(Purchase):
    """A harmless-looking change: the order is written down once more before the money is taken."""

    def capture(self, held: Held, order: Order) -> tuple[Order, Captured | None]:
        """As before, after a new step."""
        self.record("note-order", lambda: order)
        return super().capture(held, order)


class AsksAnotherWay(Purchase):
    """A renamed wait: who waits at the old one would never be answered."""

    def await_confirmation(self) -> Any:
        """As before, by another name."""
        return self.ask_buyer("await-consent")


class QuotesTwice(Purchase):
    """The first step comes once more, so that every later one moves by a place."""

    def fetch_offer(self) -> Any:
        """As before, and again."""
        offer = super().fetch_offer()
        return super().fetch_offer() if isinstance(offer, Offer) else offer


def registered(kind: type[Purchase], version: int, service: DurableService, world: World, clock: Clock) -> None:
    """Register a changed saga where the build registers its own."""

    def saga(event: Mapping[str, Any], context: DurableContext, *, ports: Ports) -> dict[str, Any]:
        return codec.to_json(kind(codec.from_json(event), context, ports).run())

    projector = partial(project, now=clock.now)
    handler = partial(saga, ports=world)
    service.register(FUNCTION, handler, version=version, projector=projector, ends_only_by_result=True)


def beside(kind: type[Purchase], service: DurableService, world: World, clock: Clock) -> None:
    """The changed saga as another version, and the old one kept: what the sentence says to do."""
    as_deployed(service, world, clock)
    registered(kind, VERSION + 1, service, world, clock)


def sentences(recordings: Iterable[Recording], register: Register) -> Iterator[str]:
    """What is said of those that would break."""
    return (said for recording in recordings if (said := judge(recording, register)))


@pytest.mark.parametrize("recording", RECORDINGS, ids=str)
def test_what_a_release_recorded_goes_on_with_this_build(recording: Recording) -> None:
    """An ended purchase replays to its result and calls nothing; a waiting one comes to the end it came to then."""
    assert None is judge(recording)


@pytest.mark.parametrize("kind", [NotesTheOrder, AsksAnotherWay, QuotesTwice])
def test_a_change_that_would_break_a_waiting_purchase_is_caught_and_the_sentence_says_what_to_do(
    kind: type[Purchase], caplog: pytest.LogCaptureFixture
) -> None:
    """A changed saga under the version of the old one breaks a purchase that waits."""
    caplog.set_level(logging.CRITICAL)
    said = next(sentences(WAITING, partial(registered, kind, VERSION)), "")
    assert "would break, because it ends PARKED" in said
    assert "raise VERSION in checkout/purchase/saga.py" in said
    assert "docs/adr/0014-golden-histories.md" in said


def test_what_the_sentence_says_to_do_helps(caplog: pytest.LogCaptureFixture) -> None:
    """The changed saga as a version of its own, and the old one beside it: nothing that waits breaks."""
    caplog.set_level(logging.CRITICAL)
    assert [] == list(sentences(WAITING, partial(beside, NotesTheOrder)))


def test_a_version_that_is_no_longer_registered_is_caught(caplog: pytest.LogCaptureFixture) -> None:
    """Whoever raises the version and forgets the old saga strands every purchase that waits on it."""
    caplog.set_level(logging.CRITICAL)
    forgotten = partial(registered, Purchase, VERSION + 1)
    replayed = [one for one in RECORDINGS if one.version == VERSION and (one.waits_for or not one.database)]
    said = list(sentences(replayed, forgotten))
    assert len(replayed) == len(said)
    assert all(f"no saga of version {VERSION} is registered" in sentence for sentence in said)


def test_the_recordings_hold_every_wait_and_every_end() -> None:
    """At each callback, at a retry and at a look-up; completed, failed, cancelled; by an adapter and by an agent."""
    waits = {str(recording.waits_for).removesuffix(" create callback id") for recording in WAITING}
    assert {"await-confirmation", "await-agent-offer", "await-agent-order", "await-review"} <= waits
    assert {"look-up-order", "create-charge", "release-payment"} <= waits
    ends = {recording.then.status for recording in RECORDINGS}
    assert {"SUCCEEDED", "STOPPED"} == ends
    assert {"completed", "failed"} == {recording.then.public["state"] for recording in RECORDINGS}


def test_this_release_and_this_version_of_the_saga_are_recorded() -> None:
    """Whoever makes a release records it: `python -m tests.golden.record`."""
    assert (distribution_version("agentic-checkout"), VERSION) in {(one.release, one.version) for one in RECORDINGS}
