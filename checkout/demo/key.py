"""The demo buyer's API key, made the way an operator makes one: beside the service, in its database."""

from checkout import wiring
from checkout.api import keys
from checkout.settings import Settings


def developer_key(settings: Settings, tenant: str) -> str:
    """Make an API key for an agent developer, and give it once."""
    with wiring.opened(settings) as deployment, deployment.database.transaction() as session:
        _, key = keys.create_key(session, tenant, "", keys.DEVELOPER_SCOPES, now=deployment.clock.now())
    return key
