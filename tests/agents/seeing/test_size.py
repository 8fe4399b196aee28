"""How small the lean text is over the pages of whole purchases, and that it is enough to buy with."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from agents.browsing.browser import Browser
from agents.model import Model
from agents.seeing.observe import Observer, Sight, Snapshot
from checkout import children
from merchants.sdk import Offer, Order
from payments.cards import OneCard
from tests.agents.world import CARD, World

SHOPS = {
    "browser_shop": ("--book", "{folder}/orders.jsonl", "--log", "{folder}/shop.jsonl"),
    "oscar": ("--folder", "{folder}/oscar"),
}
PRODUCT = {"browser_shop": "sells", "oscar": "simple"}


@contextmanager
def shopping(folder: Path, shop: str) -> Iterator[World]:
    """A shop, a model that reads what it is sent, and a browser."""
    with ExitStack() as stack:
        options = [option.format(folder=folder) for option in SHOPS[shop]]
        started = children.start("shop", f"merchants.demo.{shop}", "--port", "0", *options, folder=folder)
        stack.callback(started.stop)
        server = children.start("model", "agents.stand_in", "--port", "0", folder=folder)
        stack.callback(server.stop)
        browser = stack.enter_context(Browser.opened())
        model = Model.connect("stand-in-buyer-1", api_key="stand-in", base_url=server.url)
        stack.callback(model.close)
        yield World(folder, started, server, browser, model, OneCard(card=CARD))


@pytest.mark.parametrize("shop", SHOPS)
def test_the_lean_text_is_at_most_half_of_playwrights_and_enough_to_buy_with(
    shop: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every reading of a quote and its order, against Playwright's own snapshot of the same moment.

    The model knows only what is in the text, so an order that is placed proves that nothing it needed was left out.
    """
    sizes: list[tuple[str, int, int]] = []
    snapshot = Observer.snapshot

    def measured(self: Observer, *, whole: bool = False, sight: Sight | None = None) -> Snapshot:
        seen = snapshot(self, whole=whole, sight=sight)
        if not whole:
            sizes.append((seen.title, len(seen.text), len(self.visit.page.aria_snapshot(mode="ai"))))
        return seen

    monkeypatch.setattr(Observer, "snapshot", measured)
    with shopping(tmp_path, shop) as world:
        task = world.offer_task(PRODUCT[shop])
        offer = world.run(task)
        assert isinstance(offer, Offer), offer
        order = world.run(world.order_task(task, offer))
        assert isinstance(order, Order), order
    lean, playwrights = sum(size for _, size, _ in sizes), sum(size for *_, size in sizes)
    print(f"\n{shop}: lean {lean}, Playwright's {playwrights}, {lean / playwrights:.0%}")  # noqa: T201 (the figures)
    for title, size, full in sizes:
        print(f"  {size:6} {full:6} {size / full:4.0%}  {title}")  # noqa: T201 (same)
    assert all(size <= full / 2 for _, size, full in sizes)
