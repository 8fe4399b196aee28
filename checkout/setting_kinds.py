"""The kinds of value a setting can have: each is read from text, or refused in a sentence that says how to mend it.

Knows what a value must look like, and nothing of what it is used for. A sentence must never repeat a value that may be
a secret: keys, and addresses that may carry a password.
"""

import ipaddress
import json
import os
import re
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from cryptography.fernet import Fernet
from pydantic import AfterValidator, BeforeValidator, NonNegativeInt, SecretStr, TypeAdapter
from pydantic_settings import NoDecode

from payments.cards import Card

# Letters, digits and hyphens, in labels of at most 63: anything longer the resolver refuses with an error of its own.
_NAME = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*\.?")
_MAKE_A_KEY = "python -c 'from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())'"
# As AWS writes them: a name, or an ARN, with an alias or a version after a colon.
_FUNCTION = re.compile(
    r"(arn:[a-z-]+:lambda:[a-z0-9-]+:)?(\d{12}:function:)?[A-Za-z0-9_-]{1,140}(:(\$LATEST|[A-Za-z0-9_-]{1,128}))?"
)
_LARGEST_PORT = 65_535
_CURRENCY = re.compile(r"[A-Z]{3}")
CARD = TypeAdapter(Card)
# A hundred years: longer than anything waits, and a number that times can still be added to.
LONGEST_SECONDS = 100 * 365 * 24 * 3600


def _listed(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        read = json.loads(value)
    except ValueError:
        read = None
    if not (isinstance(read, list) and all(isinstance(one, str) for one in read)):
        raise ValueError('it is no list; write it as JSON, as in ["shop.example:443"]')
    return tuple(read)


def _amounts(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        read = json.loads(value or "{}")
    except ValueError:
        read = None
    if not isinstance(read, dict) or not all(_CURRENCY.fullmatch(name) for name in read):
        raise ValueError('it is no table of amounts in minor units; write it as JSON, as in {"USD": 500000}')
    return read


def _is_host(text: str) -> bool:
    try:
        ipaddress.ip_address(text.removeprefix("[").removesuffix("]"))
    except ValueError:
        return bool(_NAME.fullmatch(text))
    return True


def _is_pair(text: str) -> bool:
    host, _, port = text.rpartition(":")
    return _is_host(host) and port.isascii() and port.isdigit() and 0 < int(port) <= _LARGEST_PORT


def _function(text: str) -> str:
    if not _FUNCTION.fullmatch(text):
        raise ValueError(f"{text!r} is no Lambda function; give its name or ARN with an alias, as in purchase:live")
    return text


def _host(text: str) -> str:
    if not _is_host(text):
        raise ValueError(f"{text!r} is neither a host name nor an address; 127.0.0.1 is this machine alone")
    return text


def _pairs(pairs: tuple[str, ...]) -> tuple[str, ...]:
    for pair in pairs:
        if not _is_pair(pair):
            raise ValueError(f"{pair!r} is no host:port pair; private addresses are let through one by one")
    return pairs


def _hosts(hosts: tuple[str, ...]) -> tuple[str, ...]:
    for host in hosts:
        if not (_is_host(host) or _is_pair(host)):
            raise ValueError(f"{host!r} is neither a host name nor a host:port pair, such as pay.example")
    return hosts


def _url(text: str) -> str:
    try:
        parts = urlsplit(text)
        whole = parts.scheme in ("http", "https") and _is_host(parts.hostname or "") and parts.port != 0
    except ValueError:
        whole = False
    if text and not whole:
        raise ValueError("it is no address of a server; write it as http://host:port or https://host")
    return text


def _database(text: str) -> str:
    if text.startswith("postgresql://"):
        return _server(text, "postgresql://user@host:5432/name")
    path = text.removeprefix("sqlite:///")
    if text != "sqlite://" and (path == text or not path or "?" in path):
        raise ValueError("the store is sqlite:///folder/file.sqlite3 or postgresql://user@host:5432/name")
    if path not in (text, ":memory:"):
        if Path(path).is_dir():
            raise ValueError(f"{path} is a folder; name a file in it")
        _folder(Path(path).parent)
    return text


def _redis(text: str) -> str:
    if not text.startswith(("redis://", "rediss://", "unix://")):
        raise ValueError("it is no Redis; write it as redis://host:6379/0")
    return text if text.startswith("unix://") else _server(text, "redis://host:6379/0")


def _server(text: str, example: str) -> str:
    """An address whose host and port can be; never repeated, because it may carry a password."""
    try:
        parts = urlsplit(text)
        whole = _is_host(parts.hostname or "") and parts.port != 0 and len(parts.path) > 1
    except ValueError:
        whole = False
    if not whole:
        raise ValueError(f"it is no address of a server; write it as {example}")
    return text


def _folder(folder: Path) -> Path:
    """A folder that is there and writable, or can be made."""
    there = next(one for one in (folder, *folder.absolute().parents) if one.exists())
    if not there.is_dir():
        raise ValueError(f"{there} is a file, and {folder} cannot be a folder in it; name another")
    if not os.access(there, os.W_OK | os.X_OK):
        raise ValueError(f"{there} cannot be written by this user; mend its permissions or name another folder")
    return folder


def _fernet(key: SecretStr) -> SecretStr:
    if text := key.get_secret_value():
        try:
            Fernet(text.encode())
        except ValueError:
            raise ValueError(f"it is no Fernet key (32 bytes in URL-safe base64); make one: {_MAKE_A_KEY}") from None
    return key


def _card(card: SecretStr) -> SecretStr:
    if text := card.get_secret_value():
        try:
            CARD.validate_json(text)
        except ValueError:  # its message would show the number
            raise ValueError("it is no JSON object with number, exp_month, exp_year, cvc and holder") from None
    return card


FunctionName = Annotated[str, AfterValidator(_function)]
Host = Annotated[str, AfterValidator(_host)]
Url = Annotated[str, AfterValidator(_url)]
DatabaseUrl = Annotated[str, AfterValidator(_database)]
RedisUrl = Annotated[str, AfterValidator(_redis)]
Folder = Annotated[Path, AfterValidator(_folder)]
FernetKey = Annotated[SecretStr, AfterValidator(_fernet)]
CardJson = Annotated[SecretStr, AfterValidator(_card)]
Amounts = Annotated[dict[str, NonNegativeInt], NoDecode, BeforeValidator(_amounts)]
# Read here and not by the settings' own reader, which would not name the variable.
Pairs = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_listed), AfterValidator(_pairs)]
Hosts = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_listed), AfterValidator(_hosts)]
