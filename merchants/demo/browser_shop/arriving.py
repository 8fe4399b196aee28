"""Products whose page does not open as a page should. Knows a product's behaviour; must never know a visitor."""

from merchants.demo.browser_shop.goods import Behaviour, Product
from merchants.demo.browser_shop.pages import bare
from merchants.demo.browser_shop.web import Fate, Response, html


def arrival(product: Product) -> Response | None:  # noqa: PLR0911 (a table of pages)
    """What comes instead of the product's page, if something does."""
    match product.behaviour:
        case Behaviour.HANGS:
            return Response(fate=Fate.HANGS)
        case Behaviour.BREAKS:
            return Response(fate=Fate.DROPPED)
        case Behaviour.FAILS_500:
            return html(bare("wall.html", title="500 Internal Server Error", wall="error"), status=500)
        case Behaviour.NOT_FOUND:
            return html(bare("wall.html", title="404 Page not found", wall="gone"), status=404)
        case Behaviour.CAPTCHA:
            return html(bare("wall.html", title="Are you human?", wall="captcha"))
        case Behaviour.BOT_WALL:
            return html(bare("wall.html", title="Access denied", wall="bots"), status=403)
    return None
