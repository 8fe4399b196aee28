"""Agents: buyers in a browser, for merchants that no deterministic adapter serves.

Knows Playwright and the model; reached only through agent tasks. Knows merchants and payments, never the service.
"""
