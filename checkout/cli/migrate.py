"""`checkout migrate`: bring the database to this build's tables, before this build serves it.

A file is migrated by `checkout serve` itself; a server, which many processes share, is migrated when somebody says so.
"""

from typing import Annotated

import typer
from rich.console import Console

from checkout.settings import Settings
from checkout.store.migrations import NEWEST
from checkout.store.session import Database

out = Console()

EXIT_BEHIND = 1


def migrate(
    *,
    check: Annotated[
        bool, typer.Option("--check", help="Change nothing; exit code 1 if something is to be done.")
    ] = False,
    sql: Annotated[bool, typer.Option("--sql", help="Print the statements instead of running them.")] = False,
    to: Annotated[
        str, typer.Option(metavar="REVISION", help="Go up or down to a revision; `base` removes all.")
    ] = NEWEST,
) -> None:
    """Bring the database to this build's tables. Run it before a new release; the old one goes on working."""
    database = Database.open(Settings().database_url)
    try:
        found = database.revision()
        if sql:
            print(database.migration_sql())  # noqa: T201 (statements for a program, not a screen)
            return
        if check:
            out.print(f"revision {found or 'none'}, this build needs {NEWEST}")
            raise typer.Exit(EXIT_BEHIND if found is None or found < NEWEST else 0)
        if to == NEWEST:
            database.create_tables()
        else:
            database.migrate(to)
        now = database.revision()
        out.print(f"revision {now or 'none'}" + (", as before" if now == found else f", was {found or 'none'}"))
    finally:
        database.close()
