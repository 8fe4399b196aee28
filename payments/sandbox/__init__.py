"""A payment provider to practise on: it speaks Stripe's wire for cards held first and captured later.

A pure core (`core.Sandbox`: a request in, a response out, time injected, names deterministic) under two faces: a small
HTTP server (`python -m payments.sandbox`) and an in-process transport for the SDK. What it moved stands in an
append-only money log, which is the truth that tests and the demo read. Knows Stripe's rules; must never
know who calls it.
"""
