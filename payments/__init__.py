"""Money: what it is, how it is held, captured and released, and what was done with it.

Knows Stripe and nothing to its left: no shop, no browser, no saga.
"""
