"""Signatures verify what another implementation signed, and nothing that was touched."""

import pytest

from merchants.ucp.signatures import SignatureInvalidError, Signer, content_digest, verify_answer
from tests.merchants import spck

SIGNER = Signer.from_secret(0xBEEF, "shop-1")
BODY = b'{"id":"chk_1","status":"completed"}'


def signed(status: int = 200, body: bytes = BODY, signer: Signer = SIGNER) -> dict[str, str]:
    """The headers of a signed answer."""
    digest = content_digest(body)
    components = {"@status": str(status), "content-digest": digest, "content-type": "application/json"}
    return {"Content-Type": "application/json", "Content-Digest": digest, **signer.sign(components)}


def test_a_signed_answer_verifies() -> None:
    """Whatever the case of its headers."""
    verify_answer(200, signed(), BODY, [SIGNER.jwk])
    verify_answer(200, {name.upper(): value for name, value in signed().items()}, BODY, [SIGNER.jwk])


def test_another_implementation_s_signature_verifies() -> None:
    """The conformance kit signs with arithmetic of its own."""
    crypto = spck.crypto
    secret, public = crypto.keypair(b"anything")
    headers = {"Content-Type": "application/json", **crypto.sign_response_headers(200, BODY, secret, "kit-1")}
    verify_answer(200, headers, BODY, [crypto.jwk_from_pub("kit-1", public)])
    with pytest.raises(SignatureInvalidError):
        verify_answer(200, headers, BODY + b" ", [crypto.jwk_from_pub("kit-1", public)])


def test_our_signature_verifies_elsewhere() -> None:
    """The kit accepts what we sign."""
    assert (True, "ok") == spck.crypto.verify_response(200, BODY, signed(), [SIGNER.jwk])


def test_an_unsigned_answer_is_no_verdict() -> None:
    """Signing answers is optional, and so is publishing keys."""
    verify_answer(200, {"Content-Type": "application/json"}, BODY, [SIGNER.jwk])
    verify_answer(200, signed(), BODY, [])


OTHER = Signer.from_secret(0xFACE, "shop-1")


@pytest.mark.parametrize(
    ("status", "headers", "body"),
    [
        (201, signed(), BODY),  # another status
        (200, signed(), BODY.replace(b"1", b"2")),  # another body
        (200, {**signed(), "Content-Digest": content_digest(b"else")}, b"else"),  # another body, honestly digested
        (200, signed(signer=OTHER), BODY),  # another's key under the same name
        (200, signed(signer=Signer.from_secret(1, "unknown")), BODY),  # a key that was never published
        (200, {**signed(), "Signature": "sig1=:AAAA:"}, BODY),
        (200, {**signed(), "Signature": "nonsense"}, BODY),
        (200, {**signed(), "Signature-Input": "nonsense"}, BODY),
        (200, {**signed(), **SIGNER.sign({"content-type": "application/json"})}, BODY),  # covers nothing that counts
    ],
)
def test_a_signature_that_does_not_hold_is_refused(status: int, headers: dict[str, str], body: bytes) -> None:
    """Touched, forged, foreign, empty or unreadable: refused, never ignored."""
    with pytest.raises(SignatureInvalidError):
        verify_answer(status, headers, body, [SIGNER.jwk])
