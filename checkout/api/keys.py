"""API keys: 256 random bits, shown once, stored as a hash, bound to a tenant and to what they may do.

Knows the key table. Must never keep, log or return a key after it was made.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import bindparam
from sqlmodel import Session, col, select

from checkout.durable.statements import Statement
from checkout.store.driver import Driver
from checkout.store.models import ApiKey
from checkout.store.vault import digest

PREFIX = "ck_"
# More random than anyone can try: no salt, no slow hash and no lock-out is needed.
KEY_BYTES = 32
MAX_TENANT_CHARACTERS = 64
MAX_NAME_CHARACTERS = 255


class Scope(StrEnum):
    """What a key may do."""

    INTENTS_WRITE = "intents:write"
    INTENTS_READ = "intents:read"
    AGENT = "agent"  # take any tenant's agent tasks and complete their callbacks
    WEBHOOKS = "webhooks"  # say where the tenant's events are sent
    OPERATOR = "operator"  # answer any tenant's open question


SCOPES = tuple(scope.value for scope in Scope)
# What an agent developer needs, and no more.
DEVELOPER_SCOPES = (Scope.INTENTS_WRITE.value, Scope.INTENTS_READ.value, Scope.WEBHOOKS.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownKey:
    """A key that is valid: whose it is, and what it may do."""

    id: str
    tenant: str
    scopes: frozenset[str]


# Asked with every request, so written once and run on the driver.
_KNOWN = Statement(
    select(ApiKey.id, ApiKey.tenant, ApiKey.scopes).where(
        ApiKey.key_hash == bindparam("hash"), col(ApiKey.revoked_at).is_(None)
    )
)


def create_key(session: Session, tenant: str, name: str, scopes: Sequence[str], *, now: datetime) -> tuple[ApiKey, str]:
    """The new key's row, and the key itself, which exists nowhere else. ValueError names what is wrong."""
    if not tenant.strip() or len(tenant) > MAX_TENANT_CHARACTERS:
        raise ValueError(f"a tenant is 1 to {MAX_TENANT_CHARACTERS} characters")
    if len(name) > MAX_NAME_CHARACTERS:
        raise ValueError(f"a key's name is at most {MAX_NAME_CHARACTERS} characters")
    unknown = [scope for scope in scopes if scope not in SCOPES]
    if unknown or not scopes:
        raise ValueError(f"scopes are one or more of {', '.join(SCOPES)}, not {', '.join(unknown) or 'none'}")
    plaintext = PREFIX + secrets.token_urlsafe(KEY_BYTES)
    row = ApiKey(
        id=f"key_{secrets.token_hex(8)}",
        tenant=tenant,
        name=name,
        key_hash=digest(plaintext),
        scopes=" ".join(dict.fromkeys(scopes)),
        created_at=now,
    )
    session.add(row)
    session.flush()
    return row, plaintext


def find_key(unit: Session | Driver, plaintext: str) -> KnownKey | None:
    """What the key may do, unless it never existed or was revoked."""
    row = _KNOWN.first(unit, hash=digest(plaintext))
    return KnownKey(id=row["id"], tenant=row["tenant"], scopes=frozenset(row["scopes"].split())) if row else None


def list_keys(session: Session, tenant: str | None = None) -> list[ApiKey]:
    """Every key, oldest first, revoked ones too."""
    query = select(ApiKey).order_by(col(ApiKey.created_at), col(ApiKey.id))
    return list(session.exec(query.where(ApiKey.tenant == tenant) if tenant is not None else query))


def revoke_key(session: Session, key_id: str, *, now: datetime) -> bool:
    """Refuse the key from the next request on; False if there is none of this id."""
    row = session.get(ApiKey, key_id)
    if row is None:
        return False
    row.revoked_at = row.revoked_at or now
    session.add(row)
    session.flush()
    return True
