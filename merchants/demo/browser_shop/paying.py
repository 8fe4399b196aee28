"""The payment provider and the bank: hosted card fields that hand out tokens, and 3-D Secure pages.

Two sites of their own. A card's number is looked at once, for its check digit, and kept nowhere; what stays is a token
and the last four digits. Knows cards and codes; must never know a basket.
"""

import re
import secrets
from dataclasses import dataclass, field

from merchants.demo.browser_shop import pages
from merchants.demo.browser_shop.design import DESIGNS, named
from merchants.demo.browser_shop.web import Request, Response, Sites, answer_json, html, see_other
from merchants.demo.browser_shop.words import words

# The code the bank's page accepts; it tells it to nobody.
BANK_CODE = "1234"
_EXPIRY = re.compile(r"(0[1-9]|1[0-2]) ?/ ?(\d\d|20\d\d)")


def card_error(number: str, expiry: str, cvc: str) -> str | None:
    """The field that is wrong, or None."""
    digits = re.sub(r"[ -]", "", number)
    if not re.fullmatch(r"\d{13,19}", digits) or not _check_digit_holds(digits):
        return "number"
    if not _EXPIRY.fullmatch(expiry.strip()):
        return "expiry"
    return None if re.fullmatch(r"\d{3,4}", cvc.strip()) else "cvc"


def _check_digit_holds(digits: str) -> bool:
    doubled = (int(digit) * (1 + position % 2) for position, digit in enumerate(reversed(digits)))
    return sum(value // 10 + value % 10 for value in doubled) % 10 == 0


@dataclass(slots=True)
class Vault:
    """The provider's tokens: token → last four digits."""

    tokens: dict[str, str] = field(default_factory=dict, repr=False)

    def keep(self, number: str) -> tuple[str, str]:
        """A token for this card, and its last four digits."""
        token = f"tok_{secrets.token_hex(8)}"
        self.tokens[token] = re.sub(r"\D", "", number)[-4:]
        return token, self.tokens[token]

    def site(self, request: Request) -> Response:
        """pay.*: the card fields, and the tokens."""
        if request.path == "/fields":
            design = named(request.query.get("design", "")) or DESIGNS["ordinary"]
            parent = request.query.get("parent", "")
            return html(
                pages.bare(
                    "pay_fields.html",
                    parent=parent,
                    only=request.query.get("only", ""),
                    t=words(design),
                    language=design.language,
                )
            )
        if request.path == "/tokens" and request.method == "POST":
            form = request.form
            if wrong := card_error(form.get("number", ""), form.get("expiry", ""), form.get("cvc", "")):
                return answer_json({"error": wrong}, status=402)
            token, last4 = self.keep(form["number"])
            return answer_json({"token": token, "last4": last4})
        return Response(status=404)


@dataclass(slots=True)
class Bank:
    """bank.*: asks the card's owner, or does not, and sends the browser back to the shop."""

    sites: Sites

    def url(self, transaction: str, *, challenge: bool) -> str:
        """Where the browser is sent."""
        return f"{self.sites.bank}/acs?transaction={transaction}&challenge={int(challenge)}"

    def site(self, request: Request) -> Response:
        """The pages."""
        if request.path != "/acs":
            return Response(status=404)
        transaction = request.query.get("transaction", "")
        challenge = request.query.get("challenge") == "1"
        wrong = False
        if request.method == "POST":
            if request.form.get("code", "") == BANK_CODE:
                return see_other(f"{self.sites.shop}/checkout/3ds?transaction={transaction}&result=ok")
            wrong = True
        back = f"{self.sites.shop}/checkout/3ds"
        return html(pages.bare("bank.html", transaction=transaction, back=back, challenge=challenge, wrong=wrong))
