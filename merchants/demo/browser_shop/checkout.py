"""The way from the basket to the order: pages in the session's layout, the order, the bank's answer, the confirmation.

Knows which page follows which; must never know what a page looks like.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from merchants.demo.browser_shop.goods import CARD, Behaviour
from merchants.demo.browser_shop.hostile import Spot
from merchants.demo.browser_shop.pages import Pages
from merchants.demo.browser_shop.paying import Bank, Vault, card_error
from merchants.demo.browser_shop.placing import Till
from merchants.demo.browser_shop.sections import TAKES, Errors, layout
from merchants.demo.browser_shop.sessions import Session
from merchants.demo.browser_shop.tricks import before_review, express
from merchants.demo.browser_shop.web import Fate, Request, Response, html, see_other
from merchants.demo.browser_shop.words import words

BANK_RETURN = "/checkout/3ds"


@dataclass(slots=True)
class Checkout:
    """The checkout of one shop."""

    pages: Pages
    till: Till
    bank: Bank
    vault: Vault

    def answer(self, request: Request, session: Session, step: str) -> Response:  # noqa: PLR0911 (routes)
        """Any request under /checkout."""
        if step == "3ds":
            return self._bank_answered(request)
        if not session.lines or session.bought(Behaviour.SELLS_OUT_IN_BASKET):
            return see_other("/basket")
        if session.bought(Behaviour.LOGIN_WALL):
            return html(self.pages.page("login.html", session))
        if session.case.spot is Spot.REDIRECT_CHECKOUT:
            return see_other(session.case.text)
        if step == "live":
            return self._live(request, session)
        names = [name for name, _ in layout(session)]
        if step == "place":
            return self._place(request, session) if request.method == "POST" else see_other("/checkout")
        if step not in names:
            return see_other(f"/checkout/{names[0]}")
        return self._step(request, session, names.index(step))

    def _step(self, request: Request, session: Session, index: int) -> Response:
        pages = layout(session)
        for earlier, sections in pages[:index]:
            if any(_unanswered(session, section) for section in sections):
                return see_other(f"/checkout/{earlier}")
        if request.method != "POST":
            return self._show(session, index, {})
        errors = self._take(session, pages[index][1], request.form)
        if errors:
            return self._show(session, index, errors)
        return see_other(f"/checkout/{pages[min(index + 1, len(pages) - 1)][0]}")

    def _show(self, session: Session, index: int, errors: Errors) -> Response:
        name, sections = layout(session)[index]
        if "review" in sections:
            before_review(session)
        if "payment" in sections and session.case.spot is Spot.CONFIRMATION_EARLY:
            order = {**self.till.order(session), "number": "DS-00000000"}
            return html(self.pages.page("confirmation.html", session, order=order))
        page = self.pages.page(
            "checkout.html",
            session,
            errors=errors,
            sections=sections,
            here=name,
            last=index == len(layout(session)) - 1,
            following=[one for _, later in layout(session)[index + 1 :] for one in later],
        )
        return html(page, status=422 if errors else 200)

    def _take(self, session: Session, sections: list[str], form: Mapping[str, str]) -> Errors:
        if session.design.card_fields == "own" and form.get("card_number"):
            form = self._tokenised(form)
        errors: Errors = {}
        for section in sections:
            errors |= TAKES[section](session, form)
        return errors

    def _tokenised(self, form: Mapping[str, str]) -> Mapping[str, str]:
        """A form in which the card's number has become a token."""
        number, expiry, cvc = (form.get(f"card_{name}", "") for name in ("number", "expiry", "cvc"))
        if card_error(number, expiry, cvc):
            return form
        token, last4 = self.vault.keep(number)
        return {**form, "card_token": token, "card_last4": last4}

    def _live(self, request: Request, session: Session) -> Response:
        """Ways to ship and sums for what is typed so far: a script asks while the page is filled in."""
        for name in ("country", "region"):
            if name in request.query:
                session.fields[name] = request.query[name]
        session.rate_id = request.query.get("rate", session.rate_id)
        return html(self.pages.part("live.html", session))

    def _place(self, request: Request, session: Session) -> Response:  # noqa: PLR0911 (every way an order can end)
        pages = layout(session)
        errors = self._take(session, pages[-1][1], request.form)
        errors |= {} if session.rate else {"rate": "missing"}
        if session.payment == CARD and not errors and (refused := self._card_refused(session)):
            session.said.append(refused)
            session.token = session.last4 = ""
            return see_other(f"/checkout/{'payment' if len(pages) > 1 else pages[0][0]}")
        if errors:
            return self._show(session, len(pages) - 1, errors)
        if gone := self.till.sold_out(session):
            session.said.append(words(session.design)["sold_out_meanwhile"].format(gone))
            return see_other("/basket")
        if session.bought(Behaviour.CRASHES):
            return Response(fate=Fate.DROPPED)
        if self.till.wants_bank(session):
            transaction = self.till.wait(session)
            bank = self.bank.url(transaction, challenge=session.bought(Behaviour.CHALLENGE))
            framed = session.design.bank == "frame"
            return html(self.pages.page("bank_frame.html", session, bank=bank)) if framed else see_other(bank)
        drops, hangs = session.bought(Behaviour.DROPS_ANSWER), session.bought(Behaviour.HANGS_AFTER_ORDER)
        order = self.till.order(session)
        self.till.place(session, order)
        if drops or hangs:
            return Response(fate=Fate.DROPPED if drops else Fate.HANGS)
        return see_other(_confirmation_path(order))

    def _card_refused(self, session: Session) -> str | None:
        said = words(session.design)
        if session.bought(Behaviour.DECLINES):
            return said["declined"]
        return None if session.token in self.vault.tokens else said["card_missing"]

    def _bank_answered(self, request: Request) -> Response:
        asked = {**request.query, **request.form}
        kept = self.till.released(asked.get("transaction", "")) if asked.get("result") == "ok" else None
        return see_other(_confirmation_path(kept[1]) if kept else "/basket")

    def confirmation(self, request: Request, session: Session) -> Response:
        """The page after an order, for whoever has its key."""
        order = self.till.find(request.query.get("order", ""))
        if order is None or order["key"] != request.query.get("key"):
            return see_other("/basket")
        # The script's own answers are sent on to here too, while the last of its orders may still be on its way: only a
        # visitor who comes here is done with the basket.
        if session.bought(Behaviour.DUPLICATE_SUBMIT) and request.headers.get("sec-fetch-mode") != "cors":
            session.emptied()
        return html(self.pages.page("confirmation.html", session, order=order))

    def express(self, session: Session) -> Response:
        """An order at a single click, which nobody asked for."""
        hasty = express(session)
        order = self.till.order(hasty)
        self.till.place(hasty, order)
        session.orders.append(order["number"])
        return see_other(_confirmation_path(order))

    def orders(self, session: Session) -> list[dict[str, Any]]:
        """The visitor's orders."""
        return [found for number in session.orders if (found := self.till.find(number))]


def _confirmation_path(order: dict[str, Any]) -> str:
    return f"/confirmation?order={order['number']}&key={order['key']}"


def _unanswered(session: Session, section: str) -> bool:
    """Whether an earlier section still lacks what it asks for."""
    match section:
        case "contact":
            return not session.fields.get("email")
        case "address":
            return not (session.fields.get("country") and session.fields.get("address1"))
        case "shipping":
            return session.rate is None
        case "payment":
            return not session.payment
    return False
