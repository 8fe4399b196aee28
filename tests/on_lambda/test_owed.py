"""What is owed to AWS, and what our own rows decide meanwhile."""

import threading
from collections.abc import Iterator
from functools import partial

import pytest
from pydantic import ValidationError
from sqlmodel import Session, select

from checkout import arrangement
from checkout.arrangement import ArrangementError, AwsUnusableError
from checkout.durable.errors import CallbackAlreadyCompletedError, CallbackError
from checkout.durable.views import Change, ExecutionStatus
from checkout.on_lambda import owed
from checkout.on_lambda.connected import connected
from checkout.on_lambda.following import told_again
from checkout.purchase import codec
from checkout.purchase.agent_orders import witnessed_order
from checkout.purchase.commands import Asked
from checkout.purchase.errors import InvalidStateError, TooLateToConfirmError
from checkout.purchase.projection import project
from checkout.purchase.states import State
from checkout.purchase.terms import TaskKind
from checkout.settings import Settings
from checkout.store.models import AgentTask, AwsCall, PaymentToken
from tests.on_lambda.house import ORDER, PAYS, House, change
from tests.purchase.scripted import ADA, OFFER
from tests.stores import store_url


@pytest.fixture
def house() -> Iterator[House]:
    """A new one."""
    with store_url() as url:
        made = House(url)
        yield made
        made.database.close()


def test_a_command_that_is_rolled_back_owes_nothing(house: House) -> None:
    """The call and the intent are one transaction."""
    asked = Asked(product_url="https://shop.example/lamp", quantity=1, buyer=ADA, wire={"buyer": {}})

    def fails() -> None:
        with house.database.transaction() as session:
            house.purchases.create(session, "t_1", asked)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fails()
    assert 0 == house.calls.make_due()
    assert ([], []) == (house.owed(), house.aws.calls)


def test_what_aws_did_not_hear_is_owed_until_it_does(house: House) -> None:
    """With pauses that grow; then it is done, once, and what it said of the buyer is forgotten."""
    house.aws.away = True
    intent_id = house.create()
    house.calls.make_due()
    assert 0 == house.calls.make_due()  # not before the pause is over
    for _ in range(10):
        house.later(owed.LONGEST_PAUSE_SECONDS)
    assert ["invoke"] == house.owed()
    house.aws.away = False
    house.later(owed.LONGEST_PAUSE_SECONDS)
    assert ([], {intent_id: "RUNNING"}) == (house.owed(), house.aws.executions)
    with house.database.read() as session:
        assert [(None, f"arn:aws:lambda:{intent_id}")] == [
            (one.body, one.said) for one in session.exec(select(AwsCall))
        ]


def test_a_call_whose_answer_was_lost_is_made_again_and_is_the_same(house: House) -> None:
    """One execution, and the first answer stands, whichever of the two calls AWS took."""
    house.aws.deaf = True
    intent_id = house.create()
    house.calls.make_due()
    house.aws.deaf = False
    house.later(60)
    assert [("invoke", intent_id)] * 2 == house.aws.calls
    house.project(intent_id, name="fetch-offer", type="STEP", status="SUCCEEDED", payload=codec.dumps(OFFER))
    house.project(intent_id, name="await-confirmation", callback_id="cb_1")
    house.aws.deaf = True
    with house.database.transaction() as session:
        assert State.PLACING_ORDER == house.purchases.confirm(session, "t_1", intent_id, PAYS).state
    house.calls.make_due()
    house.aws.deaf = False
    house.later(60)
    assert ([], ["cb_1"]) == (house.owed(), list(house.aws.answered))


def test_a_process_that_dies_with_a_call_in_its_hands_leaves_it_to_another(house: House) -> None:
    """Taken and never settled: nobody makes it while it may be under way, and then somebody does."""
    intent_id = house.create()
    with house.database.transaction() as session:
        assert owed.take(session, house.clock.now())
    assert 0 == house.calls.make_due()
    house.later(owed.TAKEN_FOR.total_seconds())
    assert [("invoke", intent_id)] == house.aws.calls


