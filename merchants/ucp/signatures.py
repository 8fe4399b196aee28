"""HTTP message signatures (RFC 9421) as UCP uses them: ES256 over named components, keys as JWK.

Verifies what a business signed and signs what we send. A signature that is present must verify; a missing one is no
verdict, because signing answers is optional. Knows the two RFCs' syntax; must never know what is signed.
"""

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from merchants.errors import AnswerLostError
from merchants.ucp.reading import text

_COORDINATE_BYTES = 32
_ALGORITHM = ec.ECDSA(SHA256())
_INPUT = re.compile(r"^\s*(?P<label>[\w*.-]+)=(?P<params>\((?P<components>[^()]*)\)(?P<rest>;.*)?)$")
_KEY_ID = re.compile(r';keyid="([^"]+)"')


class SignatureInvalidError(AnswerLostError):
    """The answer carries a signature that its sender's keys do not verify: somebody else may have written it."""

    code = "signature_invalid"
    retryable = False


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs with one key; `jwk` is its public half, to be published in a profile."""

    key: ec.EllipticCurvePrivateKey
    key_id: str

    @classmethod
    def from_secret(cls, secret: int, key_id: str) -> Self:
        """The key whose private value is `secret`."""
        return cls(ec.derive_private_key(secret, ec.SECP256R1()), key_id)

    @property
    def jwk(self) -> dict[str, str]:
        """The public key as RFC 7517 writes it."""
        numbers = self.key.public_key().public_numbers()
        return {
            "kid": self.key_id,
            "kty": "EC",
            "crv": "P-256",
            "x": _base64url(numbers.x),
            "y": _base64url(numbers.y),
            "use": "sig",
            "alg": "ES256",
        }

    def sign(self, components: Mapping[str, str]) -> dict[str, str]:
        """The two signature headers over `components` (name → value, in order; derived ones begin with @)."""
        names = " ".join(f'"{name}"' for name in components)
        params = f'({names});keyid="{self.key_id}"'
        r, s = decode_dss_signature(self.key.sign(_base(components, params), _ALGORITHM))
        raw = r.to_bytes(_COORDINATE_BYTES, "big") + s.to_bytes(_COORDINATE_BYTES, "big")
        return {"Signature-Input": f"sig1={params}", "Signature": f"sig1=:{base64.b64encode(raw).decode()}:"}


def content_digest(body: bytes) -> str:
    """The `Content-Digest` header of `body` (RFC 9530)."""
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"


def verify_answer(status: int, headers: Mapping[str, str], body: bytes, keys: Sequence[Mapping[str, Any]]) -> None:
    """Raise `SignatureInvalidError` if the answer is signed and the signature does not hold. `headers`: any case."""
    lower = {name.lower(): value for name, value in headers.items()}
    if not keys or "signature-input" not in lower or "signature" not in lower:
        return
    found = _INPUT.match(lower["signature-input"])
    key_id = _KEY_ID.search(lower["signature-input"])
    key = next((key for key in keys if key_id and text(key.get("kid")) == key_id[1]), None)
    if not found or key is None:
        raise SignatureInvalidError("the answer is signed with a key the merchant does not publish")
    if "content-digest" in lower and lower["content-digest"] != content_digest(body):
        raise SignatureInvalidError("the answer's body is not the one that was signed")
    names = [name.strip('"') for name in found["components"].split()]
    known = {**lower, "@status": str(status)}
    if not {"@status", "content-digest"} <= set(names) or any(name not in known for name in names):
        raise SignatureInvalidError("the signature does not cover the answer's status and body")
    try:
        raw = base64.b64decode(lower["signature"].partition("=:")[2].rpartition(":")[0], validate=True)
        encoded = encode_dss_signature(
            int.from_bytes(raw[:_COORDINATE_BYTES], "big"), int.from_bytes(raw[_COORDINATE_BYTES:], "big")
        )
        _public_key(key).verify(encoded, _base({name: known[name] for name in names}, found["params"]), _ALGORITHM)
    except (InvalidSignature, ValueError, TypeError) as broken:
        raise SignatureInvalidError("the answer's signature does not verify") from broken


def _base(components: Mapping[str, str], params: str) -> bytes:
    lines = [f'"{name}": {value.strip()}' for name, value in components.items()]
    return "\n".join([*lines, f'"@signature-params": {params}']).encode()


def _public_key(jwk: Mapping[str, Any]) -> ec.EllipticCurvePublicKey:
    return ec.EllipticCurvePublicNumbers(
        _number(text(jwk.get("x")) or ""), _number(text(jwk.get("y")) or ""), ec.SECP256R1()
    ).public_key()


def _number(encoded: str) -> int:
    return int.from_bytes(base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)), "big")


def _base64url(number: int) -> str:
    return base64.urlsafe_b64encode(number.to_bytes(_COORDINATE_BYTES, "big")).rstrip(b"=").decode()
