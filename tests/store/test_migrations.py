"""The tables' history leads from every earlier build to this one, on both databases, and older code lives with it."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlmodel import SQLModel
from typer.testing import CliRunner

from checkout.cli.app import app
from checkout.store import migrations
from checkout.store.errors import DatabaseNotMigratedError, DatabaseUnreachableError, RevisionUnknownError
from checkout.store.session import Database, connection_of
from tests import servers

AT = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'made.sqlite3'}"
    else:
        with servers.postgres_url(tables=False) as made:
            yield made


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    """The same, opened."""
    made = Database.open(url)
    yield made
    made.close()


def tables(database: Database) -> dict[str, list[str]]:
    """Tables and their columns."""
    with database.read() as session:
        inspector = sa.inspect(connection_of(session))
        return {
            name: sorted(one["name"] for one in inspector.get_columns(name)) for name in inspector.get_table_names()
        }


def drift(database: Database) -> list[object]:
    """How the tables differ from the models. Foreign keys of early files are kept, and no model has any."""
    with database.read() as session:
        context = MigrationContext.configure(connection_of(session), opts={"compare_type": True})
        found = compare_metadata(context, SQLModel.metadata)
    return [one for one in found if not (isinstance(one, tuple) and one[0] == "remove_fk")]


def test_the_migrations_make_exactly_the_models(database: Database) -> None:
    """A column added to a model only is found here: write a revision for it, and name it as the newest."""
    database.create_tables()
    assert [] == drift(database)


def test_the_newest_revision_is_the_one_a_start_asks_for() -> None:
    """One line of revisions, and its end is the constant."""
    scripts = ScriptDirectory(str(Path(migrations.__file__).parent))
    assert [migrations.NEWEST] == scripts.get_heads()


def test_every_revision_can_be_gone_up_and_down(database: Database) -> None:
    """Each step's way back ends where the step began."""
    scripts = ScriptDirectory(str(Path(migrations.__file__).parent))
    steps = [one.revision for one in reversed(list(scripts.walk_revisions()))]
    before = ["base", *steps[:-1]]
    shapes: dict[str, object] = {}
    for step in steps:
        database.migrate(step)
        shapes[step] = tables(database)
    for step, below in reversed(list(zip(steps, before, strict=True))):
        database.migrate(below)
        assert shapes.get(below, {"alembic_version": ["version_num"]}) == tables(database), step
    database.create_tables()
    assert [] == drift(database)


def test_a_build_of_the_first_revision_goes_on_writing_after_the_upgrade(database: Database) -> None:
    """Expand, then contract: during a rolling restart old and new code share the tables."""
    database.migrate("0001")
    old = sa.MetaData()
    with database.read() as session:
        old.reflect(connection_of(session))
    database.create_tables()
    with database.transaction() as session:
        for table in old.sorted_tables:
            if table.name != "alembic_version":
                session.execute(sa.insert(table).values({one.name: filler(one) for one in table.columns}))
    with database.read() as session:
        counts = {
            one.name: session.execute(sa.select(sa.func.count()).select_from(one)).scalar() for one in old.sorted_tables
        }
    assert {1} == set(counts.values())


def filler(column: sa.Column[object]) -> object:
    """Some value of the column's type."""
    match column.type:
        case sa.DateTime():
            return AT
        case sa.JSON():
            return {}
        case sa.Boolean():
            return False
        case sa.LargeBinary():
            return b""
        case sa.Integer():
            return 1
    return "x"


def test_processes_that_migrate_together_take_turns(url: str) -> None:
    """All succeed, and the tables are made once."""
    broken: list[BaseException] = []

    def migrate() -> None:
        database = Database.open(url)
        try:
            database.create_tables()
        except BaseException as error:  # noqa: BLE001 (shown below)
            broken.append(error)
        finally:
            database.close()

    threads = [threading.Thread(target=migrate) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [] == broken


def test_a_server_is_not_served_before_it_is_migrated_and_a_file_is_by_itself(url: str, database: Database) -> None:
    """The sentence says what to run."""
    if url.startswith("sqlite"):
        database.prepare()
    else:
        with pytest.raises(DatabaseNotMigratedError, match="run `checkout migrate`"):
            database.prepare()
        database.create_tables()
        database.prepare()
    assert migrations.NEWEST == database.revision()


def test_a_build_serves_what_a_later_release_has_added_to(database: Database) -> None:
    """Migrated first, restarted one after the other: the old processes, and one that starts again, go on."""
    database.create_tables()
    with database.transaction() as session:
        session.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
        session.execute(sa.text("ALTER TABLE intents ADD COLUMN later INTEGER"))
    database.prepare()
    database.create_tables()
    assert "9999" == database.revision()


def test_the_command_checks_prints_and_migrates(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """`--check` says so by its exit code, `--sql` changes nothing."""
    monkeypatch.setenv("CHECKOUT_DATABASE_URL", url)

    def run(*options: str) -> tuple[int, str]:
        ended = CliRunner().invoke(app, ["migrate", *options])
        return ended.exit_code, ended.output

    assert 1 == run("--check")[0]
    code, statements = run("--sql")
    assert 0 == code
    assert "CREATE TABLE intents" in statements
    assert 1 == run("--check")[0]
    assert "was none" in run()[1]
    assert (0, True) == (run("--check")[0], "as before" in run()[1])


def test_the_printed_statements_make_the_same_tables() -> None:
    """For those whose servers are changed by hand; a file is migrated by the service that has it."""
    with servers.postgres_url(tables=False) as url:
        database = Database.open(url)
        statements = database.migration_sql()
        with database.transaction() as session:
            connection_of(session).exec_driver_sql(statements.replace("BEGIN;", "").replace("COMMIT;", ""))
        assert [] == drift(database)
        database.close()


def test_an_unreachable_server_is_one_sentence_without_a_password() -> None:
    """Whatever the command."""
    database = Database.open("postgresql://ada:hunter2@127.0.0.1:1/checkout")
    with pytest.raises(DatabaseUnreachableError) as refused:
        database.prepare()
    assert "hunter2" not in str(refused.value)
    assert "cannot be used" in str(refused.value)


@pytest.mark.parametrize("unknown", ["0007", "+9"])
def test_a_revision_this_build_does_not_have_is_refused_and_changes_nothing(database: Database, unknown: str) -> None:
    """Mistyped, or a later build's: one sentence that says where this build's revisions end."""
    database.create_tables()
    with pytest.raises(RevisionUnknownError, match=f"end with {migrations.NEWEST}"):
        database.migrate(unknown)
    assert migrations.NEWEST == database.revision()
