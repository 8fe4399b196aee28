"""From readings to an offer. Everything in it was read by code off the shop's pages; the model's word is nowhere.

Knows readings and the merchants' words; must never know a model, and drives no page.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from agents import reading, route
from agents.errors import UnreadableError
from agents.guard import has_words, similar
from agents.notes import Notes
from agents.reading import Seen
from agents.route import Step
from agents.terms import Costs, Line, ShippingChoice
from merchants.sdk import Cost, Offer, OfferRequest
from payments.instruments import PaymentHandler
from payments.money import Money

# Who an agent's offer is from; the service writes it over anything else.
AGENT = "agent"


def offer_on(
    seen: Seen, notes: Notes, request: OfferRequest, *, pays_with: PaymentHandler | None, steps: Sequence[Step] = ()
) -> Offer:
    """The offer this page makes for what was asked; UnreadableError says, for the model, what is missing or wrong.

    `steps` is the way here; the order task goes it again.
    """
    costs = reading.costs(seen, currency=notes.currency)
    first, second = reading.totals(seen, currency=costs.total.currency)
    if not first == second == costs.total:
        raise UnreadableError(f"the page shows more than one total: {first}, {second} and {costs.total}")
    title = notes.product.title if notes.product else ""
    line = _the_line(reading.lines(seen) or notes.lines, title, request)
    chosen = notes.product.chosen if notes.product else {}
    if missing := [value for value in request.variant.values() if not _stands(value, line, chosen)]:
        raise UnreadableError(f"the variant {', '.join(missing)} is not in the basket's line {line.text!r}")
    options, selected = _shipping(notes.shipping, costs)
    return Offer(
        merchant=AGENT,
        item_id=request.product_url,
        title=title or line.title,
        quantity=line.quantity,
        cost=_cost(costs),
        shipping_options=[choice.option for choice in options],
        selected_shipping_option_id=selected.option.option_id if selected else None,
        payment_handler=pays_with,
        merchant_state=_state(selected, costs, line, steps),
        variant=dict(request.variant),
    )


def _the_line(lines: Sequence[Line], title: str, request: OfferRequest) -> Line:
    """The basket's one line: the product that was asked for, as often as was asked for, and nothing else."""
    if not lines:
        raise UnreadableError("the page does not show what is being bought; go where the order is summed up")
    if len(lines) > 1:
        others = "; ".join(line.title for line in lines)
        raise UnreadableError(f"the basket holds more than the product: {others}; remove the others")
    line = lines[0]
    if title and not similar(title, line.title):
        raise UnreadableError(f"the basket holds {line.title!r}, not {title!r}")
    if line.quantity != request.quantity:
        raise UnreadableError(f"the basket holds {line.quantity} of it, not {request.quantity}")
    return line


def _stands(value: str, line: Line, chosen: Mapping[str, str]) -> bool:
    return any(has_words(value, text) for text in (line.text, *chosen.values()))


def _shipping(seen: Sequence[ShippingChoice], costs: Costs) -> tuple[Sequence[ShippingChoice], ShippingChoice | None]:
    """The ways to ship, and the one whose price is in the costs; of two that cost the same, the one last selected."""
    paid = costs.shipping
    fitting = [choice for choice in seen if paid is not None and choice.option.cost == paid]
    selected = next((choice for choice in fitting if choice.selected), fitting[0] if len(fitting) == 1 else None)
    return [replace(choice, selected=choice is selected) for choice in seen], selected


def _cost(costs: Costs) -> Cost:
    """The cost lines so that they sum: an included tax is no part of the sum, and an unsaid subtotal is the rest."""
    nothing = Money(0, costs.total.currency)
    tax = None if costs.tax_included else costs.tax
    rest = costs.total + (costs.discount or nothing) - (costs.shipping or nothing) - (tax or nothing)
    return Cost(
        subtotal=costs.subtotal or rest - (costs.surcharge or nothing),
        total=costs.total,
        shipping=costs.shipping,
        tax=tax,
        discount=costs.discount,
        surcharge=costs.surcharge,
    )


def _state(selected: ShippingChoice | None, costs: Costs, line: Line, steps: Sequence[Step]) -> dict[str, Any]:
    """What the order task needs to come to the same figures, and what an operator may want to see. No secret."""
    state: dict[str, Any] = {"line": line.text, "route": route.to_json(steps)}
    if selected:
        state["shipping"] = selected.option.title
    if costs.tax_included and costs.tax:
        state["tax_included_minor"] = costs.tax.amount_minor
    return state
