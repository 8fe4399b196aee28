"""Filling in and pressing controls: `control` for any kind of them, with `lists`, `toggles` and `regions` for theirs.

`words` knows how shops write a country or a month; `pressing` makes a click.
"""
