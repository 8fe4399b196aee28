"""The demo: the service, a payment sandbox, three shops and a model, as processes here; eight purchases, two kills.

The kills are the demo's own, timed by the sandbox's and the shop's logs; the product has no switch for them.
"""