def test_one_purchases_calls_are_made_in_their_order(house: House) -> None:
    """A stop waits for the start that AWS may have heard of; another purchase waits for neither."""
    house.aws.away = True
    first = house.create()
    house.calls.make_due()
    with house.database.transaction() as session:
        house.purchases.cancel(session, "t_1", first)
    house.aws.away = False
    second = house.create()
    house.calls.make_due()
    assert [("invoke", second)] == house.aws.calls
    house.later(60)
    assert [("invoke", first), ("stop", first)] == house.aws.calls[1:]
    assert "STOPPED" == house.aws.executions[first]


def test_a_purchase_cancelled_before_aws_was_told_is_never_told(house: House) -> None:
    """Nothing is started in order to be stopped."""
    intent_id = house.create()
    with house.database.transaction() as session:
        assert State.FAILED == house.purchases.cancel(session, "t_1", intent_id).state
    assert ([], 0) == (house.owed(), house.calls.make_due())
    assert ExecutionStatus.STOPPED == house.executions.get(intent_id).status


def test_a_cancelled_purchase_can_hold_nothing_however_late_aws_stops_it(house: House) -> None:
    """Its token is gone with the cancel, and what the handler still shows changes nothing any more."""
    intent_id = house.create(PAYS)
    house.calls.make_due()
    with house.database.transaction() as session:
        house.purchases.cancel(session, "t_1", intent_id)
    with house.database.read() as session:
        assert [] == session.exec(select(PaymentToken)).all()
    house.project(intent_id, name="authorize-payment", type="STEP")
    assert State.FAILED == house.intent(intent_id).state


def test_a_purchase_whose_payment_has_begun_is_not_cancelled(house: House) -> None:
    """The step shows before it acts, so the command sees it."""
    intent_id = house.create(PAYS)
    house.calls.make_due()
    house.project(intent_id, name="authorize-payment", type="STEP")
    with house.database.transaction() as session, pytest.raises(InvalidStateError):
        house.purchases.cancel(session, "t_1", intent_id)


def test_a_cancel_waits_for_a_payment_that_is_about_to_show(house: House) -> None:
    """The function looks at the intent and shows the payment in one breath; no command comes in between."""
    intent_id = house.create(PAYS)
    house.calls.make_due()
    refused: list[InvalidStateError] = []

    def cancel() -> None:
        with house.database.transaction() as session:
            try:
                house.purchases.cancel(session, "t_1", intent_id)
            except InvalidStateError as late:
                refused.append(late)

    canceller = threading.Thread(target=cancel)
    with house.database.transaction() as session:

        def shown(session: Session, seen: Change) -> None:
            canceller.start()
            canceller.join(0.3)  # enough to come in between, were it not kept waiting
            project(session, seen, house.clock.now)

        payment = change(intent_id, name="authorize-payment", type="STEP")
        told_again(shown, house.has_ended)(session, payment)
    canceller.join()
    assert [State.PLACING_ORDER] == [one.state for one in refused]
    assert State.PLACING_ORDER == house.intent(intent_id).state


def test_a_confirmation_after_its_window_is_refused_from_our_own_rows(house: House) -> None:
    """Though AWS has not said that it timed out."""
    intent_id = house.offered()
    house.clock.advance(seconds=45 * 60)
    with house.database.transaction() as session, pytest.raises(TooLateToConfirmError):
        house.purchases.confirm(session, "t_1", intent_id, PAYS)
    assert {} == house.aws.answered


def test_a_question_is_answered_once_even_where_the_function_shows_it_again(house: House) -> None:
    """An invocation that began before the answer shows the question as open; the row of the first answer stands."""
    intent_id = house.offered()
    house.do(house.executions.succeed_callback, f"cb_{intent_id}", "{}")
    house.project(intent_id, name="await-confirmation", callback_id=f"cb_{intent_id}")
    assert State.PLACING_ORDER == house.intent(intent_id).state
    with pytest.raises(CallbackAlreadyCompletedError):
        house.do(house.executions.succeed_callback, f"cb_{intent_id}", "{}")


