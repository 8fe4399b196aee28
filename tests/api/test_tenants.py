"""Two tenants by every route by every id: the other's is as if it did not exist; and each scope does only its own."""

import re
from typing import Any

import httpx2
import pytest

from checkout.api import keys
from checkout.api.app import routes
from checkout.api.keys import SCOPES, Scope
from tests.api.standing import VISA, Standing, until, wanted

CREATE = "/api/v1/checkout-intents"
HOOKS = "/api/v1/webhook-endpoints"
BODIES: dict[str, Any] = {
    "checkout_intents.create": wanted(),
    "checkout_intents.purchase": wanted(paymentMethod=VISA),
    "checkout_intents.confirm": {"paymentMethod": VISA},
    "agent_tasks.claim": {"worker": "w"},
    "agent_tasks.permit": {
        "readings": {
            "url": "u",
            "totals": [{"amount_minor": 1, "currency": "USD"}] * 2,
            "lines": [],
            "address_found": [],
        },
        "session": {"storage": {}, "url": "u"},
    },
    "callbacks.succeed": {"type": "Unclear", "message": "m"},
    "callbacks.fail": {"code": "unknown", "message": "m"},
    "webhook_endpoints.create": {"url": "https://agent.example/hooks"},
    "webhook_endpoints.update": {"disabled": True},
    "purchases.answer": {"verdict": "retry", "reason": "r", "operator": "ada"},
}
NEEDS = {
    **dict.fromkeys(("create", "purchase", "confirm", "cancel"), Scope.INTENTS_WRITE),
    **dict.fromkeys(("list", "retrieve", "retrieve_order"), Scope.INTENTS_READ),
    **dict.fromkeys(("claim", "permit", "give_back", "succeed", "fail", "heartbeat"), Scope.AGENT),
    "answer": Scope.OPERATOR,
}
OPERATIONS = [
    (operation["operationId"], method.upper(), path)
    for path, methods in routes().openapi()["paths"].items()
    for method, operation in methods.items()
    if "security" in operation
]
OF_AN_ID = [operation for operation in OPERATIONS if "{" in operation[2] and "/internal/" not in operation[2]]


def _send(client: httpx2.Client, operation: str, method: str, path: str, identity: str) -> httpx2.Response:
    filled = re.sub(r"\{\w+\}", identity, path)
    return client.request(method, filled, json=BODIES.get(operation), headers={"X-Callback-Token": "cbt_x"})


@pytest.fixture(scope="module")
def mine(stand: Standing) -> dict[str, str]:
    """Tenant t_1's ids: an intent that waits, one that is completed, and its order."""
    with stand.client("t_1") as client:
        waiting = client.post(CREATE, json=wanted()).json()["id"]
        bought = client.post(f"{CREATE}/purchase", json=wanted(paymentMethod=VISA)).json()["id"]
        until(client, waiting, "awaiting_confirmation")
        order = until(client, bought, "completed")["orderId"]
        endpoint = client.post(HOOKS, json=BODIES["webhook_endpoints.create"]).json()["id"]
    return {"waiting": waiting, "bought": bought, "order": order, "endpoint": endpoint}


@pytest.mark.parametrize(("operation", "method", "path"), OF_AN_ID)
@pytest.mark.parametrize("which", ["waiting", "bought", "order", "endpoint"])
def test_another_tenants_id_is_an_unknown_id(
    stand: Standing, mine: dict[str, str], operation: str, method: str, path: str, which: str
) -> None:
    """Same status, same headers that matter and same body as for an id that never was."""
    unknown = re.sub(r"[0-9a-f]{32}", "0" * 32, mine[which])
    with stand.client("t_2") as theirs:
        real = _send(theirs, operation, method, path, mine[which])
        never = _send(theirs, operation, method, path, unknown)
    assert 404 == real.status_code == never.status_code
    shown, expected = real.json(), never.json()
    assert shown.pop("request_id") != expected.pop("request_id")
    assert expected == {
        name: value.replace(mine[which], unknown) if isinstance(value, str) else value for name, value in shown.items()
    }


def test_another_tenants_lists_are_empty(stand: Standing, mine: dict[str, str]) -> None:
    """Lists, filters by id and cursors of another tenant show nothing."""
    with stand.client("t_1") as own, stand.client("t_2") as theirs:
        cursor = own.get(CREATE, params={"limit": 1}).json()["pageInfo"]["startCursor"]
        for path in (CREATE, "/api/v1/orders"):
            for query in ({}, {"id": mine["bought"]}, {"before": cursor}, {"after": cursor}):
                page = theirs.get(path, params=query).json()
                assert [] == page["data"]
                assert (False, False) == (page["pageInfo"]["hasNextPage"], page["pageInfo"]["hasPreviousPage"])
        assert [mine["endpoint"]] == [one["id"] for one in own.get(HOOKS).json()["data"]]
        assert [] == theirs.get(HOOKS).json()["data"]


def test_nothing_of_the_first_tenant_changed(stand: Standing, mine: dict[str, str]) -> None:
    """After all those attempts the intent still waits for its own tenant."""
    with stand.client("t_1") as own:
        assert "awaiting_confirmation" == own.get(f"{CREATE}/{mine['waiting']}").json()["state"]
        assert own.get(f"{HOOKS}/{mine['endpoint']}").json()["disabled"] is False


@pytest.mark.parametrize(("operation", "method", "path"), OPERATIONS)
@pytest.mark.parametrize("scope", SCOPES)
def test_a_scope_does_only_its_own(stand: Standing, operation: str, method: str, path: str, scope: str) -> None:
    """Each route by each scope: 403 unless it is the route's."""
    room, _, verb = operation.rpartition(".")
    needed = Scope.WEBHOOKS if room == "webhook_endpoints" else NEEDS[verb]
    with stand.client("t_3", scope) as client:
        got = _send(client, operation, method, path, "ci_0")
    assert (got.status_code == 403) == (scope != needed)
    if got.status_code == 403:
        assert ("missing_scope", True) == (got.json()["code"], needed in got.json()["detail"])


@pytest.mark.parametrize(("operation", "method", "path"), OPERATIONS)
@pytest.mark.parametrize("header", [None, "Bearer ck_wrong", "Bearer", "ck_bare", "Digest x", "Basic !!!"])
def test_without_a_key_there_is_nothing(
    stand: Standing, operation: str, method: str, path: str, header: str | None
) -> None:
    """Missing, unknown and malformed keys get 401 in Rye's body, whatever the route and the body."""
    with httpx2.Client(base_url=stand.url, headers={"Authorization": header} if header else {}) as stranger:
        got = _send(stranger, operation, method, path, "ci_0")
        assert (401, "AuthenticationError") == (got.status_code, got.json()["name"])
        assert "Bearer" == got.headers["www-authenticate"]


def test_a_key_works_in_every_spelling_and_not_after_it_was_revoked(stand: Standing) -> None:
    """Bearer, Rye's raw Basic, and curl's -u; revoked, it is unknown at once."""
    key = stand.key("revoked")
    with httpx2.Client(base_url=stand.url) as client:
        for header in (f"Bearer {key}", f"bearer {key}", f"Basic {key}", httpx2.BasicAuth(key, "")._auth_header):
            assert 200 == client.get(CREATE, headers={"Authorization": header}).status_code
        with stand.services.database.transaction() as session:
            row = keys.find_key(session, key)
            assert row is not None
            assert key not in repr(row)
            assert keys.revoke_key(session, row.id, now=stand.services.clock.now())
        assert 401 == client.get(CREATE, headers={"Authorization": f"Bearer {key}"}).status_code
