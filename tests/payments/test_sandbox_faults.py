"""The sandbox's own endpoints: faults that hit exactly the call they were made for, the clock, and what was seen."""

import json

import pytest
import stripe
from hypothesis import given
from hypothesis import strategies as st

from payments.sandbox.faults import Fault, Faults
from payments.sandbox.wire import Request, decode
from tests.payments.rig import START, Rig


def request(method: str = "POST", path: str = "/v1/refunds") -> Request:
    """A request."""
    return Request(method=method, path=path)


def test_a_fault_hits_the_nth_match_and_the_ones_it_is_told_to() -> None:
    """Other methods and paths are not counted."""
    faults = Faults()
    fault = Fault(kind="before", method="POST", path="/v1/refunds", nth=2, times=2)
    faults.add(fault)
    assert faults.take(request("GET")) is None
    assert faults.take(request(path="/v1/refunds/re_1")) is None
    hits = [faults.take(request()) is not None for _ in range(5)]
    assert [False, True, True, False, False] == hits
    assert () == faults.waiting


def test_faults_wait_their_turn() -> None:
    """Two faults for the same call hit it one after the other."""
    faults = Faults()
    faults.add(Fault(kind="before"))
    faults.add(Fault(kind="after"))
    kinds = [fault.kind for _ in range(3) if (fault := faults.take(request()))]
    assert ["before", "after"] == kinds


@pytest.mark.parametrize("kind", ["409", "429", "500"])
@pytest.mark.parametrize(("said", "header"), [(None, None), (True, "true"), (False, "false")])
def test_stripe_should_retry_is_said_as_asked(
    rig: Rig, sdk: stripe.StripeClient, kind: str, *, said: bool | None, header: str | None
) -> None:
    """Yes, no, or nothing."""
    rig.sandbox.faults.add(Fault.model_validate({"kind": kind, "should_retry": said}))
    with pytest.raises(stripe.StripeError) as failed:
        sdk.v1.refunds.list()
    assert failed.value.headers is not None
    assert (int(kind), header) == (failed.value.http_status, failed.value.headers.get("Stripe-Should-Retry"))


def test_the_sdk_obeys_a_no(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """With retries on, the SDK sends again after a 500, unless it is told not to."""
    for said, calls in [(False, 1), (None, 2)]:
        patient = stripe.StripeClient("sk_test_1", http_client=rig.client, max_network_retries=1)
        monkeypatch.setattr(rig.client, "_sleep_time_seconds", lambda _: 0)
        rig.sandbox.faults.add(Fault(kind="500", times=2, should_retry=said))
        before = len(rig.sent)
        with pytest.raises(stripe.APIError):
            patient.v1.refunds.list()
        assert calls == len(rig.sent) - before
        rig.sandbox.faults.clear()


def test_a_hanging_answer_takes_its_time_and_is_right(rig: Rig, sdk: stripe.StripeClient) -> None:
    """Late, not wrong."""
    rig.sandbox.faults.add(Fault(kind="hang", seconds=7))
    assert [] == sdk.v1.refunds.list().data
    assert [7] == rig.hung_seconds


def test_faults_are_listed_and_cleared(rig: Rig, sdk: stripe.StripeClient) -> None:
    """What is still to go wrong can be seen, and taken back."""
    rig.control("POST", "faults", {"kind": "429", "path": ".*/confirm"})
    assert [".*/confirm"] == [fault["path"] for fault in rig.control("GET", "faults")]
    assert [] == rig.control("DELETE", "faults")
    assert [] == sdk.v1.refunds.list().data


def test_the_log_and_the_requests_are_shown(rig: Rig) -> None:
    """Every request with its key and its status; none where no answer went out."""
    rig.sandbox.faults.add(Fault(kind="before", path=".*/confirm"))
    rig.held()
    seen = [(one["method"], one["path"].split("/")[-1], one["status"]) for one in rig.control("GET", "requests")]
    assert [("POST", "payment_methods", 200), ("POST", "payment_intents", 200), ("POST", "confirm", None)] == seen[:3]
    (line,) = rig.control("GET", "log")
    assert ("hold", 2646, "USD", "ci_1", "ci_1:create-charge:1:confirm") == (
        line["kind"],
        line["amount_minor"],
        line["currency"],
        line["reference"],
        line["idempotency_key"],
    )


def test_the_clock_moves_forward_on_demand(rig: Rig) -> None:
    """Never back: a provider's history does not."""
    rig.control("POST", "clock", {"advance_seconds": 3600})
    assert START.replace(hour=1).isoformat() == rig.control("GET", "health")["now"]
    response = rig.sandbox.handle(Request(method="POST", path="/_sandbox/clock", body='{"advance_seconds": -1}'))
    assert 400 == response.status


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "faults", "{", 400),
        ("POST", "faults", '{"kind": "surprise"}', 400),
        ("POST", "faults", '{"kind": "hang", "seconds": 86400}', 400),
        ("POST", "webhooks", '{"url": "http://127.0.0.1:9", "secret": ""}', 400),
        ("POST", "payment_intents/pi_1/authenticate", "{}", 404),
        ("POST", "events/evt_1/redeliver", "{}", 404),
        ("PUT", "clock", "{}", 404),
        ("GET", "nonsense", "", 404),
    ],
)
def test_what_is_not_understood_is_refused(rig: Rig, method: str, path: str, body: str, status: int) -> None:
    """With a sentence, and without harm."""
    response = rig.sandbox.handle(Request(method=method, path=f"/_sandbox/{path}", body=body))
    assert status == response.status
    assert response.json["error"]["message"]


def test_forms_are_trees() -> None:
    """Brackets nest, numbers are lists."""
    form = "a=1&b[c]=2&b[d][e]=3&f[0]=x&f[1]=y&g[]=p&g[]=q&h[0][i]=1&j="
    expected = {
        "a": "1",
        "b": {"c": "2", "d": {"e": "3"}},
        "f": ["x", "y"],
        "g": ["p", "q"],
        "h": [{"i": "1"}],
        "j": "",
    }
    assert expected == decode(form)
    assert {"a": {"²": "1"}} == decode("a[²]=1")


@given(st.text(max_size=60))
def test_any_form_is_decoded_to_something(form: str) -> None:
    """No body, however odd, breaks the sandbox; what it means is decided by the parameters' models."""
    json.dumps(decode(form))


@given(st.text(alphabet="ab[]=&01.", max_size=40))
def test_odd_brackets_break_nothing(form: str) -> None:
    """Whatever is sent is answered."""
    headers = {"authorization": "Bearer sk_test_1"}
    response = Rig().sandbox.handle(Request(method="POST", path="/v1/refunds", body=form, headers=headers))
    assert 400 == response.status
