"""What definitely ends a purchase at this shop, told from the page: a captcha, a wall, a product that is not for sale.

Asked after every step before the commit, and never after it: nothing was ordered yet, so the answer is a definite no.
In doubt there is no obstacle, and the model goes on. An age gate is a question for a person and no obstacle: the model
gives up where it has to. Knows marker texts; must never act on a page.
"""

import re
from urllib.parse import urlsplit

from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Frame

from agents.browsing.browser import Visit
from agents.errors import UnreadableError
from agents.reading.basket import ADD
from agents.reading.goods import SOLD_OUT, ProductReading, product
from agents.reading.labels import folded
from agents.reading.seen import SURROUNDINGS, Control, Seen, look
from merchants.sdk import Refused

_GONE = frozenset({404, 410})
_TURNED_AWAY = frozenset({401, 403, 429, 503})
# A page that turns visitors away says little else.
SHORT_PAGE = 1500
# The badge of an invisible captcha is smaller, the box to tick and the puzzle are not.
BOX_WIDTH, BOX_HEIGHT = 150.0, 60.0
_CHALLENGE = re.compile(
    r"recaptcha/(api2|enterprise)/bframe|hcaptcha\.com/.*(challenge|frame=challenge)|challenges\.cloudflare\.com"
    r"|arkoselabs|funcaptcha"
    r"|geetest|captcha-delivery\.com|px-captcha"
)
_TICK_BOX = re.compile(
    r"recaptcha/(api2|enterprise)/anchor(?!.*size=invisible)|hcaptcha\.com/.*(checkbox|frame=checkbox)"
)
_CAPTCHA_WORDS = re.compile(
    r"\b(i am not a robot|i'm not a robot|ich bin kein roboter|je ne suis pas un robot|no soy un robot"
    r"|non sono un robot"
    r"|ik ben geen robot|(enter|type) the (characters|letters|text|code) (you see|shown|in the (image|picture)"
    r"|from the image)|solve the (puzzle|captcha)"
    r"|select all (images|squares)|security check captcha|captcha code|captcha)\b"
)
_BOT_WALL = re.compile(
    r"just a moment|attention required|checking your browser|verify(ing)? (that )?you are (a )?human|are you a (human"
    r"|robot)|access (to this page )?(has been |is )?denied"
    r"|request unsuccessful|incapsula|pardon our interruption|unusual (traffic|activity)|automated (access|requests"
    r"|traffic)|you have been blocked"
    r"|enable javascript and (disable|cookies)|ddos protection|too many requests|bot (detected|detection)|perimeterx"
    r"|datadome"
)
_NOT_FOUND = re.compile(
    r"\b(page not found|404( not found| error)?|product (was )?not found|no longer exists"
    r"|seite (wurde )?nicht gefunden|page introuvable"
    r"|pagina no encontrada|pagina non trovata|pagina niet gevonden)\b"
)
_GUEST = re.compile(
    r"\b(guest|without (an |a )?(account|registering|registration)|no account|skip (sign|log)|als gast|gastbestellung"
    r"|ohne (konto|registrierung)|invite"
    r"|sans compte|invitado|sin (cuenta|registro)|ospite|senza registrazione|als gast bestellen|zonder account)\b"
)
_WALL = re.compile(
    r"\b((sign|log) ?in|login|anmelden|einloggen|connexion|connectez|se connecter|identifiez|iniciar sesion|accedi"
    r"|inloggen)\b"
)
_TO_BUY = re.compile(
    r"\b(check ?out|continue|order|purchase|buy|kasse|bestell\w*|command\w*|pedido|comprar?|compra|ordine|acquist\w*)\b"
)
_TOO_FEW = re.compile(
    r"\b(only \d+ (left|available|in stock)|not enough stock|insufficient stock|exceeds (the )?(available )?stock"
    r"|quantity (is )?not available"
    r"|maximum quantity|nur noch \d+|nicht genugend)\b"
)


def obstacle(visit: Visit, seen: Seen | None = None) -> Refused | None:
    """The definite no the page in front is, if it is one. `seen`: the page, where it was read just now."""
    try:
        seen = seen or look(visit.page)
    except UnreadableError:
        return None
    status = visit.last_status
    return (
        _captcha(visit, seen)
        or _bot_wall(seen, status)
        or _not_found(seen, status)
        or _login_wall(seen)
        or _sold_out(seen)
    )


def _captcha(visit: Visit, seen: Seen) -> Refused | None:
    """A challenge that blocks; the badge of an invisible one does not, nor a box beside a product that can be added."""
    frames = [frame for frame in visit.page.frames if frame != visit.page.main_frame]
    challenged = any(_CHALLENGE.search(frame.url) and _is_big(frame) for frame in frames)
    buyable = any(ADD.search(folded(control.name)) for control in seen.controls if control.is_press)
    boxed = not buyable and any(_TICK_BOX.search(frame.url) and _is_big(frame) for frame in frames)
    asks = any(
        _CAPTCHA_WORDS.search(folded(f"{control.name} {control.key}")) for control in _own(seen) if not control.href
    )
    said = any(len(text) < 200 and _CAPTCHA_WORDS.search(folded(text)) for text in _texts(seen))  # noqa: PLR2004 (a sentence)
    if challenged or boxed or (not buyable and asks and (said or _is_short(seen))):
        return Refused(code="captcha_blocked", message="the shop asks for a captcha", continue_url=_address(seen))
    return None


