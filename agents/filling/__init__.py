"""Filling in and pressing controls: `control` for any kind of them, with `lists`, `toggles` and `regions` for theirs.

`filling` is what is known of one; `words` knows how shops write a country or a month; `pressing` makes a click.
"""
