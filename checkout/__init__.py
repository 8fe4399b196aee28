"""The service: how a purchase proceeds, who may ask for one, and what an operator sees of it.

Start at `checkout.purchase.saga`, the purchase from top to bottom. `wiring` is the only module that picks
implementations; `durable` is the durable-execution service underneath and holds no word of shopping.
"""
