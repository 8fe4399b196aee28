"""The demo shop signs what it answers, in the versions whose profile carries its keys.

Knows headers; must never look into a body.
"""

from dataclasses import replace

from merchants.demo import dialects
from merchants.demo.http import Request, Response
from merchants.ucp.signatures import content_digest


def signed(request: Request, response: Response) -> Response:
    """The answer with its signature, where the door's version has keys to check it by."""
    if not request.wire.keyed_registries or response.headers.get("Content-Type") != "application/json":
        return response
    digest = content_digest(response.body)
    signature = dialects.SIGNER.sign(
        {"@status": str(response.status), "content-digest": digest, "content-type": "application/json"}
    )
    return replace(response, headers={**response.headers, "Content-Digest": digest, **signature})
