"""One attempt: signed as the convention says, and to nobody who must not be reached."""

from datetime import timedelta

import pytest
from standardwebhooks import WebhookVerificationError

from checkout.store.clock import SystemClock
from checkout.store.vault import Vault
from checkout.webhooks.errors import WebhookUrlError
from checkout.webhooks.queue import Job
from checkout.webhooks.sending import Sender
from checkout.webhooks.signing import new_secret
from merchants.fetch import Fetcher
from tests.webhooks.post_office import post_office
from tests.webhooks.receiver import receiving


def test_an_event_verifies_with_the_conventions_own_package_and_is_thin() -> None:
    """By its secret and no other; the body says what has happened to which intent, and nothing of it."""
    with receiving() as receiver, post_office(receiver.pair) as office:
        _, secret = office.endpoint(receiver.url)
        office.happens("ci_1", "completed")
        assert 1 == office.turns()
        (got,) = receiver.got
        event = got.verified(secret)
        with pytest.raises(WebhookVerificationError):
            got.verified(new_secret())
        (row,) = office.rows()
    assert {"id", "type", "createdAt", "sequence", "data"} == set(event)
    assert (row.event_id, "checkout_intent.completed", 2) == (event["id"], event["type"], event["sequence"])
    assert {"id": "ci_1", "state": "completed"} == event["data"]
    assert event["id"] == got.headers["webhook-id"]
    assert ("/hooks?for=ada", "application/json") == (got.path, got.headers["content-type"])
    assert ("delivered", 1, 200, None) == (row.status, row.attempts, row.answered_status, row.last_error)


def test_a_changed_body_does_not_verify() -> None:
    """The signature is over the bytes."""
    with receiving() as receiver, post_office(receiver.pair) as office:
        _, secret = office.endpoint(receiver.url)
        office.happens("ci_1", "failed")
        office.turns()
        (got,) = receiver.got
        forged = type(got)(
            path=got.path, headers=got.headers, body=got.body.replace("failed", "completed"), answered=200
        )
        with pytest.raises(WebhookVerificationError):
            forged.verified(secret)


def test_after_a_rotation_both_secrets_verify_for_a_day_and_then_the_new_one_alone() -> None:
    """So a receiver learns the new one without missing an event."""
    day = timedelta(hours=24)
    with receiving() as receiver, post_office(receiver.pair, late=day) as office:
        endpoint_id, old = office.endpoint(receiver.url)
        office.clock.advance(day.total_seconds() - 60)
        _, new = office.command(lambda session: office.endpoints.rotate(session, "t_1", endpoint_id))
        office.happens("ci_1", "completed")
        office.turns()
        (both,) = receiver.got
        assert both.verified(old) == both.verified(new)
    with receiving() as receiver, post_office(receiver.pair, late=day) as office:
        endpoint_id, old = office.endpoint(receiver.url)
        _, new = office.command(lambda session: office.endpoints.rotate(session, "t_1", endpoint_id))
        office.clock.advance(day.total_seconds())
        office.happens("ci_1", "completed")
        office.turns()
        (one,) = receiver.got
        assert one.verified(new)
        with pytest.raises(WebhookVerificationError):
            one.verified(old)


@pytest.mark.parametrize(
    ("does", "says"),
    [
        (500, "the receiver answered 500"),
        (404, "the receiver answered 404"),
        ("hang", "no answer came in time"),
        ("close", "no answer came in time"),
        ("long", "the answer was over 65536 bytes, or compressed"),
    ],
)
def test_whatever_is_no_2xx_is_tried_again_and_says_why(does: int | str, says: str) -> None:
    """Answers that refuse, never come, end too early, or do not end; the next attempt is the same event."""
    with receiving() as receiver, post_office(receiver.pair) as office:
        receiver.does = [does, 204]
        _, secret = office.endpoint(receiver.url)
        office.happens("ci_1", "failed")
        assert 1 == office.turns()
        (row,) = office.rows()
        assert ("pending", 1, says) == (row.status, row.attempts, row.last_error)
        office.until_next()
        assert 1 == office.turns()
        (row,) = office.rows()
        assert ("delivered", 2, 204, None) == (row.status, row.attempts, row.answered_status, row.last_error)
        first, second = receiver.got
        assert first.verified(secret) == second.verified(secret)


