"""Agents: buyers in a browser, for merchants that no deterministic adapter serves.

Knows Playwright and the model; reached only through agent tasks. Knows merchants and payments, never the service.
Read `worker` (a task in, an outcome out), then `buying` (what happens to a task), then what it stands on: `browser`
and `fence` (what a page may reach), `observe` and `slots` (what the model sees and never sees), `reading` and `guard`
(what code reads off a page and checks), `committing` (the one click).
"""
