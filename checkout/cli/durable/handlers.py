"""From `MODULE:HANDLER` on a command line to a function: dotted modules, and paths to files.

Knows Python's import machinery; must never know what a handler does or which service runs it.
"""

import importlib
import importlib.util
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

from checkout.durable_face.remote import RemoteHandler

# The names people give a module's one handler; then the module's name alone says which function it is.
CUSTOMARY_NAMES = frozenset({"handler", "lambda_handler"})


class CommandError(Exception):
    """A command that cannot be carried out as asked; nothing was changed. `code` is stable, not retryable.

    CommandError
    ├── HandlerNotFoundError    handler_not_found: the module or the handler in it does not exist, or fails to import
    └── UnreadableJsonError     unreadable_json: an option that must be JSON is not
    """

    code = "command_refused"
    retryable = False


class HandlerNotFoundError(CommandError):
    """MODULE:HANDLER names nothing that can be called."""

    code = "handler_not_found"


class UnreadableJsonError(CommandError):
    """An option that must be JSON is not."""

    code = "unreadable_json"


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedHandler:
    """A handler and the function name it is registered under."""

    function: str
    handler: Callable[..., Any]


def load(reference: str) -> LoadedHandler:
    """The handler `MODULE:HANDLER`; MODULE is a dotted module or a path to a .py file.

    The function's name is the module's last part; a handler not called `handler` adds its own name after a dash.
    Modules are looked for in the current directory first, as `python -m` does. Raises HandlerNotFoundError.
    """
    module_name, separator, attribute = reference.rpartition(":")
    if not separator or not module_name or not attribute:
        raise HandlerNotFoundError(
            f"{reference!r} is no handler; write MODULE:HANDLER, such as examples/durable/order_approval.py:handler"
        )
    module = _module(module_name)
    handler = getattr(module, attribute, None)
    if not callable(handler):
        raise HandlerNotFoundError(f"{module_name} has no function {attribute!r}")
    name = Path(module_name).stem if _is_path(module_name) else module_name.rpartition(".")[2]
    return LoadedHandler(function=name if attribute in CUSTOMARY_NAMES else f"{name}-{attribute}", handler=handler)


def load_named(pair: str) -> LoadedHandler:
    """The handler of `NAME=MODULE:HANDLER`, registered as NAME. Raises HandlerNotFoundError."""
    name, separator, reference = pair.partition("=")
    if not separator or not name:
        raise HandlerNotFoundError(f"{pair!r} names no handler; write NAME=MODULE:HANDLER")
    return LoadedHandler(function=name, handler=load(reference).handler)


def load_served(reference: str) -> LoadedHandler:
    """The handler of `[NAME=]MODULE:HANDLER`, or of `NAME=http://…`: at that Lambda endpoint. HandlerNotFoundError."""
    name, separator, place = reference.partition("=")
    if separator and place.startswith(("http://", "https://")):
        if not name or not _is_reachable(place):
            raise HandlerNotFoundError(f"{reference!r} is no endpoint; write NAME=http://HOST:PORT")
        return LoadedHandler(function=name, handler=RemoteHandler(place, name))
    return load_named(reference) if separator else load(reference)


def _is_reachable(url: str) -> bool:
    """Whether a URL names a host, and a port there can be."""
    parts = urlsplit(url)
    try:
        return bool(parts.hostname) and parts.port != 0
    except ValueError:  # no number, or over 65535
        return False


def _is_path(module: str) -> bool:
    return module.endswith(".py") or "/" in module


def _module(name: str) -> ModuleType:
    if "" not in sys.path and str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    try:
        return _from_file(Path(name)) if _is_path(name) else importlib.import_module(name)
    except HandlerNotFoundError:
        raise
    except Exception as error:  # whatever a stranger's module raises while it is imported, the user must read it
        raise HandlerNotFoundError(f"{name} cannot be imported: {type(error).__name__}: {error}") from error


def _from_file(path: Path) -> ModuleType:
    """The module in a file: by its dotted name when it lies under the current directory, else on its own."""
    if not path.is_file():
        raise HandlerNotFoundError(f"there is no file {path}")
    path = path.resolve()
    if path.is_relative_to(Path.cwd()):
        parts = path.relative_to(Path.cwd()).with_suffix("").parts
        if all(part.isidentifier() for part in parts):
            return importlib.import_module(".".join(parts))
    sys.path.insert(0, str(path.parent))
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise HandlerNotFoundError(f"{path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module
