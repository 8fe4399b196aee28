"""A purchase by hand: a scripted browser that knows the shop's designs from inside; it shows that each sells.

It goes by ids and names where the agent has only what is visible.
"""

from dataclasses import dataclass

from playwright.sync_api import Page

from merchants.demo.browser_shop.design import Design
from merchants.demo.browser_shop.goods import BY_HANDLE, CARD
from merchants.demo.browser_shop.paying import BANK_CODE
from merchants.demo.browser_shop.words import words
from tests.merchants.browser_shop.visits import ADDRESS, CARD_FORM


@dataclass(slots=True)
class Hand:
    """One purchase in one page."""

    page: Page
    url: str
    design: Design

    def buy(self, handle: str, *, payment: str = CARD, code: str | None = None, **options: str) -> None:
        """From the product page to the confirmation."""
        self.to_review(handle, payment=payment, **options)
        self.place(code)

    def to_review(self, handle: str, *, payment: str = CARD, **options: str) -> None:
        """Up to the moment before the order."""
        page = self.page
        page.goto(f"{self.url}/products/{handle}?design={self.design.name}")
        self._clear_the_way()
        self._choose(options)
        page.locator("[data-add]").click()
        if self.design.after_add == "drawer":
            page.locator("[data-drawer] a[href='/checkout']").click()
        elif self.design.after_add == "basket":
            page.locator("a[href='/checkout']").click()
        sections = [section for _, page_sections in self.design.layout for section in page_sections]
        if BY_HANDLE[handle].behaviour == "single_shipping":
            sections.remove("shipping")
        for section in sections:
            self._section(section, payment)

    def place(self, code: str | None = None) -> None:
        """Press the button, and tell the bank its code."""
        page = self.page
        if self.design.terms:
            page.locator("[data-terms]").check()
        page.locator("[data-place]").click()
        if code:
            bank = page.frame_locator("iframe") if self.design.bank == "frame" else page
            bank.get_by_label("Code").fill(code)
            bank.get_by_role("button", name="Confirm payment").click()
        page.wait_for_url("**/confirmation*")

    def _clear_the_way(self) -> None:
        for selector in ("[data-newsletter] [data-close]", "[data-cookies=few]"):
            if self.page.locator(selector).count():
                self.page.locator(selector).click()

    def _choose(self, options: dict[str, str]) -> None:
        page = self.page
        for group, value in options.items():
            match self.design.variants:
                case "select":
                    page.get_by_label(group).select_option(value)
                case "links":
                    page.locator(f".swatch a:text-is('{value}')").click()
                case _:
                    page.locator(f"label:has(input[name='option_{group}'][value='{value}'])").click()

    def _section(self, section: str, payment: str) -> None:
        page = self.page
        here = page.locator(f".{self.design.prefix}-{section}")
        here.wait_for()
        match section:
            case "contact":
                page.locator("input[name=account][value=guest]").check()
                page.locator("#email").fill(ADDRESS["email"])
            case "address":
                self._address()
            case "shipping":
                if self.design.shipping == "rows":
                    page.locator("button[name=rate]").first.click()
                    return
                page.locator("input[name=rate]").first.check()
            case "payment":
                page.locator(f"input[name=payment][value={payment}]").check()
                if payment == CARD:
                    self._card()
            case "review":
                return
        last = next(sections[-1] for _, sections in self.design.layout if section in sections)
        if section == last:
            page.locator(f".{self.design.prefix}-next").click()

    def _address(self) -> None:
        page = self.page
        names = ("full_name",) if self.design.names == "one" else ("first_name", "last_name")
        typed = {**ADDRESS, "full_name": f"{ADDRESS['first_name']} {ADDRESS['last_name']}"}
        for name in (*names, "address1", "city", "postal_code", "phone"):
            page.locator(f"#{name}").fill(typed[name])
        match self.design.country:
            case "listbox":
                page.locator("[data-listbox]").click()
                page.locator("[role=option][data-value=US]").click()
            case "search":
                page.locator("[data-search]").fill("united st")
                page.locator("[role=option][data-value=US]").click()
            case _:
                page.locator("#country").select_option("US")
        if self.design.region == "text":
            page.locator("#region").fill("California")
        else:
            page.locator("#region:not([hidden])").select_option("CA")

    def _card(self) -> None:
        said = words(self.design)
        for name, value in CARD_FORM.items():
            match self.design.card_fields:
                case "own":
                    self.page.locator(f"#card_{name}").fill(value)
                case "separate":
                    self.page.frame_locator(f"iframe[src$='only={name}']").get_by_label(said[f"card_{name}"]).fill(
                        value
                    )
                case "hosted":
                    self.page.frame_locator("[data-fields]").get_by_label(said[f"card_{name}"]).fill(value)


CODE = BANK_CODE
