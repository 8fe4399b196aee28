"""Our platform profile: what a merchant fetches from the URL in `UCP-Agent` to know which protocol parts we share.

Knows what we can do; must never name a customer, a credential or a merchant.
"""

from collections.abc import Sequence
from typing import Any

from merchants.ucp.discovery import SERVICE
from merchants.ucp.signatures import Signer
from merchants.ucp.versions import LATEST, WireVersion

# Where the service answers with it; merchants cache it for at least a minute.
PROFILE_PATH = "/.well-known/ucp-agent.json"
CACHE_CONTROL = "public, max-age=3600"
_CAPABILITIES = ("checkout", "fulfillment", "discount", "order", "catalog.lookup", "catalog.search")
_SPECIFICATION = "https://ucp.dev"
_EXTENDS_CHECKOUT = frozenset({"fulfillment", "discount"})


def platform_profile(base_url: str, *, wire: WireVersion = LATEST, signers: Sequence[Signer] = ()) -> dict[str, Any]:
    """The profile of a service reachable at `base_url`, as version `wire` writes it."""
    entries = {f"{SERVICE}.{name}": _capability(name, wire) for name in _CAPABILITIES}
    keys = [signer.jwk for signer in signers]
    if not wire.keyed_registries:
        return {
            "ucp": {
                "version": wire.version,
                "capabilities": [{"name": name, **entry} for name, entry in entries.items()],
            },
            wire.keys_field: keys,
        }
    service = {
        "version": wire.version,
        "spec": f"{_SPECIFICATION}/{wire.version}/specification/overview",
        "transport": "rest",
        "schema": f"{_SPECIFICATION}/{wire.version}/services/shopping/rest.openapi.json",
        "endpoint": base_url.rstrip("/"),
    }
    body = {
        "version": wire.version,
        "services": {SERVICE: [service]},
        "capabilities": {name: [entry] for name, entry in entries.items()},
        "payment_handlers": {},
    }
    return {"ucp": body, wire.keys_field: keys}


def agent_header(profile_url: str, wire: WireVersion = LATEST) -> str:
    """The `UCP-Agent` header: our profile's URL, in the version we speak with this merchant.

    A merchant of an older version may refuse a platform whose profile is newer than itself.
    """
    return f'profile="{profile_url}"' if wire is LATEST else f'profile="{profile_url}?version={wire.version}"'


def _capability(name: str, wire: WireVersion) -> dict[str, Any]:
    page = name.replace(".", "/")
    return {
        "version": wire.version,
        "spec": f"{_SPECIFICATION}/{wire.version}/specification/{page}",
        "schema": f"{_SPECIFICATION}/{wire.version}/schemas/shopping/{name.replace('.', '_')}.json",
        **({"extends": f"{SERVICE}.checkout"} if name in _EXTENDS_CHECKOUT else {}),
    }