def _bot_wall(seen: Seen, status: int | None) -> Refused | None:
    said = folded(f"{seen.title} {seen.text[:SHORT_PAGE]}")
    if _is_short(seen) and (_BOT_WALL.search(said) or (status in _TURNED_AWAY and not _WALL.search(said))):
        message = f"the shop turns automated visitors away (HTTP {status})"
        return Refused(code="bot_protection_blocked", message=message, continue_url=_address(seen))
    return None


def _not_found(seen: Seen, status: int | None) -> Refused | None:
    """Only for the page a visit begins with: a broken link further on is the model's to leave."""
    if seen.steps > 2:  # noqa: PLR2004 (the empty tab and the product's page)
        return None
    headings = folded(" ".join([seen.title, *(chunk.text for chunk in seen.chunks if chunk.heading)]))
    if status in _GONE or (_NOT_FOUND.search(headings) and _is_short(seen)):
        return Refused(code="product_not_found", message="the shop has no page at the product's address")
    return None


def _login_wall(seen: Seen) -> Refused | None:
    """On the way to the checkout, a page that only takes a password, with no way around it."""
    own = _own(seen)
    passwords = [control for control in own if control.type == "password"]
    typed = [control for control in own if control.is_typed and control.type != "search"]
    names = folded(" ".join([*(control.name for control in seen.controls), *(control.legend for control in own)]))
    if not passwords or len(typed) > len(passwords) + 2 or _GUEST.search(names) or _GUEST.search(folded(seen.text)):
        return None
    parts = urlsplit(seen.url)
    about = folded(re.sub(r"[\W_]+", " ", f"{parts.path} {parts.query}") + " " + " ".join(_texts(seen))[:SHORT_PAGE])
    if _WALL.search(names + " " + about) and _TO_BUY.search(about):
        return Refused(
            code="unsupported_store_no_guest_checkout",
            message="the shop sells to people with an account only",
            continue_url=_address(seen),
        )
    return None


def _sold_out(seen: Seen) -> Refused | None:
    """A product without any variant left, or a basket that the shop takes back with an error."""
    for chunk in seen.chunks:
        said = folded(chunk.text)
        if chunk.alert and len(chunk.text) < 300 and chunk.zone not in SURROUNDINGS:  # noqa: PLR2004 (a notice)
            if _TOO_FEW.search(said):
                return Refused(code="insufficient_stock", message="the shop has fewer of it than asked for")
            if SOLD_OUT.search(said):
                return Refused(code="product_out_of_stock", message="the shop says that it is sold out")
    reading = _product(seen)
    if reading and not reading.available and not reading.variants and reading.price:
        return Refused(code="product_out_of_stock", message="the product is sold out")
    return None


def _product(seen: Seen) -> ProductReading | None:
    """The product, on a product's page: it declares one, or sells one by a button."""
    declared = (
        any("Product" in str(node.get("@type")) for node in seen.declared) or seen.metas.get("og:type") == "product"
    )
    declared = declared or any("Product" in item["type"] for item in seen.items)
    sells = any(SOLD_OUT.search(folded(control.name)) for control in _own(seen) if control.is_press)
    notice = any(len(text) <= 60 and SOLD_OUT.search(folded(text)) for text in _texts(seen))  # noqa: PLR2004 (a notice)
    fills_in = sum(control.is_typed for control in _own(seen)) > 3  # noqa: PLR2004 (a form, not a product)
    if not (declared or sells or (notice and seen.steps <= 2)) or fills_in:  # noqa: PLR2004 (the visit's first page)
        return None
    try:
        return product(seen)
    except UnreadableError:
        return None


def _own(seen: Seen) -> list[Control]:
    return [control for control in seen.controls if control.zone not in SURROUNDINGS]


def _texts(seen: Seen) -> list[str]:
    return [chunk.text for chunk in seen.chunks if chunk.zone not in SURROUNDINGS]


def _is_short(seen: Seen) -> bool:
    return len(seen.text) < SHORT_PAGE and sum(control.is_typed for control in seen.controls) <= 2  # noqa: PLR2004 (no form)


def _is_big(frame: Frame) -> bool:
    """Whether the frame is shown, and large enough to stop somebody."""
    try:
        element = frame.frame_element()
        box = element.bounding_box()
        return bool(
            element.is_visible()
            and box
            and box["width"] >= BOX_WIDTH
            and box["height"] >= BOX_HEIGHT
            and box["y"] > -box["height"]
        )
    except PlaywrightError:
        return False


def _address(seen: Seen) -> str:
    parts = urlsplit(seen.url)
    return f"{parts.scheme}://{parts.netloc}{parts.path}"