def test_a_redirect_is_not_followed_wherever_it_leads() -> None:
    """Not even to a host that might be told: whoever answers for a URL does not choose another one."""
    with receiving() as receiver, receiving() as inside, post_office(receiver.pair, inside.pair) as office:
        receiver.does = [inside.url]
        office.endpoint(receiver.url)
        office.happens("ci_1", "failed")
        office.turns()
        (row,) = office.rows()
        assert [] == inside.got
        assert (302, "the receiver answered 302; redirects are not followed") == (row.answered_status, row.last_error)


def test_no_connection_is_tried_again() -> None:
    """A receiver that is down."""
    with receiving() as receiver:
        url, pair = receiver.url, receiver.pair
    with post_office(pair) as office:
        office.endpoint(url)
        office.happens("ci_1", "failed")
        office.turns()
        (row,) = office.rows()
    assert ("pending", None, "no connection could be made") == (row.status, row.answered_status, row.last_error)


@pytest.mark.parametrize(
    "url",
    [
        "http://agent.example/hooks",
        "https://127.0.0.1/hooks",
        "https://169.254.169.254/latest",
        "https://[::1]/",
        "https://[fd00:ec2::254]/",
        "https://10.0.0.1/",
        "https://0x7f.1/",
        "https://localhost/",
        "https://vault.internal/",
        "https://agent.example:22/",
        "https://ada:secret@agent.example/",
        "ftp://agent.example/",
        "agent.example",
        "",
        "https://agent.example/" + "x" * 2048,
    ],
)
def test_an_address_that_must_not_be_reached_is_refused_when_it_is_given(url: str) -> None:
    """Nothing is kept of it."""
    with post_office("127.0.0.1:1") as office:
        with pytest.raises(WebhookUrlError):
            office.endpoint(url)
        endpoint_id, _ = office.endpoint("https://agent.example/hooks")
        with pytest.raises(WebhookUrlError):
            office.command(lambda session: office.endpoints.update(session, "t_1", endpoint_id, {"url": url}))
        assert "https://agent.example/hooks" == office.stored(endpoint_id).url


@pytest.mark.parametrize("address", ["10.0.0.5", "127.0.0.1", "169.254.169.254", "::1"])
def test_a_name_that_has_come_to_lead_inside_is_not_reached_and_the_address_is_not_told(address: str) -> None:
    """The guard asks at each attempt, and connects only to what it has checked."""
    vault, clock = Vault.fresh(), SystemClock()
    asked: list[str] = []

    def resolve(host: str, _port: int) -> list[str]:
        asked.append(host)
        return [address]

    sender = Sender(Fetcher(resolve=resolve), vault, clock, ())
    job = Job(
        delivery_id="whd_1",
        endpoint_id="whe_1",
        attempt=1,
        event_id="evt_1",
        url="https://agent.example/hooks",
        body="{}",
        sealed=(vault.seal(new_secret()),),
    )
    attempted = sender.attempt(job)
    assert ["agent.example"] == asked
    assert (None, "the address is not on the public Internet") == (attempted.status, attempted.error)


def test_a_private_host_that_is_no_longer_allowed_is_not_reached() -> None:
    """The setting counts at each attempt; what is kept is only an address."""
    with receiving() as receiver, post_office(receiver.pair) as office:
        office.endpoint(receiver.url)
        office.happens("ci_1", "failed")
        (job,) = office.claim()
        attempted = Sender(Fetcher(), office.vault, office.clock, ()).attempt(job)
        assert "events are sent over https only" == attempted.error
        assert [] == receiver.got


def test_a_secret_sealed_with_another_key_is_an_error_that_says_what_to_do() -> None:
    """Not a stack trace, and not an unsigned event."""
    with receiving() as receiver, post_office(receiver.pair) as office:
        office.endpoint(receiver.url)
        office.happens("ci_1", "failed")
        (job,) = office.claim()
        fetcher = Fetcher(allowed=(receiver.pair,))
        attempted = Sender(fetcher, Vault.fresh(), office.clock, (receiver.pair,)).attempt(job)
        assert "the endpoint's secret cannot be opened; rotate it" == attempted.error
        assert [] == receiver.got
