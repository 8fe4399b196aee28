"""What definitely ends a purchase, and what looks like it and does not."""

from dataclasses import dataclass
from typing import cast

import pytest
from playwright.sync_api import Page

from agents.browsing.browser import Visit
from agents.obstacles import obstacle
from tests.agents.reading.pages import Show


@dataclass
class Arrived:
    """As much of a visit as an obstacle is told from."""

    page: Page
    last_status: int | None = 200


def met(page: Page, status: int = 200) -> str | None:
    """The code of the obstacle in front."""
    found = obstacle(cast("Visit", Arrived(page, status)))
    return found.code if found else None


LOGIN = "<label>Email <input type=email></label><label>Password <input type=password></label><button>Sign in</button>"
CASES = {
    "captcha to type": (
        "<h1>Security</h1><p>Please type the characters you see in the image</p><label>Captcha code <input></label>",
        "captcha_blocked",
    ),
    "a wall that checks browsers": (
        "<h1>shop.example</h1><p>Verifying you are human. This may take a few seconds.</p>",
        "bot_protection_blocked",
    ),
    "a login without a way around": (f"<h1>Sign in to check out</h1>{LOGIN}", "unsupported_store_no_guest_checkout"),
    "a page that is not there": ("<h1>Page not found</h1><p>Sorry</p>", "product_not_found"),
    "sold out by its button": ("<h1>Lamp</h1><p>$10.00</p><button disabled>Sold out</button>", "product_out_of_stock"),
    "sold out in the basket": ("<div role=alert>Blue mug is sold out</div><h1>Basket</h1>", "product_out_of_stock"),
    "too few": ("<div class='alert'>Only 1 left in stock</div><h1>Basket</h1>", "insufficient_stock"),
    "guests welcome": (f"<h1>Check out</h1>{LOGIN}<button>Continue as guest</button>", None),
    "guests by a radio": (
        (
            f"<h1>Check out</h1><label><input type=radio checked>Register</label><label>"
            f"<input type=radio>Guest</label>{LOGIN}"
        ),
        None,
    ),
    "another variant is there": (
        (
            "<h1>Tee</h1><p>$10.00</p><label>Size <select><option selected>S (sold out)<option>M</select></label>"
            "<button disabled>Sold out</button>"
        ),
        None,
    ),
    "an account page far from a purchase": (f"<h1>Members</h1>{LOGIN}", None),
    "a form": ("<h1>Checkout</h1><label>Email <input></label><label>Name <input></label><button>Next</button>", None),
    "a product": ("<h1>Lamp</h1><p>$10.00</p><button>Add to basket</button><a href='#'>Red lamp (sold out)</a>", None),
    "a disabled button before a choice": (
        (
            "<h1>Tee</h1><p>$10.00</p><label>Size <select><option>Choose<option>M</select></label>"
            "<button disabled>Add to cart"
            "</button>"
        ),
        None,
    ),
    "an invisible badge": (
        "<h1>Checkout</h1><label>Email <input></label><p>Protected by reCAPTCHA</p><button>Continue</button>",
        None,
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_an_obstacle_is_told_from_what_only_looks_like_one(show: Show, case: str) -> None:
    """In doubt the model goes on."""
    body, expected = CASES[case]
    assert expected == met(show(body))


@pytest.mark.parametrize(
    ("status", "expected"), [(404, "product_not_found"), (410, "product_not_found"), (403, "bot_protection_blocked")]
)
def test_a_status_says_it_too(show: Show, status: int, expected: str) -> None:
    """With a page that says nothing."""
    assert expected == met(show("<p>Sorry.</p>"), status)


@pytest.mark.parametrize(
    ("path", "width", "expected"),
    [
        ("recaptcha/api2/bframe", 400, "captcha_blocked"),
        ("recaptcha/api2/anchor?size=normal", 304, "captcha_blocked"),
        ("recaptcha/api2/anchor?size=invisible", 256, None),
        ("recaptcha/api2/bframe", 0, None),
    ],
)
def test_a_captchas_frame_blocks_when_it_is_shown(page: Page, path: str, width: int, expected: str | None) -> None:
    """The badge of an invisible one does not."""
    frame = f"<iframe src='https://www.google.com/{path}' width={width} height={min(width, 78)}></iframe>"
    shop = f"<h1>Checkout</h1><label>Email <input></label>{frame}<button>Continue</button>"
    page.route(
        "**/*",
        lambda route: route.fulfill(
            body=shop if "shop.example" in route.request.url else "puzzle", content_type="text/html"
        ),
    )
    page.goto("http://shop.example/checkout")
    assert expected == met(page)
