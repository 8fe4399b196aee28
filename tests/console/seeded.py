"""A database with purchases in every state an operator meets, left there by the purchase over a scripted world."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from checkout import wiring
from checkout.console import runs
from checkout.durable.testing import TestBed
from checkout.purchase.commands import Asked, Pays, Purchases
from checkout.settings import Settings
from checkout.store.clock import ManualClock
from checkout.store.vault import Vault
from merchants.sdk import Unclear
from tests.purchase.scripted import ADA, World
from tests.purchase.stories import lost_answer

LAMP = "https://shop.example/lamp"
LONG = f"https://shop.example/products/{'-'.join(['brass'] * 20)}?variant=4711"
UNREADABLE = "the merchant's own session could not be read: GET /checkout-sessions/chk_81 answered 503 three times"


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """An operator's desk: a bed whose clock stands still, and the database file beside it."""

    bed: TestBed
    file: Path

    @property
    def environment(self) -> dict[str, str]:
        """How a command finds this database."""
        return {"CHECKOUT_DATABASE_URL": f"sqlite:///{self.file}"}

    def buy(self, url: str = LAMP, *, tenant: str = "t_1", confirmed: bool = True, **script: list[Any]) -> str:
        """A purchase in a world with this script, as far as it goes within a minute; its id."""
        settings = Settings()
        wiring.register(self.bed.service, World(script=script), self.bed.clock, settings)
        purchases = Purchases(self.bed.service, Vault.fresh(), self.bed.clock, settings)
        wire = {"buyer": {"firstName": "Ada"}, "productUrl": url, "quantity": 1}
        pays = Pays(method="stripe_token", token="tok_visa", echo={}) if confirmed else None
        with self.bed.database.transaction() as session:
            asked = Asked(product_url=url, quantity=1, buyer=ADA, wire=wire)
            intent_id = purchases.create(session, tenant, asked, pays).id
        self.go_on()
        return intent_id

    def buy_unclear(self, url: str = LAMP) -> str:
        """One that asks an operator: the order's answer is lost, and the merchant cannot be read."""
        return self.buy(url, place_order=[lost_answer], find_order=[Unclear(message=UNREADABLE)] * 2)

    def go_on(self) -> None:
        """Let everything run that can, for a minute."""
        self.bed.service.run_until_idle()
        for _ in range(6):
            self.bed.clock.advance(seconds=10)
            self.bed.service.run_until_idle()

    def story(self, intent_id: str) -> runs.Story:
        """As the screens get it."""
        return runs.read_story(self.bed.database, self.bed.service, intent_id)


@contextmanager
def desk(folder: Path, begins: datetime | None = None) -> Iterator[Desk]:
    """A desk on a new file, on a clock that begins where the bed's does, or at `begins`."""
    file = folder / "checkout.sqlite3"
    with TestBed(f"sqlite:///{file}", clock=ManualClock(begins) if begins else None) as bed:
        yield Desk(bed=bed, file=file)
