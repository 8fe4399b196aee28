"""A shop for people, in a browser: pages, forms, hosted card fields, 3-D Secure, and the traps real shops set.

`python -m merchants.demo.browser_shop` runs it as a process. What happens is told by the product bought
(`goods.Behaviour`), what the pages look like by the design (`design.Design`), what they say against the buyer by the
case (`hostile`). Its order book is the truth that tests and demo compare purchases with.
"""
