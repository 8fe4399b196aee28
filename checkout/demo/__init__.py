"""The demo: the whole service, a payment sandbox and a shop, as processes on this machine; six purchases, two kills.

The kills are the demo's own, timed by the sandbox's and the shop's logs; the product has no switch for them.
"""
