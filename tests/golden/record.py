"""Records executions of this release, ended ones and those that wait: once, when a release is made.

    python -m tests.golden.record

writes what is missing under `tests/golden/<release>/saga-<version>/` and changes nothing that is there. Recorded are
the purchase's stories, and each again at every moment it rests on the way: at a callback, a retry, a look-up.
"""

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import replace
from importlib.metadata import version as distribution_version
from pathlib import Path
from typing import Any

from checkout.purchase import codec
from checkout.purchase.commands import FUNCTION, Purchases
from checkout.purchase.saga import VERSION
from checkout.purchase.states import State
from checkout.settings import Settings
from checkout.store.models import Intent
from checkout.store.vault import Vault
from tests.golden.recording import Outside, Recording, dump
from tests.golden.stage import Stage, stage
from tests.purchase.scripted import START
from tests.purchase.stories import STORIES, Story, asked_of, world_of

NAME = "ci_story"
# Between them: by an adapter, by an agent, declined, refused, unknown and found, unknown and asked, expired, settled.
RECORDED = (
    "confirmed after the offer",
    "never confirmed",
    "card declined",
    "hold never settled",
    "refused at the order",
    "lost answer, order found",
    "lost request, order absent",
    "unclear to the end, an operator finds it",
    "unclear to the end, an operator finds nothing",
    "unclear, an operator asks again",
    "charged more than confirmed",
    "the hold lapsed, settled by hand",
    "release never settled, settled by hand",
    "quoted and ordered by an agent",
    "no agent came",
    "the agent fell silent",
)
CANCELLED = "cancelled while the buyer was asked"


def recordings(folder: Path) -> Iterator[Recording]:
    """Everything that is recorded of this release."""
    for story in STORIES:
        if story.name in RECORDED:
            yield from _told(story, folder / story.name.replace(" ", "-"))
    (confirmed,) = [story for story in STORIES if story.name == "confirmed after the offer"]
    yield _cancelled(confirmed, folder / "cancelled")


def _told(story: Story, folder: Path) -> Iterator[Recording]:
    """One story: how it ended, and every rest on its way with what came after it."""
    left = {name: [codec.to_json(one) for one in answers] for name, answers in story.answers.items()}
    rests: list[tuple[Recording, int]] = []
    with begun(story, folder) as on:
        for _ in on.go_on(left):
            rest = _recording(story.name, on, waits_for=on.waits_for(), answers=left)
            if not rests or rests[-1][0].operations != rest.operations:  # a second later and the same is the same rest
                rests.append((rest, len(on.world.calls)))
        yield _recording(story.name, on)
        for rest, calls_before in rests:
            ending = on.ending(rest.then.answers, calls_before=calls_before)
            yield replace(rest, then=ending)


def _cancelled(story: Story, folder: Path) -> Recording:
    """The developer called it back while nothing was held."""
    with begun(story, folder) as on:
        next(iter(on.go_on({})))
        purchases = Purchases(on.bed.service, Vault.fresh(), on.bed.clock, Settings())
        with on.bed.database.transaction() as session:
            purchases.cancel(session, asked_of(story).tenant, NAME)
        on.bed.service.run_until_idle()
        return _recording(CANCELLED, on)


def _recording(
    name: str, on: Stage, *, waits_for: str | None = None, answers: dict[str, list[Any]] | None = None
) -> Recording:
    """The purchase as it stands: everything that is to survive an upgrade.

    One that returned its result is replayed from its operations alone, so its database is not kept.
    """
    then = on.ending(deepcopy(answers or {}), calls_before=len(on.world.calls))
    return Recording(
        release=distribution_version("agentic-checkout"),
        version=VERSION,
        name=name,
        now=on.bed.clock.now().isoformat(),
        waits_for=waits_for,
        input=json.loads(on.bed.service.get(NAME).input),
        operations=on.wire(),
        then=then,
        outside=Outside.of(on.world),
        database=[] if then.result else dump(on.file),
    )


@contextmanager
def begun(story: Story, folder: Path) -> Iterator[Stage]:
    """The story's purchase on a new database, started and not run yet."""
    folder.mkdir(parents=True)
    request = asked_of(story)
    with stage(folder / "checkout.sqlite3", world_of(story), NAME, START) as on:
        with on.bed.database.transaction() as session:
            session.add(
                Intent(
                    id=NAME,
                    tenant=request.tenant,
                    state=State.RETRIEVING_OFFER.value,
                    created_at=START,
                    updated_at=START,
                    confirm_before=request.confirm_before,
                    request={"buyer": {}, "productUrl": request.product_url},
                )
            )
            session.flush()
            on.bed.service.start(FUNCTION, NAME, codec.dumps(request), session=session)
        yield on


def main() -> None:
    """Write what is missing."""
    with tempfile.TemporaryDirectory(prefix="golden-") as folder:
        for recording in recordings(Path(folder)):
            recording.save()


if __name__ == "__main__":
    main()
