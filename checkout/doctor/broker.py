"""Redis, where purchases run on several processes: that it answers, throws nothing away, and what it keeps."""

from collections.abc import Iterator

from redis import Redis
from redis.exceptions import AuthenticationError, NoPermissionError, RedisError

from checkout.distributed.broker import connect
from checkout.doctor.findings import Finding, masked
from checkout.settings import Settings

POLICY = "maxmemory-policy"
KEEPS_ALL = "noeviction"


def broker(settings: Settings) -> Iterator[Finding]:
    """What it is and how it is set up; without one, that purchases run inside the service."""
    url = settings.redis_url
    if url is None:
        yield Finding(name="broker", found="none: purchases run inside `checkout serve`")
        return
    if settings.database_path is not None:
        yield Finding(
            name="broker",
            found=f"{masked(url)}, beside a SQLite file",
            mend="Set CHECKOUT_DATABASE_URL to postgresql://…, which workers can share, or unset CHECKOUT_REDIS_URL.",
        )
        return
    with connect(url) as redis:
        yield _looked_at(redis, masked(url))


def _looked_at(redis: Redis, where: str) -> Finding:
    try:
        redis.ping()
        told, policy = _told(redis), _policy(redis)
    except AuthenticationError:
        return Finding(
            name="broker",
            found=f"{where} refuses the user or the password",
            mend="Mend them in CHECKOUT_REDIS_URL: redis://user:password@host:6379/0.",
        )
    except RedisError as silent:
        return Finding(
            name="broker",
            found=f"{where} does not answer: {type(silent).__name__}",
            mend="Start it, or mend CHECKOUT_REDIS_URL. Until then purchases go on, looked for once a second.",
        )
    if told is None or policy is None:
        return Finding(name="broker", found=f"{where} answers; this user may not ask how it is set up")
    found = f"{where} ({told}, {policy})"
    if policy == KEEPS_ALL:
        return Finding(name="broker", found=found)
    return Finding(
        name="broker",
        found=found,
        mend=f"Set {POLICY} to {KEEPS_ALL}: with any other, a full Redis drops hints without a word.",
    )


def _told(redis: Redis) -> str | None:
    """Its version, and whether it survives a restart; it need not, since everything in it is a hint."""
    try:
        version = redis.info("server")["redis_version"]
        log = redis.info("persistence")["aof_enabled"]
        snapshots = redis.config_get("save").get("save")
    except NoPermissionError:
        return None
    kept = [name for name, on in (("a log", log), ("snapshots", snapshots)) if on]
    return f"Redis {version}, " + (f"keeps {' and '.join(kept)}" if kept else "keeps nothing and need not")


def _policy(redis: Redis) -> str | None:
    try:
        return str(redis.config_get(POLICY)[POLICY])
    except NoPermissionError:
        return None
