"""`checkout doctor`: what a set-up has and what it lacks, each with how to mend it.

Start at `command`; beside it one module for each thing that is looked at. A look makes what `serve` would make first
(a SQLite file, folders) and changes nothing else; it never shows a secret, and never raises for what it finds.
"""
