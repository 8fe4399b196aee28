"""A shop of our own that behaves as real ones do, well and badly, and keeps its own books.

`merchants.demo.ucp_shop` runs it as a process; `merchants.demo.transport` lets a test call the same shop in process.
Its order book is the truth that demo and tests compare purchases with.
"""