def test_an_order_that_aws_no_longer_waits_for_is_found_by_the_look_up(house: House) -> None:
    """It was taken by our rows and refused by AWS: it stays with the task."""
    _, task_id = house.task(TaskKind.ORDER)
    house.aws.answered[task_id] = "timed out"
    house.do(house.executions.succeed_callback, task_id, ORDER)
    house.later(1)
    assert [] == house.owed()
    with house.database.read() as session:
        found = witnessed_order(session.get_one(AgentTask, task_id))
    assert found
    assert "A-1" == found.merchant_order_id


@pytest.mark.parametrize(("kind", "seconds"), [(TaskKind.ORDER, 60), (TaskKind.OFFER, 600)])
def test_a_task_is_given_up_when_aws_gives_it_up(house: House, kind: TaskKind, seconds: int) -> None:
    """An order whose worker fell silent, a quote whose time is over: by our rows, as AWS has it."""
    _, task_id = house.task(kind)
    house.clock.advance(seconds=seconds - 1)
    house.do(house.executions.heartbeat_callback, task_id)
    house.clock.advance(seconds=1 if kind is TaskKind.OFFER else seconds)
    for late in (
        partial(house.do, house.executions.heartbeat_callback, task_id),
        partial(house.do, house.executions.succeed_callback, task_id, ORDER),
        partial(house.do, house.executions.fail_callback, task_id, {"ErrorType": "gave_up"}),
    ):
        with pytest.raises(CallbackError) as refused:
            late()
        assert "callback_expired" == refused.value.code
    assert [] == house.owed()


def test_calls_that_were_made_are_forgotten_in_time(house: House) -> None:
    """And what is owed is not."""
    house.create()
    house.calls.make_due()
    house.clock.advance(seconds=100)
    house.create()
    with house.database.transaction() as session:
        assert 1 == owed.prune(session, before=house.clock.now())
    assert ["invoke"] == house.owed()


def test_purchases_run_on_aws_or_in_our_workers() -> None:
    """A service that is told of both is refused before it starts."""
    asked = Settings(redis_url="redis://127.0.0.1:6379/0", lambda_function="purchase:live")
    with pytest.raises(ArrangementError) as refused:
        arrangement.check(asked)
    assert ("two_keepers", False) == (refused.value.code, refused.value.retryable)


@pytest.mark.parametrize(
    ("says", "words"),
    [
        ({}, "specify a region"),
        ({"AWS_DEFAULT_REGION": "eu-central-1", "AWS_ENDPOINT_URL_LAMBDA": "nowhere"}, "Invalid endpoint"),
    ],
)
def test_an_aws_that_cannot_be_used_is_a_sentence(
    house: House, monkeypatch: pytest.MonkeyPatch, says: dict[str, str], words: str
) -> None:
    """Before anything starts, and not at the first purchase."""
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_LAMBDA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")  # who has no keys would be looked for on the network
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
    for name, value in says.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("boto3.DEFAULT_SESSION", None)  # it keeps what it read first
    with pytest.raises(AwsUnusableError, match=words) as refused:
        connected(Settings(lambda_function="purchase:live"), house.database, house.clock)
    assert "aws_unusable" == refused.value.code


@pytest.mark.parametrize(
    "name", ["", "two words", "purchase:", "purchase:live:again", "https://lambda.example/purchase"]
)
def test_a_function_that_cannot_be_one_is_refused(name: str) -> None:
    """As a setting, in a sentence."""
    with pytest.raises(ValidationError, match="is no Lambda function"):
        Settings(lambda_function=name)


@pytest.mark.parametrize(
    "name", ["purchase", "purchase:live", "arn:aws-us-gov:lambda:us-gov-west-1:123456789012:function:purchase:$LATEST"]
)
def test_a_function_is_named_as_aws_names_them(name: str) -> None:
    """By name or by ARN."""
    assert name == Settings(lambda_function=name).lambda_function
