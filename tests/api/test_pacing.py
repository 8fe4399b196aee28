"""The request limit per key: told on every answer, refused with a wait, met by the official client."""

import time
from collections.abc import Iterator
from pathlib import Path

import checkout_intents
import pytest
from checkout_intents import CheckoutIntents

from tests.api.standing import Standing, standing

CREATE = "/api/v1/checkout-intents"


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standing]:
    """A service with tight limits."""
    folder: Path = tmp_path_factory.mktemp("pace")
    with standing(folder, reads_per_second=5, writes_per_second=2) as service:
        yield service


def test_every_answer_tells_the_pace(stand: Standing) -> None:
    """RateLimit headers count down, apart for reads and writes, and on problems too."""
    with stand.client() as client:
        first, second = client.get(CREATE), client.get(f"{CREATE}/ci_0")
        assert '"reads";q=5;w=1' == first.headers["ratelimit-policy"]
        assert '"reads";r=4;t=1' == first.headers["ratelimit"]
        assert '"reads";r=3;t=1' == second.headers["ratelimit"]
        assert '"writes";r=1;t=1' == client.post(CREATE).headers["ratelimit"]


def test_too_many_requests_are_told_how_long_to_wait(stand: Standing) -> None:
    """429 with the milliseconds until it works again, for this key only."""
    with stand.client() as client, stand.client() as other:
        answers = [client.get(CREATE) for _ in range(6)]
        early = answers[-1]
        assert [200] * 5 + [429] == [answer.status_code for answer in answers]
        assert ("rate_limited", "TooManyRequestsError", True) == tuple(
            early.json()[name] for name in ("code", "name", "retryable")
        )
        wait_milliseconds = int(early.headers["retry-after-ms"])
        assert 0 < wait_milliseconds <= 1000
        assert ("1", "true") == (early.headers["retry-after"], early.headers["x-should-retry"])
        assert 200 == other.get(CREATE).status_code
        deadline = time.monotonic() + 10
        while client.get(CREATE).status_code == 429:
            assert time.monotonic() < deadline


def test_the_official_client_meets_the_limit_and_gets_through_it(stand: Standing) -> None:
    """Without retries it raises RateLimitError; with its own retries every call succeeds."""
    with CheckoutIntents(api_key=stand.key("pace"), base_url=stand.url, _strict_response_validation=True) as rye:
        impatient = rye.with_options(max_retries=0)
        with pytest.raises(checkout_intents.RateLimitError):
            _list_often(impatient)
        for _ in range(8):
            assert [] == list(rye.with_options(max_retries=5).checkout_intents.list())


def _list_often(client: CheckoutIntents) -> None:
    for _ in range(20):
        client.checkout_intents.list()
