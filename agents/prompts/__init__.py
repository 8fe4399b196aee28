"""What the model is told: versioned Markdown, and the first message of a task. Knows words; enforces nothing.

Every rule that matters is kept by code elsewhere; these texts only make the work go well.
"""

import json
from collections.abc import Sequence
from importlib.resources import files

from agents.terms import Kind, Task

# Bumped with every change of the text, so that a purchase's evidence names what its agent was told.
VERSION = "buyer.v1"
CARD = "card"
LATER = "on delivery, invoice or transfer only"


def system() -> str:
    """The standing instructions."""
    return files(__name__).joinpath(f"{VERSION}.md").read_text(encoding="utf-8")


def first_message(task: Task, slots: tuple[str, ...], *, by_card: bool, clicked: Sequence[str] = ()) -> str:
    """What this task asks for. It names slots and no value of the buyer's.

    `clicked`: what was clicked before the model is asked for the first time, because the way was known.
    """
    request = task.request
    variant = "; ".join(f"{label} = {value}" for label, value in request.variant.items())
    lines = [
        f"Task: {'order' if task.kind is Kind.ORDER else 'quote'}",
        f"Product page: {request.product_url}",
        f"Quantity: {request.quantity}",
        f"Variant: {variant or 'none asked'}",
    ]
    if task.offer is not None and (shipping := task.offer.merchant_state.get("shipping")):
        lines.append(f"Shipping: {shipping}")
    lines.append(f"Payment: {CARD if by_card else LATER}")
    lines.append("Slots: " + " ".join(f"{{{{{name}}}}}" for name in slots))
    if clicked:
        lines.append("Done before you: clicked " + ", ".join(json.dumps(name, ensure_ascii=False) for name in clicked))
    lines.append("The page in front of you follows; go on from it.")
    return "\n".join(lines)
