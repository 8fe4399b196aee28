"""django-oscar as a demo shop: a real shop nobody here wrote, with its own templates, for the browser agent to buy at.

It runs as a process of its own (`python -m merchants.demo.oscar`), the only one that imports Django; its order tables
are read from outside, with plain SQL, by `orders`.
"""
