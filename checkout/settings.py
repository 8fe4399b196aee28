"""Every setting in one class, from the environment (`CHECKOUT_…`) or from files.

Units are in the names; each default has its reason. Knows names and limits; must never know what a setting is used for
beyond its sentence.
"""

from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from checkout.setting_files import FromFiles
from checkout.setting_kinds import (
    CARD,
    LONGEST_SECONDS,
    Amounts,
    CardJson,
    DatabaseUrl,
    FernetKey,
    Folder,
    FunctionName,
    Host,
    Hosts,
    Pairs,
    RedisUrl,
    Url,
)
from payments.cards import Card


class Settings(FromFiles):
    """Settings of one process: from the environment, and from files in CHECKOUT_SECRETS_FOLDER."""

    model_config = SettingsConfigDict(
        env_prefix="CHECKOUT_", extra="forbid", allow_inf_nan=False, hide_input_in_errors=True
    )

    # Where the truth is kept: one file, no server to install.
    database_url: DatabaseUrl = "sqlite:///var/checkout.sqlite3"
    # Carries "drive this purchase" and "there is a task"; losing it loses nothing. Unset: one process, threads.
    redis_url: RedisUrl | None = None
    # The purchase's Lambda function, by an alias: its name or ARN, as in `purchase:live`. Unset: purchases run here.
    lambda_function: FunctionName | None = None
    # Loopback unless the operator says otherwise.
    host: Host = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    # How merchants reach us (our platform profile); they cannot see a loopback address.
    public_url: Url = "http://127.0.0.1:8000"
    # Seals payment tokens (Fernet key). Unset: a key file beside the database, mode 0600.
    secret_key: FernetKey | None = None

    # Stripe. Unset: the payment sandbox at `payment_sandbox_url`, or one that `checkout serve` starts itself.
    stripe_api_key: SecretStr | None = Field(default=None, validation_alias="STRIPE_API_KEY")
    payment_sandbox_url: Url | None = None
    # Pays merchants that take the test handler, as the demo's do; never a real merchant.
    demo_instruments: bool = False

    # Exact host:port pairs that may have private addresses: demo shops, staging. Never a switch.
    allowed_private_hosts: Pairs = ()
    # Off until an agent worker runs: a URL no adapter takes then fails at once and says so.
    agents_enabled: bool = False
    # One worker inside `checkout serve`; off where `checkout agent-worker` processes do it.
    agent_embedded: bool = True
    # How `checkout agent-worker` shows itself to the service: a key with the scope `agent`.
    agent_key: SecretStr | None = None

    # The model that finds the way through shops. A URL is a gateway or a stand-in, which may need no key.
    anthropic_api_key: SecretStr | None = Field(default=None, validation_alias="ANTHROPIC_API_KEY")
    model_url: Url | None = None
    agent_model: str = "claude-sonnet-5-5"
    # A six-page shop takes under ten turns; forty is a shop that leads nowhere.
    agent_turns: int = Field(default=40, ge=1)
    # Seven times the target for a first purchase.
    agent_input_tokens: int = Field(default=300_000, ge=1)
    # More than an agent's purchase may cost before a person should look; the prices are the default model's.
    agent_usd: float = Field(default=2.00, gt=0)
    agent_usd_per_million_input: float = Field(default=3.0, ge=0)
    agent_usd_per_million_output: float = Field(default=15.0, ge=0)
    # A Chromium's path; unset: the first that is found. Headed shows its window, for a person who wants to watch.
    browser: str | None = None
    browser_headed: bool = False
    # What was seen around each commit, redacted.
    evidence_folder: Folder = Path("var/evidence")
    # Hosts of card fields and 3-D Secure beyond those known: host names, or host:port pairs of demo shops.
    payment_hosts: Hosts = ()
    # The card that pays merchants through their own pages, as JSON: number, exp_month, exp_year, cvc, holder. None by
    # default: typing a card into a merchant's page widens PCI scope.
    agent_card: CardJson | None = None

    # Four purchases under way at once per process: the work is waiting for merchants, on threads.
    worker_threads: int = Field(default=4, ge=1, le=64)
    # PostgreSQL, per process: the API's threads and the workers' share them; a server takes a hundred by default.
    database_connections: int = Field(default=16, ge=2, le=1000)
    # No statement of ours takes this long; one that does holds up others.
    database_statement_seconds: float = Field(default=10, ge=1, le=300)
    # Rows are locked for milliseconds; whoever waits longer waits for a process that hangs.
    database_lock_seconds: float = Field(default=5, ge=0.1, le=300)
    # A dead worker's purchase is taken over after this; renewed three times within it.
    lease_seconds: float = Field(default=15, ge=1, le=300)

    # Where settings stand in files, one each, named like the variable in lower case; read by `setting_files`.
    secrets_folder: Path | None = None
    # Touched by a worker each time it has looked for work, for `checkout health worker`. Unset: nobody asks.
    heartbeat_file: Path | None = None

    # Product decisions about time.
    confirmation_minutes: float = Field(default=45, gt=0, le=24 * 60)
    agent_offer_seconds: int = Field(default=300, ge=1, le=LONGEST_SECONDS)
    agent_order_seconds: int = Field(default=600, ge=1, le=LONGEST_SECONDS)
    agent_heartbeat_seconds: int = Field(default=60, ge=1, le=LONGEST_SECONDS)
    # A permit outlives the second look at the page and the click, and no more.
    agent_permit_seconds: float = Field(default=10, gt=0, le=60)
    # After a permit's end, before anybody looks the order up: a click just inside it, and clocks that differ.
    agent_permit_margin_seconds: float = Field(default=10, ge=0, le=LONGEST_SECONDS)
    # What must be left of an order task at its permit: the click, a slow merchant's confirmation, the report.
    agent_commit_seconds: float = Field(default=60, gt=0, le=LONGEST_SECONDS)
    look_up_attempts: int = Field(default=8, ge=1, le=100)
    # How long a look-up may wait for a free agent worker before an operator is asked; an order takes ten minutes.
    look_up_wait_seconds: int = Field(default=900, ge=1, le=LONGEST_SECONDS)
    look_up_max_delay_seconds: int = Field(default=60, ge=1, le=LONGEST_SECONDS)
    # Placing an order needs a hold that lives at least this much longer; operators are warned as much before its end.
    hold_margin_minutes: float = Field(default=60, ge=0, le=LONGEST_SECONDS / 60)

    # Per API key, as moving windows of one second.
    writes_per_second: int = Field(default=20, ge=1)
    reads_per_second: int = Field(default=100, ge=1)
    # Per tenant and day (UTC), enforced in the database. Unset: no limit, as one team's own service needs none.
    tenant_intents_per_day: int | None = Field(default=None, ge=0)
    # Minor units by currency, as {"USD": 500000}; once any is named, no other currency may be spent.
    tenant_spend_per_day_minor: Amounts = Field(default_factory=dict)
    # Agents at work for one tenant at once: more of its quotes wait in the queue; an order never does. Unset: no limit.
    tenant_agents_at_once: int | None = Field(default=None, ge=1)
    # The largest request the API reads; a create body with every field at its limit is a tenth of it.
    max_body_bytes: int = Field(default=65_536, ge=1024)
    # Stripe's own retention, and the least we promise.
    idempotency_hours: int = Field(default=24, ge=24, le=LONGEST_SECONDS // 3600)
    # What webhook endpoints were told. An event is tried for three days, and four of a purchase follow each other.
    webhook_retention_days: int = Field(default=30, ge=14, le=3660)
    # Histories of ended purchases are kept for disputes; cards allow them for about four months.
    retention_days: int = Field(default=120, ge=1, le=3660)

    @property
    def card(self) -> Card | None:
        """The card, if one is configured."""
        secret = self.agent_card.get_secret_value() if self.agent_card else ""
        return CARD.validate_json(secret) if secret else None

    @property
    def has_model(self) -> bool:
        """Whether a model is configured for agents."""
        key = self.anthropic_api_key.get_secret_value() if self.anthropic_api_key else ""
        return bool(key or self.model_url)

    @property
    def database_path(self) -> Path | None:
        """The SQLite file, or None for a database in memory or on a server."""
        path = self.database_url.removeprefix("sqlite:///") if self.database_url.startswith("sqlite:///") else ""
        return Path(path) if path and path != ":memory:" else None
