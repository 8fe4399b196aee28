"""Putting things into the basket and taking them out again. Knows stock and prices; must never know a page."""

from collections import Counter
from collections.abc import Mapping

from merchants.demo.browser_shop.goods import RISE_MINOR, Behaviour, Choice, Product
from merchants.demo.browser_shop.sessions import Line, Session

# Field or group → key of the words that say what is wrong, and what they are about.
Errors = dict[str, tuple[str, str]]


def unit_minor(session: Session, product: Product, choice: Choice, quoted: Counter[Behaviour]) -> int:
    """What one costs this visitor now, in minor units."""
    price = product.unit_minor(choice)
    if product.behaviour is Behaviour.PRICE_CHANGES:
        held = next((line.unit_minor for line in session.lines if line.product is product), None)
        return held if held is not None else price + RISE_MINOR * quoted[product.behaviour]
    return price


def add(session: Session, product: Product, form: Mapping[str, str], quoted: Counter[Behaviour]) -> Errors:
    """Add what the form asks for; what is wrong with it, if it is not added."""
    missing = {group: ("missing_choice", group) for group in product.options if not form.get(f"option_{group}")}
    if missing:
        return missing
    choice = tuple(form[f"option_{group}"] for group in product.options)
    asked = form.get("quantity", "1")
    quantity = int(asked) if asked.isdigit() else 0
    if not product.has(choice) or product.available(choice) == 0:
        return {"add": ("unavailable", "")}
    held = next((line for line in session.lines if line.product is product and line.choice == choice), None)
    wanted = quantity + (held.quantity if held else 0)
    if quantity < 1 or wanted > product.available(choice):
        return {"quantity": ("too_few", str(product.available(choice)))}
    if held:
        held.quantity = wanted
    else:
        session.lines.append(Line(product, choice, quantity, unit_minor(session, product, choice, quoted)))
        quoted[product.behaviour] += 1
    return {}


def change(session: Session, form: Mapping[str, str]) -> None:
    """Set quantities; 0 or `remove` takes a line out."""
    kept = []
    for index, line in enumerate(session.lines):
        asked = form.get(f"quantity_{index}", str(line.quantity))
        quantity = int(asked) if asked.isdigit() else line.quantity
        if form.get("remove") == str(index) or quantity == 0:
            continue
        line.quantity = min(quantity, line.product.available(line.choice))
        kept.append(line)
    session.lines[:] = kept
