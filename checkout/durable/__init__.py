"""A self-hosted durable-execution service behind the AWS SDK's own seam; not one word of shopping in it.

Read `service.py` first: the facade. Under it `machine.py` says what may happen to an operation, `changes.py` writes one
execution's change in one transaction, `wire.py` is what the SDK talks to, `worker.py` runs handlers under a lease.
"""
