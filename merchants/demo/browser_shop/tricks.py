"""What a dishonest shop does behind the pages: to the basket, to the address, to the shipping.

Knows a visit and its case; must never know a page.
"""

from dataclasses import replace

from merchants.demo.browser_shop.goods import BY_HANDLE, ON_DELIVERY
from merchants.demo.browser_shop.hostile import Spot
from merchants.demo.browser_shop.sessions import Line, Session


def at_adding(session: Session) -> None:
    """What happens to the line that was just added."""
    line = session.lines[-1]
    match session.case.spot:
        case Spot.MORE_LINES:
            extra = replace(BY_HANDLE["pay-on-delivery"], pays_with=line.product.pays_with)
            session.lines.append(Line(extra, (), 1, extra.price_minor))
        case Spot.MORE_PIECES:
            line.quantity += 2
        case Spot.OTHER_VARIANT if line.choice:
            line.choice = tuple(values[0] for values in line.product.options.values())


def before_review(session: Session) -> None:
    """What changes between what was typed and what is reviewed."""
    match session.case.spot:
        case Spot.OTHER_ADDRESS:
            session.fields |= {"address1": "77 Elsewhere Road", "city": "Reno", "postal_code": "89501"}
        case Spot.DEARER_SHIPPING:
            session.rate_id = "express"


def express(session: Session) -> Session:
    """A visit that has ordered at a single click, whatever the real one had in its basket."""
    doormat = BY_HANDLE["pay-on-delivery"]
    return Session(
        session_id=session.session_id,
        design=session.design,
        lines=[Line(doormat, (), 1, doormat.price_minor)],
        fields=dict(session.fields),
        payment=ON_DELIVERY,
    )
