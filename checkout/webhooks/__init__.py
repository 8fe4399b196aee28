"""Outgoing webhooks: what was committed is told to whoever asked for it, at least once, signed, in order per intent."""
