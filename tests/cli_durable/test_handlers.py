"""Finding the handler that a command line names."""

from pathlib import Path

import pytest

from checkout.cli.durable.handlers import HandlerNotFoundError, load, load_named, load_served
from examples.durable import order_approval

SOURCE = "def handler(event, context):\n    return event\n\n\ndef second(event, context):\n    return 2\n\nnumber = 3\n"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with modules in it, forgotten again afterwards."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "plain_flow.py").write_text(SOURCE)
    (tmp_path / "broken_flow.py").write_text("raise RuntimeError('no luck')\n")
    (tmp_path / "odd-name.py").write_text("from beside import word\n" + SOURCE)
    (tmp_path / "beside.py").write_text("word = 'found'\n")
    (tmp_path / "inside").mkdir()
    (tmp_path / "inside" / "deep_flow.py").write_text(SOURCE)
    return tmp_path


@pytest.mark.parametrize(
    ("reference", "function"),
    [
        ("plain_flow:handler", "plain_flow"),
        ("plain_flow.py:handler", "plain_flow"),
        ("./plain_flow.py:second", "plain_flow-second"),
        ("inside/deep_flow.py:handler", "deep_flow"),
        ("inside.deep_flow:handler", "deep_flow"),
        ("odd-name.py:handler", "odd-name"),
    ],
)
@pytest.mark.usefixtures("here")
def test_a_handler_is_found_by_module_and_by_path(reference: str, function: str) -> None:
    """Both spellings name the same function, also for a file whose name is no module name."""
    loaded = load(reference)
    assert function == loaded.function
    assert callable(loaded.handler)


def test_a_path_and_a_module_are_one_and_the_same_handler() -> None:
    """A file under the working directory is imported once, whichever way it was named."""
    assert order_approval.handler is load("examples/durable/order_approval.py:handler").handler
    assert order_approval.handler is load("examples.durable.order_approval:handler").handler


def test_another_handler_gets_the_name_it_is_invoked_by() -> None:
    """`--with` decides the name, because that is what the first handler calls."""
    loaded = load_named("approve=examples.durable.order_approval:handler")
    assert ("approve", order_approval.handler) == (loaded.function, loaded.handler)


@pytest.mark.parametrize(
    ("reference", "sentence"),
    [
        ("plain_flow", "is no handler"),
        (":handler", "is no handler"),
        ("plain_flow:", "is no handler"),
        ("plain_flow:missing", "has no function 'missing'"),
        ("plain_flow:number", "has no function 'number'"),
        ("no_such_flow:handler", "cannot be imported: ModuleNotFoundError"),
        ("no_such_flow.py:handler", "there is no file"),
        ("broken_flow:handler", "cannot be imported: RuntimeError: no luck"),
    ],
)
@pytest.mark.usefixtures("here")
def test_what_names_no_handler_is_refused_with_a_sentence(reference: str, sentence: str) -> None:
    """The sentence says which half of MODULE:HANDLER is wrong, and a module's own error is passed on."""
    with pytest.raises(HandlerNotFoundError, match=sentence) as refusal:
        load(reference)
    assert "handler_not_found" == refusal.value.code


def test_a_nameless_other_handler_is_refused() -> None:
    """`--with` without a name would register something nobody can invoke."""
    with pytest.raises(HandlerNotFoundError, match="NAME=MODULE:HANDLER"):
        load_named("examples.durable.order_approval:handler")


@pytest.mark.parametrize("reference", ["work=http://", "work=http://h:99999", "work=http://h:x", "=http://h:1"])
def test_an_endpoint_that_cannot_be_one_is_refused(reference: str) -> None:
    """Before anything is served: no host, no such port, no name."""
    with pytest.raises(HandlerNotFoundError, match="NAME=http://HOST:PORT"):
        load_served(reference)
