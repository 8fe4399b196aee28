"""Canaries through every door: a payment token, an API key and a callback token are in no file and no log."""

import json
from pathlib import Path

import pytest

from tests.api.agent import CREATE, OFFER, SOLD_OUT, Task
from tests.api.standing import standing, until, wanted

TOKEN = "tok_canaryOfThePayment"


def _files(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file())


def test_no_secret_is_in_the_database_files_or_in_the_log(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Sent on every route, also where they are refused, secrets leave no trace but hashes and ciphertext."""
    with standing(tmp_path) as stand:
        pays = {"type": "stripe_token", "stripeToken": TOKEN}
        secrets = [TOKEN]
        with stand.client("t_1") as ada, stand.client("operator", "agent", "operator") as worker:
            secrets += [client.headers["authorization"].split()[1] for client in (ada, worker)]
            bought = ada.post(f"{CREATE}/purchase", json=wanted(paymentMethod=pays), headers={"Idempotency-Key": TOKEN})
            until(ada, bought.json()["id"], "completed")
            intent_id = ada.post(CREATE, json=wanted()).json()["id"]
            until(ada, intent_id, "awaiting_confirmation")
            ada.post(f"{CREATE}/{intent_id}/confirm", json={"paymentMethod": pays})
            until(ada, intent_id, "completed")
            for body in (
                wanted(paymentMethod={**pays, "stripeToken": f"{TOKEN}!"}),
                wanted(paymentMethod={**pays, TOKEN: 1}),
                wanted(paymentMethod=TOKEN),
                wanted(quantity=TOKEN),
                {TOKEN: TOKEN},
            ):
                assert 422 == ada.post(f"{CREATE}/purchase", json=body).status_code
            ada.get(f"{CREATE}/{TOKEN}?after={TOKEN}")
            ada.request(TOKEN, f"/{TOKEN}", headers={"x-request-id": TOKEN})
            ada.post(
                f"{CREATE}/ci_0/confirm",
                content=f'{{"paymentMethod": "{TOKEN}',
                headers={"Content-Type": "application/json"},
            )
            ada.post(CREATE, json=wanted("/agent"))
            task = Task(worker, "offer")
            secrets.append(task.token)
            task.say("heartbeat")
            task.say("fail", SOLD_OUT, f"{task.token}x")
            task.say("succeed", OFFER)
            shown = ada.get(CREATE).text
        assert json.dumps("tok_****") in shown
        logged = "".join(capfd.readouterr())
        assert "request" in logged
        for secret in secrets:
            assert secret.encode() not in _files(tmp_path), "a secret is on disk"
            assert secret.encode() not in stand.stored(), "a secret is in the database"
            assert secret not in logged, "a secret is in the log"
            assert secret not in shown
    assert all(secret.encode() not in _files(tmp_path) for secret in secrets)
