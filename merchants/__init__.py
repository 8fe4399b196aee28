"""Merchants: what a shop is to us, and the shops we buy from by code.

An author of a merchant flow needs `merchants.sdk` and nothing else. Knows payments, no browser, no saga, no service.
"""
