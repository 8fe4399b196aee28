"""Reading a shop's pages by code: what is sold, what is bought, what it costs, where it ships, whether it was ordered.

Every function takes a Playwright page, or a `Seen` made from one by `look` so that several readings are of one moment.
Nothing here acts on a page, and nothing takes the model's word. What a page does not say plainly is an UnreadableError.
"""

from agents.reading.addresses import address_found
from agents.reading.basket import lines
from agents.reading.confirmations import confirmation
from agents.reading.cost_lines import costs
from agents.reading.goods import ProductReading, product
from agents.reading.seen import Seen, look
from agents.reading.shipping import shipping_choices
from agents.reading.total import totals

__all__ = [
    "ProductReading",
    "Seen",
    "address_found",
    "confirmation",
    "costs",
    "lines",
    "look",
    "product",
    "shipping_choices",
    "totals",
]
