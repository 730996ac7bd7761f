"""`python -m services.gateway key …` on the database of a gateway that runs."""

from __future__ import annotations

import io
import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from services.gateway.callers import commands
from tests.support.database import Database
from tests.support.gateway import RunningGateway


class Shell:
    """Runs the commands on one data folder."""

    def __init__(self, data: Path) -> None:
        self.data = data

    def __call__(self, *argv: str) -> tuple[int, str, str]:
        os.environ["JOBWIRE_DATA"] = str(self.data)
        out, err = io.StringIO(), io.StringIO()
        code = commands.run(argv, out, err)
        return code, out.getvalue(), err.getvalue()

    def json(self, *argv: str) -> Any:
        code, out, err = self(*argv, "--json")
        assert code == 0, err
        return json.loads(out)


@pytest.fixture
def shell(gateway: RunningGateway, monkeypatch: pytest.MonkeyPatch) -> Shell:
    monkeypatch.setenv("JOBWIRE_DATA", "")
    if gateway.settings.database.url:
        monkeypatch.setenv("JOBWIRE_DATABASE_URL", gateway.settings.database.url)
    return Shell(gateway.settings.data_folder)


async def in_thread(shell: Shell, *argv: str) -> Any:
    import asyncio

    return await asyncio.to_thread(shell.json, *argv)


async def test_a_new_key_works_at_once_and_a_revoked_one_no_more(gateway: RunningGateway, shell: Shell) -> None:
    made = await in_thread(shell, "key", "create", "--account", "victor", "--label", "slicer")
    client = gateway.client_from("192.0.2.1", made["key"])
    assert (await client.get("/api/currentuser")).json()["name"] == "victor"
    listed = await in_thread(shell, "key", "list")
    assert {"slicer", "tests", "administrator"} <= {key["label"] for key in listed}
    assert made["key"] not in json.dumps(listed)
    await in_thread(shell, "key", "revoke", made["id"])
    await gateway.clock.advance(2)
    assert (await client.get("/api/currentuser")).status_code == 403


async def test_accounts_can_be_made_and_listed(
    gateway: RunningGateway, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("a long password\n"))
    await in_thread(shell, "account", "create", "anna", "--role", "viewer", "--password-stdin")
    accounts = {account["name"]: account for account in await in_thread(shell, "account", "list")}
    assert (accounts["anna"]["role"], accounts["anna"]["has_password"]) == ("viewer", True)
    login = {"user": "anna", "pass": "a long password"}
    assert (await gateway.client_from("192.0.2.1").post("/api/login", json=login)).status_code == 200


async def ask(gateway: RunningGateway, **wanted: str) -> str:
    answer = await gateway.client_from("192.0.2.1").post("/plugin/appkeys/request", json=wanted)
    return str(answer.headers["location"])


async def test_an_application_is_let_in_by_hand(gateway: RunningGateway, shell: Shell) -> None:
    monday = datetime.now(UTC)
    gateway.clock.jump((monday - gateway.clock.now()).total_seconds())
    place = await ask(gateway, app="Cura", user="olga")
    (waiting,) = await in_thread(shell, "appkey", "list")
    assert (waiting["application"], waiting["user"], waiting["address"]) == ("Cura", "olga", "192.0.2.1")
    done = await in_thread(shell, "appkey", "approve", waiting["id"][:6])
    assert done == {"done": "'Cura' gets a key of the account 'olga' (operator)"}
    assert await in_thread(shell, "appkey", "list") == []
    key = (await gateway.client.get(place)).json()["api_key"]
    client = gateway.client_from("192.0.2.1", key)
    assert (await client.get("/api/currentuser")).json()["name"] == "olga"
    assert key not in json.dumps(await in_thread(shell, "key", "list"))


async def test_an_approval_can_choose_another_account(gateway: RunningGateway, shell: Shell) -> None:
    gateway.clock.jump((datetime.now(UTC) - gateway.clock.now()).total_seconds())
    place = await ask(gateway, app="Cura")
    (waiting,) = await in_thread(shell, "appkey", "list")
    await in_thread(shell, "appkey", "approve", waiting["id"], "--account", "victor")
    key = (await gateway.client.get(place)).json()["api_key"]
    assert (await gateway.client_from("192.0.2.1", key).get("/api/currentuser")).json()["name"] == "victor"


async def test_an_application_is_turned_away_by_hand(gateway: RunningGateway, shell: Shell) -> None:
    gateway.clock.jump((datetime.now(UTC) - gateway.clock.now()).total_seconds())
    place = await ask(gateway, app="Cura")
    (waiting,) = await in_thread(shell, "appkey", "list")
    assert await in_thread(shell, "appkey", "deny", waiting["id"]) == {"done": "'Cura' gets no key"}
    assert (await gateway.client.get(place)).status_code == 404


@pytest.mark.parametrize(
    ("argv", "sentence"),
    [
        (("appkey", "approve", "0123456"), "No application waits under '0123456'"),
        (("appkey", "deny", ""), "No application waits under ''"),
        (("key", "create", "--account", "nobody"), "There is no account 'nobody'"),
        (("key", "revoke", "nothing"), "There is no key 'nothing'"),
        (("account", "create", "olga"), "There is an account 'olga' already"),
        (("account", "create", " "), "An account name has"),
    ],
)
async def test_what_cannot_be_done_is_one_sentence(shell: Shell, argv: tuple[str, ...], sentence: str) -> None:
    import asyncio

    code, out, err = await asyncio.to_thread(shell, *argv)
    assert (code, out) == (1, "")
    assert sentence in err
    assert err.count("\n") == 1


def test_without_a_database_it_says_what_to_do(
    tmp_path: Path, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JOBWIRE_DATA", "")
    for name, value in database.environment(tmp_path).items():
        monkeypatch.setenv(name, value)
    code, _, err = Shell(tmp_path / "empty")("key", "list")
    assert code == 1
    assert "migrate" in err
