"""An agent worker put together: a browser, a model, what pays merchants, and the service that gives it tasks.

The composition root of a worker, as `wiring` is of the service. Runs as a process of its own (`checkout agent-worker`)
or in a thread of `checkout serve`; either way one thread owns the browser. Must never log a key or a card.
"""

import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

import structlog

from agents.browsing.browser import Browser, Found, find
from agents.buying import Buying
from agents.errors import AgentError
from agents.model import Model
from agents.service import ServiceClient
from agents.terms import Budget, BuyingConfig
from agents.worker import Worker
from checkout.distributed.agents import TaskHints
from checkout.settings import Settings
from payments.cards import OneCard
from payments.instruments import InstrumentSource, NoInstruments

log = structlog.get_logger(__name__)

# A browser that does not start, or broke, is tried again after this.
AGAIN_SECONDS = 2.0
# A stand-in or a gateway may need no key, and the client sends one anyway.
NO_KEY = "none"

NO_MODEL = (
    "agents are enabled and no model is configured: set ANTHROPIC_API_KEY or CHECKOUT_MODEL_URL, or set "
    "CHECKOUT_AGENT_EMBEDDED=false where `checkout agent-worker` runs as a process of its own"
)


class NoModelError(AgentError):
    """No model is configured."""

    code = "model_missing"


@dataclass(slots=True, kw_only=True)
class AgentWorker:
    """A worker and what it is made of, made anew whenever it breaks."""

    settings: Settings
    service_url: str
    api_key: str = field(repr=False)
    name: str = field(default_factory=lambda: f"worker-{secrets.token_hex(4)}")
    ending: threading.Event = field(default_factory=threading.Event)
    answered: Callable[[], None] | None = None
    """Called each time the service has answered this worker."""
    worker: Worker | None = None

    def found(self) -> Found:
        """The browser it uses. NoModelError or BrowserMissingError when it cannot work here."""
        if not self.settings.has_model:
            raise NoModelError(NO_MODEL)
        return find(self.settings.browser, headed=self.settings.browser_headed)

    def run(self) -> None:
        """Work in this thread until `ending` is set."""
        while not self.ending.is_set():
            try:
                with self._made() as worker:
                    self.worker = worker
                    worker.run()
            except Exception as broken:  # noqa: BLE001 (whatever broke is made anew; nothing else watches this thread)
                log.error("worker.broken", worker=self.name, error=type(broken).__name__)  # noqa: TRY400 (its text may be a page's)
                self.ending.wait(AGAIN_SECONDS)

    @property
    def ordering(self) -> bool:
        """Whether an order is under way, which is finished and not given back."""
        return self.worker is not None and self.worker.ordering

    @contextmanager
    def _made(self) -> Iterator[Worker]:
        settings = self.settings
        model = model_of(settings)
        try:
            with (
                ServiceClient(self.service_url, self.api_key, answered=self.answered) as client,
                _resting(settings, self.ending) as rest,
                Browser.opened(self.found(), headed=settings.browser_headed) as browser,
            ):
                buying = Buying(
                    browser=browser, model=model, instruments=instruments(settings), config=buying_config(settings)
                )
                yield Worker(
                    name=self.name,
                    client=client,
                    do=buying.run,
                    ending=self.ending,
                    prepare=buying.prepare,
                    rest=rest,
                    cut=browser.cut,
                )
        finally:
            model.close()


@contextmanager
def _resting(settings: Settings, ending: threading.Event) -> Iterator[Callable[[], None] | None]:
    """How a worker waits for its next task: for a word over Redis where there is one."""
    if settings.redis_url is None:
        yield None
        return
    with TaskHints.opened(settings.redis_url) as hints:
        yield partial(hints.rest, ending)


def model_of(settings: Settings) -> Model:
    """The model the settings name."""
    key = settings.anthropic_api_key.get_secret_value() if settings.anthropic_api_key else ""
    return Model.connect(settings.agent_model, api_key=key or NO_KEY, base_url=settings.model_url)


def instruments(settings: Settings) -> InstrumentSource:
    """What pays merchants through their own pages: the configured card, or nothing."""
    return OneCard(card=settings.card) if settings.card else NoInstruments()


def buying_config(settings: Settings) -> BuyingConfig:
    """What every task of a worker shares."""
    return BuyingConfig(
        evidence_folder=settings.evidence_folder,
        allowed_private=settings.allowed_private_hosts,
        payment_hosts=settings.payment_hosts,
        budget=Budget(
            turns=settings.agent_turns,
            input_tokens=settings.agent_input_tokens,
            usd=settings.agent_usd,
            usd_per_million_input=settings.agent_usd_per_million_input,
            usd_per_million_output=settings.agent_usd_per_million_output,
        ),
    )
