"""A setting that is wrong ends every command in one sentence that names it: exit code 2, and nothing written."""

from pathlib import Path

import pytest

from checkout.cli import app as command_line

COMMANDS = (
    ("serve", "--port", "0"),
    ("agent-worker",),
    ("keys", "list"),
    ("keys", "create", "--tenant", "acme"),
    ("runs", "list"),
    ("runs", "answer", "ci_1", "not_placed", "--reason", "seen"),
    ("adapters", "list"),
)
# A file that is no database, a folder, a file where a folder belongs; `{here}` is the test's own folder.
WRONG = (
    ("CHECKOUT_PORT", "eighty", "Input should be a valid integer"),
    ("CHECKOUT_PORT", "70000", "Input should be less than or equal to 65535"),
    ("CHECKOUT_RETENTION_DAYS", "0", "Input should be greater than or equal to 1"),
    ("CHECKOUT_LEASE_SECONDS", "", "Input should be a valid number"),
    ("CHECKOUT_AGENT_USD", "nan", "Input should be a finite number"),
    ("CHECKOUT_HOLD_MARGIN_MINUTES", "inf", "Input should be a finite number"),
    ("CHECKOUT_IDEMPOTENCY_HOURS", "99999999999", "Input should be less than or equal to"),
    ("CHECKOUT_AGENTS_ENABLED", "perhaps", "Input should be a valid boolean"),
    ("CHECKOUT_HOST", "not a host", "'not a host' is neither a host name nor an address"),
    ("CHECKOUT_HOST", "127.0.0.1:8000", "is neither a host name nor an address"),
    ("CHECKOUT_HOST", "a..b", "is neither a host name nor an address"),
    ("CHECKOUT_ALLOWED_PRIVATE_HOSTS", '["localhost"]', "'localhost' is no host:port pair"),
    ("CHECKOUT_ALLOWED_PRIVATE_HOSTS", '["localhost:http"]', "'localhost:http' is no host:port pair"),
    ("CHECKOUT_ALLOWED_PRIVATE_HOSTS", '["localhost:65536"]', "'localhost:65536' is no host:port pair"),
    ("CHECKOUT_ALLOWED_PRIVATE_HOSTS", "localhost:80", "it is no list; write it as JSON"),
    ("CHECKOUT_ALLOWED_PRIVATE_HOSTS", "[80]", "it is no list; write it as JSON"),
    ("CHECKOUT_PAYMENT_HOSTS", '["https://pay.example"]', "neither a host name nor a host:port pair"),
    ("CHECKOUT_PUBLIC_URL", "shop.example", "write it as http://host:port or https://host"),
    ("CHECKOUT_PUBLIC_URL", "http://shop.example:none", "write it as http://host:port or https://host"),
    ("CHECKOUT_PAYMENT_SANDBOX_URL", "sandbox", "write it as http://host:port or https://host"),
    ("CHECKOUT_MODEL_URL", "file:///etc/passwd", "write it as http://host:port or https://host"),
    ("CHECKOUT_SECRET_KEY", "hunter2", "it is no Fernet key"),
    ("CHECKOUT_AGENT_CARD", "4242424242424242", "it is no JSON object with number"),
    (
        "CHECKOUT_DATABASE_URL",
        "mysql://ada:hunter2@db/checkout",
        "sqlite:///folder/file.sqlite3 or postgresql://user@host:5432/name",
    ),
    ("CHECKOUT_DATABASE_URL", "checkout.sqlite3", "the store is sqlite:///folder/file.sqlite3"),
    ("CHECKOUT_DATABASE_URL", "sqlite:///", "the store is sqlite:///folder/file.sqlite3"),
    ("CHECKOUT_DATABASE_URL", "sqlite:///{here}", "is a folder; name a file in it"),
    ("CHECKOUT_DATABASE_URL", "sqlite:///{here}/words.txt/c.sqlite3", "words.txt is a file"),
    ("CHECKOUT_EVIDENCE_FOLDER", "{here}/words.txt", "words.txt is a file"),
)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a file that is no database, and settings that would be right but for one."""
    (tmp_path / "words.txt").write_text("not a database")
    monkeypatch.setenv("CHECKOUT_DATABASE_URL", f"sqlite:///{tmp_path / 'checkout.sqlite3'}")
    monkeypatch.setenv("CHECKOUT_AGENT_KEY", "ck_test")
    monkeypatch.setenv("STRIPE_API_KEY", "")
    return tmp_path


def refused(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What `checkout …` says on standard error as it refuses; exit code 2, and not a word on standard output."""
    monkeypatch.setattr("sys.argv", ["checkout", *arguments])
    with pytest.raises(SystemExit) as ended:
        command_line.run()
    said = capsys.readouterr()
    assert (2, "") == (ended.value.code, said.out)
    return said.err


