"""Purchases and agent tasks over several processes: Celery on Redis, and what else Redis carries.

Everything here is a hint. The database says what is to be done, by whom, and what was done; a message only says "look
now", so every message may be lost, late, doubled or wrong, and Redis may be empty or gone.
"""
