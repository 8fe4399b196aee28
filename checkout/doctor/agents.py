"""What buys in a browser: the browser, the model, what pays; where it is to run here."""

from collections.abc import Iterator

from agents.browsing.finding import find
from agents.errors import BrowserMissingError
from checkout.doctor.findings import Finding, masked
from checkout.settings import Settings


def browser(settings: Settings) -> Iterator[Finding]:
    """Which one would be used; a problem only where an agent works."""
    try:
        found = find(settings.browser, headed=settings.browser_headed)
    except BrowserMissingError as missing:
        if _works_here(settings):
            yield Finding(name="browser", found="none", mend=str(missing))
        else:
            yield Finding(name="browser", found="none; no agent works here, which would need one")
        return
    yield Finding(name="browser", found=f"{found.name} {found.version} at {found.path}")


def agents(settings: Settings) -> Iterator[Finding]:
    """Whether they are on, and what they lack."""
    if not settings.agents_enabled:
        yield Finding(
            name="agents", found="off: a URL that no adapter takes fails (CHECKOUT_AGENTS_ENABLED turns them on)"
        )
    elif not settings.has_model and _works_here(settings):
        yield Finding(
            name="agents",
            found="on, and no model is configured",
            mend="Set ANTHROPIC_API_KEY, or CHECKOUT_MODEL_URL for a gateway, or CHECKOUT_AGENT_EMBEDDED=false where "
            "`checkout agent-worker` runs.",
        )
    elif not _works_here(settings):
        yield Finding(name="agents", found="on: `checkout agent-worker` processes buy, elsewhere")
    else:
        where = f"at {masked(settings.model_url)}" if settings.model_url else "at Anthropic"
        worker = "a worker inside `checkout serve`" if settings.agent_embedded else "`checkout agent-worker`"
        card = "a card that pays merchants" if settings.card else "no card: only shops that take payment later"
        yield Finding(name="agents", found=f"on: {settings.agent_model} {where}, {worker}, {card}")


def _works_here(settings: Settings) -> bool:
    """Whether this process, or one with its settings, opens a browser."""
    key = settings.agent_key.get_secret_value() if settings.agent_key else ""
    return settings.agents_enabled and (settings.agent_embedded or bool(key))
