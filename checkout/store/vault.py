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


class Vault:
    """Seals and opens short secrets with one symmetric key."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._fernet = Fernet(key)

    @classmethod
    def from_key_file(cls, path: Path) -> Self:
        """Use the key in `path`, made on first use with mode 0600."""
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return cls(path.read_bytes())
        key = Fernet.generate_key()
        with os.fdopen(descriptor, "wb") as file:
            file.write(key)
        return cls(key)

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


def digest(secret: str) -> str:
    """SHA-256 in hex: enough for keys and tokens, which are 256 random bits and need no salt."""
    return hashlib.sha256(secret.encode()).hexdigest()
