"""A tenant that has used up its day is told so, and until when; nothing of what it asked for is left behind."""

from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.api.standing import VISA, Standing, standing, until, wanted

CREATE = "/api/v1/checkout-intents"
# What the test shop asks for one lamp.
LAMP_MINOR = 2646


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standing]:
    """A service where a tenant may start three purchases a day, and spend as much as one lamp costs."""
    folder: Path = tmp_path_factory.mktemp("allowances")
    spend = {"USD": LAMP_MINOR}
    with standing(folder, tenant_intents_per_day=3, tenant_spend_per_day_minor=spend) as service:
        yield service


def refused(answer: httpx2.Response) -> tuple[int, str, str, bool]:
    """What a client acts on; the wait is until the day is over."""
    assert 0 < int(answer.headers["retry-after"]) <= 24 * 3600 + 1
    return answer.status_code, answer.json()["code"], answer.headers["x-should-retry"], answer.json()["retryable"]


def test_a_purchase_beyond_the_day_s_number_is_refused_and_no_client_repeats_it(stand: Standing) -> None:
    """Reading goes on, and another tenant is not concerned."""
    with stand.client("many") as ada, stand.client("few") as other:
        assert [201] * 3 == [ada.post(CREATE, json=wanted()).status_code for _ in range(3)]
        assert (429, "daily_intents_reached", "false", False) == refused(ada.post(CREATE, json=wanted()))
        assert 3 == len(ada.get(CREATE).json()["data"])
        assert 201 == other.post(CREATE, json=wanted()).status_code


def test_a_confirmation_beyond_the_day_s_money_is_refused_and_can_be_given_later(stand: Standing) -> None:
    """The offer still stands: nothing of the refused confirmation was kept."""
    with stand.client("rich") as ada:
        first, second = (ada.post(CREATE, json=wanted()).json()["id"] for _ in range(2))
        for intent_id in (first, second):
            until(ada, intent_id, "awaiting_confirmation")
        assert 200 == ada.post(f"{CREATE}/{first}/confirm", json={"paymentMethod": VISA}).status_code
        answer = ada.post(f"{CREATE}/{second}/confirm", json={"paymentMethod": VISA})
        assert (429, "daily_spend_reached", "false", False) == refused(answer)
        assert "awaiting_confirmation" == ada.get(f"{CREATE}/{second}").json()["state"]
        until(ada, first, "completed")
