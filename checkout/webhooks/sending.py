"""One attempt: sign, send through the guard, judge the answer.

Knows the guard and the vault. Nothing of the URL's path, of a secret or of an answer's body may be logged, kept or
shown; where a name leads is not told either, since whoever names a host would learn of networks that are not theirs.
"""

from collections.abc import Collection
from http import HTTPStatus

from checkout.store.clock import Clock
from checkout.store.vault import UnsealError, Vault
from checkout.webhooks import signing
from checkout.webhooks.errors import WebhookUrlError
from checkout.webhooks.queue import Attempted, Job
from merchants.errors import AnswerLostError, AnswerRefusedError, FetchError, NotSentError, UrlError
from merchants.fetch import Fetcher
from merchants.urls import Target

# From the first byte to the last; a receiver should take the event, answer, and work afterwards.
ATTEMPT_SECONDS = 10.0
# Nobody reads the answer; one that is longer is a page, and no receiver of webhooks.
MAX_ANSWER_BYTES = 64 * 1024

_WORDS: tuple[tuple[type[FetchError], str], ...] = (
    (UrlError, "the address is not on the public Internet"),
    (NotSentError, "no connection could be made"),
    (AnswerRefusedError, f"the answer was over {MAX_ANSWER_BYTES} bytes, or compressed"),
    (AnswerLostError, "no answer came in time"),
)


class Sender:
    """Makes attempts. Safe to share between threads."""

    def __init__(
        self,
        fetcher: Fetcher,
        vault: Vault,
        clock: Clock,
        allowed: Collection[str],
        *,
        seconds: float = ATTEMPT_SECONDS,
    ) -> None:
        self._fetcher = fetcher
        self._vault = vault
        self._clock = clock
        self._allowed = allowed
        self._seconds = seconds

    def attempt(self, job: Job) -> Attempted:
        """Send it once; never raises for anything the receiver, the network or the address does."""
        try:
            check_url(job.url, self._allowed)
            keys = [self._vault.open(sealed) for sealed in job.sealed]
            signed = signing.headers(job.event_id, self._clock.now(), job.body, keys)
            answer = self._fetcher.fetch(
                "POST",
                job.url,
                headers={"Content-Type": "application/json", **signed},
                content=job.body.encode(),
                timeout_seconds=self._seconds,
                max_bytes=MAX_ANSWER_BYTES,
            )
        except FetchError as failed:
            return Attempted(error=next(words for kind, words in _WORDS if isinstance(failed, kind)))
        except WebhookUrlError as refused:
            return Attempted(error=str(refused))
        except UnsealError:
            return Attempted(error="the endpoint's secret cannot be opened; rotate it")
        if HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES:
            return Attempted(status=answer.status)
        redirected = HTTPStatus.MULTIPLE_CHOICES <= answer.status < HTTPStatus.BAD_REQUEST
        why = "; redirects are not followed" if redirected else ""
        return Attempted(status=answer.status, error=f"the receiver answered {answer.status}{why}")


def check_url(url: str, allowed: Collection[str]) -> None:
    """https, but for the hosts that may be private; WebhookUrlError. Whether it is public is the guard's to say."""
    try:
        target = Target.read(url)
    except UrlError as wrong:
        raise WebhookUrlError(str(wrong)) from wrong
    if target.scheme != "https" and target.pair not in allowed:
        raise WebhookUrlError("events are sent over https only")
