"""The HTTP face: Rye's wire for developers, callbacks for agent workers, answers from operators.

Knows requests, rows and commands; must never know a merchant or a bank.
"""