@pytest.mark.parametrize(("variable", "value", "said"), WRONG)
def test_a_wrong_setting_is_named_in_one_sentence(
    here: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    variable: str,
    value: str,
    said: str,
) -> None:
    """The variable first, what to write instead, a stable code; no secret of it, and no file is made."""
    monkeypatch.setenv(variable, value.format(here=here))
    (sentence,) = refused(monkeypatch, capsys, "runs", "list").splitlines()
    assert sentence.startswith(f"{variable}: ")
    assert said in sentence
    assert sentence.endswith(" (invalid_setting)")
    assert "hunter2" not in sentence
    assert "4242" not in sentence
    assert ["words.txt"] == [path.name for path in here.iterdir()]


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_every_command_refuses_a_wrong_setting_alike(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]
) -> None:
    """Two that are wrong are two sentences."""
    monkeypatch.setenv("CHECKOUT_SECRET_KEY", "hunter2")
    monkeypatch.setenv("CHECKOUT_PORT" if "--port" not in arguments else "CHECKOUT_HOST", "a b")
    sentences = refused(monkeypatch, capsys, *arguments).splitlines()
    assert 2 == len(sentences)
    assert ["words.txt"] == [path.name for path in here.iterdir()]


@pytest.mark.parametrize("arguments", [("serve", "--port", "0"), ("keys", "list"), ("runs", "list")], ids=" ".join)
@pytest.mark.parametrize(
    ("database", "said"),
    [
        ("{here}/words.txt", "words.txt is no SQLite database; name another file (database_unusable)"),
        ("/proc/nobody/c.sqlite3", "/proc/nobody/c.sqlite3 cannot be written: No such file or directory"),
    ],
)
def test_a_database_that_cannot_be_is_named_with_its_variable(
    here: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    database: str,
    said: str,
) -> None:
    """Found only by opening it; nothing is started beside it, and the file stays as it is."""
    monkeypatch.setenv("CHECKOUT_DATABASE_URL", "sqlite:///" + database.format(here=here))
    sentence = refused(monkeypatch, capsys, *arguments)
    assert sentence.startswith("CHECKOUT_DATABASE_URL: ")
    assert said in sentence
    assert "not a database" == (here / "words.txt").read_text()
    assert ["words.txt"] == [path.name for path in here.iterdir()]


@pytest.mark.parametrize("content", ["", "hunter2"])
def test_a_key_file_that_holds_no_key_is_named(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], content: str
) -> None:
    """It is never made anew: what was sealed with the lost key would be lost with it."""
    (here / "checkout.key").write_text(content)
    sentence = refused(monkeypatch, capsys, "keys", "list")
    assert f"the key file {here / 'checkout.key'} holds no key" in sentence
    assert "(key_unusable)" in sentence
    assert content == (here / "checkout.key").read_text()


@pytest.mark.parametrize("command", ["serve", "worker"])
@pytest.mark.usefixtures("here")
def test_several_processes_need_one_payment_provider(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    """A sandbox that one of them starts for itself holds money that the others cannot see."""
    monkeypatch.setenv("CHECKOUT_DATABASE_URL", "postgresql://checkout@127.0.0.1:1/checkout")
    monkeypatch.setenv("CHECKOUT_REDIS_URL", "redis://127.0.0.1:1/0")
    said = refused(monkeypatch, capsys, command)
    assert "CHECKOUT_PAYMENT_SANDBOX_URL to one sandbox" in said
    assert said.strip().endswith("(payments_missing)")


def test_what_is_right_is_read(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Addresses of both families, names, empty values that mean unset, a file in a folder still to be made."""
    for variable, value in {
        "CHECKOUT_HOST": "::1",
        "CHECKOUT_ALLOWED_PRIVATE_HOSTS": '["[::1]:80", "shop.localhost:8080"]',
        "CHECKOUT_PAYMENT_HOSTS": '["pay.example", "bank.localhost:1"]',
        "CHECKOUT_PAYMENT_SANDBOX_URL": "",
        "CHECKOUT_SECRET_KEY": "",
        "CHECKOUT_DATABASE_URL": f"sqlite:///{here}/new/c.sqlite3",
        "CHECKOUT_EVIDENCE_FOLDER": f"{here}/new/evidence",
    }.items():
        monkeypatch.setenv(variable, value)
    monkeypatch.setattr("sys.argv", ["checkout", "keys", "list"])
    with pytest.raises(SystemExit) as ended:
        command_line.run()
    assert 0 == ended.value.code
    assert (here / "new" / "c.sqlite3").exists()
