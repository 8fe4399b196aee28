"""The database: that it answers, keeps what it acknowledges, has this build's tables, and can be written; its clock.

The store's own ways are used, so that what works here works there. Asking a SQLite file makes it, as `serve` would.
"""

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import SQLModel

from checkout import wiring
from checkout.doctor.findings import Finding, masked
from checkout.settings import Settings
from checkout.store.errors import StoreError
from checkout.store.migrations import NEWEST
from checkout.store.session import Database, connection_of
from checkout.store.vault import KeyUnusableError

# Leases and permits are compared across machines, and have margins of ten seconds; a synchronised clock is far better.
CLOCK_SECONDS = 2.0
# The oldest release its makers keep up; the tests run on 15.
OLDEST_POSTGRESQL = 14
# An acknowledged commit must be on disk: whoever was charged would otherwise be charged again after a power cut.
DURABLE = {"fsync": "on", "full_page_writes": "on"}
LAZY_COMMIT = "off"


def database(settings: Settings) -> Iterator[Finding]:
    """Everything about it; the first thing that is wrong hides the rest."""
    if settings.database_url == "sqlite://":
        yield _in_memory(settings)
        return
    try:
        opened = Database.open(settings.database_url)
        try:
            yield from _server(settings, opened)
            current = opened.revision() == NEWEST
            yield from _tables(opened)
        finally:
            opened.close()
        yield _key(settings)
        if current and _has_key(settings):
            yield from _versions(settings)
    except TypeError:  # psycopg gives bytes where the server names no encoding
        yield _broken(settings, "its encoding is SQL_ASCII", "Make the database anew with ENCODING 'UTF8'.")
    except KeyUnusableError as unusable:
        yield Finding(name="key", found="payment tokens cannot be sealed", mend=f"{unusable}.")
    except (SQLAlchemyError, StoreError, OSError) as broken:
        yield _unusable(settings, broken)


def _in_memory(settings: Settings) -> Finding:
    if settings.agent_key:
        return Finding(name="database", found="none: an agent worker speaks to the service only")
    return Finding(
        name="database",
        found="in memory: every purchase is forgotten when the process ends",
        mend="Set CHECKOUT_DATABASE_URL to sqlite:///folder/file.sqlite3 or postgresql://user@host:5432/name.",
    )


def _server(settings: Settings, opened: Database) -> Iterator[Finding]:
    if opened.dialect == "sqlite":
        opened.create_tables()
        yield Finding(name="database", found=f"{settings.database_url} (SQLite {sqlite3.sqlite_version})")
        return
    with opened.read() as session:
        ask = connection_of(session)

        def shown(setting: str) -> str:
            return str(ask.execute(text(f"SHOW {setting}")).scalar_one())

        before = datetime.now(UTC)
        theirs = ask.execute(text("SELECT clock_timestamp()")).scalar_one()
        ours = before + (datetime.now(UTC) - before) / 2
        version = shown("server_version")
        lost = [name for name, safe in DURABLE.items() if shown(name) != safe]
        lost += ["synchronous_commit"] if shown("synchronous_commit") == LAZY_COMMIT else []
    mend = ""
    if int(version.partition(".")[0]) < OLDEST_POSTGRESQL:
        mend = f"Move to PostgreSQL {OLDEST_POSTGRESQL} or newer: this one gets no security releases."
    if lost:
        mend = (
            f"Turn on {', '.join(lost)}: a commit that was acknowledged may be lost with the power, and money with it."
        )
    yield Finding(
        name="database", found=f"{masked(settings.database_url)} (PostgreSQL {version.split()[0]})", mend=mend
    )
    yield _clock((theirs - ours).total_seconds())


def _clock(ahead_seconds: float) -> Finding:
    apart = abs(ahead_seconds)
    if apart <= CLOCK_SECONDS:
        return Finding(name="clock", found=f"the database's and ours are {apart:.1f} s apart")
    which = "ahead of" if ahead_seconds > 0 else "behind"
    return Finding(
        name="clock",
        found=f"the database's is {apart:.1f} s {which} ours",
        mend="Synchronise both machines' clocks (chrony, systemd-timesyncd): leases and permits are compared by them.",
    )


def _tables(opened: Database) -> Iterator[Finding]:
    found = opened.revision()
    if found != NEWEST:
        newer = found is not None and found > NEWEST
        yield Finding(
            name="tables",
            found=f"revision {found or 'none'}; this build needs {NEWEST}",
            mend="Run the newer release that migrated them, or `checkout migrate --to` from there."
            if newer
            else "Run `checkout migrate`; older processes go on working meanwhile.",
        )
        return
    try:
        with opened.transaction() as session:
            for table in SQLModel.metadata.sorted_tables:
                # Touches no row, and needs the right to and a server that is no standby.
                connection_of(session).execute(table.delete().where(text("1 = 0")))
    except SQLAlchemyError as refused:
        yield Finding(
            name="tables",
            found=f"revision {found}, and cannot be written: {_words(refused)}",
            mend="Connect to the primary, as the role that `checkout migrate` ran as.",
        )
        return
    yield Finding(name="tables", found=f"revision {found}, this build's; they can be written")


def _key(settings: Settings) -> Finding:
    if not _has_key(settings):
        return Finding(
            name="key",
            found="none: payment tokens cannot be sealed",
            mend="Set CHECKOUT_SECRET_KEY, the same for every process: there is no file beside a server.",
        )
    where = "CHECKOUT_SECRET_KEY" if settings.secret_key else "a key file beside the database: back it up with it"
    return Finding(name="key", found=f"payment tokens are sealed by {where}")


def _has_key(settings: Settings) -> bool:
    given = settings.secret_key.get_secret_value() if settings.secret_key else ""
    return bool(given) or settings.database_path is not None


def _versions(settings: Settings) -> Iterator[Finding]:
    with wiring.opened(settings) as deployment:
        waiting = deployment.durable.unrunnable()
    if waiting:
        stuck = ", ".join(f"{count} of {function} version {version}" for function, version, count in waiting)
        yield Finding(
            name="versions",
            found=f"waiting, and not runnable by this build: {stuck}",
            mend="Run the release that started them beside this one until they have ended.",
        )


def _unusable(settings: Settings, broken: Exception) -> Finding:
    if settings.database_url.startswith("sqlite"):
        mend = "Make its folder writable for this user, or set CHECKOUT_DATABASE_URL to another file."
    else:
        mend = "Start the server, or mend the address, the user or the password in CHECKOUT_DATABASE_URL."
    return _broken(settings, _words(broken), mend)


def _broken(settings: Settings, said: str, mend: str) -> Finding:
    return Finding(name="database", found=f"{masked(settings.database_url)}: {said}", mend=mend)


def _words(broken: Exception) -> str:
    """What the driver says, in one line; SQLAlchemy's own text would add the statement."""
    said = str(getattr(broken, "orig", None) or broken).strip()
    return said.splitlines()[-1] if said else type(broken).__name__
