"""Sealing: payment tokens are stored encrypted, keys and callback tokens hashed. Knows ciphers, not what it seals.

Without `CHECKOUT_SECRET_KEY` a key file is made beside the database, readable by its owner only; losing it loses no
money, only the tokens of purchases that wait for their hold.
"""

import hashlib
import os
from pathlib import Path
from typing import Self

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


class UnsealError(RuntimeError):
    """The sealed value was made with another key; restore CHECKOUT_SECRET_KEY."""


class KeyUnusableError(RuntimeError):
    """The key file cannot be read, made, or used as a key."""

    code = "key_unusable"


class Vault:
    """Seals and opens short secrets with one symmetric key."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._fernet = Fernet(key)

    @classmethod
    def from_key_file(cls, path: Path) -> Self:
        """Use the key in `path`, made on first use with mode 0600. KeyUnusableError."""
        try:
            return cls(_kept_key(path))
        except OSError as refused:
            raise KeyUnusableError(
                f"the key file {path} cannot be used: {refused.strerror}; mend that or set CHECKOUT_SECRET_KEY"
            ) from refused
        except ValueError:
            raise KeyUnusableError(
                f"the key file {path} holds no key; restore it, or remove it if nothing was ever sealed with it"
            ) from None

    @classmethod
    def fresh(cls) -> Self:
        """A key that lives as long as this process: for a database in memory."""
        return cls(Fernet.generate_key())

    def derived(self, purpose: str, length_bytes: int) -> bytes:
        """Bytes that belong to this key and `purpose` alone, the same every time: further keys need no further file."""
        return HKDF(SHA256(), length_bytes, salt=None, info=purpose.encode()).derive(self._key)

    def seal(self, secret: str) -> bytes:
        """Ciphertext that only this key opens."""
        return self._fernet.encrypt(secret.encode())

    def open(self, sealed: bytes) -> str:
        """The secret again; UnsealError if another key sealed it."""
        try:
            return self._fernet.decrypt(sealed).decode()
        except InvalidToken as wrong_key:
            raise UnsealError("a sealed value does not open with this key; restore CHECKOUT_SECRET_KEY") from wrong_key


def _kept_key(path: Path) -> bytes:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_bytes()
    key = Fernet.generate_key()
    with os.fdopen(descriptor, "wb") as file:
        file.write(key)
    return key


def digest(secret: str) -> str:
    """SHA-256 in hex: enough for keys and tokens, which are 256 random bits and need no salt."""
    return hashlib.sha256(secret.encode()).hexdigest()
