"""The tables' history, one revision after the other, the same for SQLite and PostgreSQL.

A revision that a running older build cannot live with comes in two releases: the first adds (columns that are nullable
or have a default of the database's own), the second takes away what nobody uses any more. See docs/adr/0015.
Runs on the caller's connection, inside the caller's transaction. Alembic is imported when something is to be done.
"""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text

from checkout.store.errors import RevisionUnknownError

if TYPE_CHECKING:
    from alembic.config import Config

# The newest revision; a test compares it with the scripts.
NEWEST = "0005"
_TABLE = "alembic_version"


def revision_of(connection: Connection) -> str | None:
    """The revision a database is at; None if it is empty or of a build before there were revisions."""
    if not inspect(connection).has_table(_TABLE):
        return None
    found: str | None = connection.execute(text(f"SELECT version_num FROM {_TABLE}")).scalar()  # noqa: S608 (a constant)
    return found


def upgrade(connection: Connection, revision: str = NEWEST) -> None:
    """Bring the tables to a revision, from whatever they are. RevisionUnknownError."""
    from alembic import command  # noqa: PLC0415 (a tenth of a second that a start without work does not pay)

    with _known_revisions():
        command.upgrade(_config(connection), revision)


def downgrade(connection: Connection, revision: str) -> None:
    """Go back to a revision, `base` for nothing at all. What later revisions added is lost. RevisionUnknownError."""
    from alembic import command  # noqa: PLC0415 (as above)

    with _known_revisions():
        command.downgrade(_config(connection), revision)


def sql_of(connection: Connection) -> str:
    """The statements that `upgrade` would run on this database, for somebody who runs them by hand."""
    from alembic import command  # noqa: PLC0415 (as above)

    written = io.StringIO()
    config = _config(connection)
    config.output_buffer = written
    command.upgrade(config, f"{revision_of(connection) or 'base'}:{NEWEST}", sql=True)
    return written.getvalue()


@contextmanager
def _known_revisions() -> Iterator[None]:
    """The one thing Alembic refuses here: a revision that is none of this build's."""
    from alembic.util import CommandError  # noqa: PLC0415 (as above)

    try:
        yield
    except CommandError as refused:
        raise RevisionUnknownError(f"this build's revisions end with {NEWEST}: {refused}") from None


def _config(connection: Connection) -> "Config":
    from alembic.config import Config  # noqa: PLC0415 (as above)

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["connection"] = connection
    return config
