"""What makes no sense is answered with the documented error, and nobody is asked to change anything."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.contract.wiser.conftest import Opened
from tests.support.house import ScriptedHouse

DEEP = "[" * 100_000
NUMBERS = ("NaN", "Infinity", "-Infinity", "1e999")
TARGET = ("PUT", "/api/loads/1/target_state")
JOB = ("POST", "/api/jobs")
NEW_FLAG = ("POST", "/api/system/flags")
SITE = ("POST", "/api/site")

CASES: list[tuple[tuple[str, str], str]] = [
    *[(TARGET, f'{{"bri": {number}}}') for number in NUMBERS],
    *[(TARGET, body) for body in ("", "{", "[]", "5", "null", '"on"', "{}", DEEP, '{"bri": ' + DEEP, "\ud800")],
    (TARGET, '{"bri": "100"}'), (TARGET, '{"bri": true}'), (TARGET, '{"bri": null}'), (TARGET, '{"bri": 1.5}'),
    (TARGET, '{"bri": {"x": 1}}'), (TARGET, '{"brightness": 1}'), (TARGET, '{"bri": 1, "unknown": 1}'),
    (TARGET, '{"rgb": "red"}'), (TARGET, '{"rgb": 5}'), (TARGET, '{"flags": {}}'),
    (("PUT", "/api/loads/1/ctrl"), '{"button": "on"}'), (("PUT", "/api/loads/1/ctrl"), '{"button": 1, "event": 2}'),
    (("PUT", "/api/loads/1/ctrl"), '{"button": "banana", "event": "click"}'),
    (("PUT", "/api/loads/1/ctrl"), '{"button": "on", "event": "hover"}'),
    (("GET", "/api/loads/1/ctrl/hover/on"), ""), (("GET", "/api/loads/1/ctrl/click/banana"), ""),
    (("GET", "/api/jobs/20/ctrl/click/banana"), ""),
    (("PUT", "/api/loads/1/ping"), '{"time_ms": 499}'), (("PUT", "/api/loads/1/ping"), '{"color": "blue"}'),
    (("PATCH", "/api/loads/1"), '{"name": 5}'), (("PATCH", "/api/loads/1"), '{"colour": 5}'),
    (("PUT", "/api/hvacgroups/1/target_state"), "{}"),
    (("PUT", "/api/hvacgroups/1/target_state"), '{"target_temperature": "warm"}'),
    (("PUT", "/api/hvacgroups/1/target_state"), '{"target_temperature": 1000}'),
    *[(JOB, body) for body in ("", "{", "[]", "5", DEEP, '{"target_states": ' + DEEP, '{"targetstates": []}')],
    (JOB, '{"target_states": {"load": 1}}'), (JOB, '{"target_states": [1]}'), (JOB, '{"target_states": [{"bri": 1}]}'),
    (JOB, '{"target_states": [{"load": "1", "bri": 1}]}'), (JOB, '{"target_states": [{"load": 1, "bri": "x"}]}'),
    (JOB, '{"target_states": [{"load": 1, "glow": 1}]}'), (JOB, '{"target_states": [{"load": -1, "bri": 1}]}'),
    (JOB, '{"target_states": [{"load": 1, "hvacgroup": 1}]}'), (JOB, '{"target_states": [{"load": 1, "bri": NaN}]}'),
    (JOB, '{"button_ctrl": {"event": "click"}}'), (JOB, '{"button_ctrl": {"event": 1, "button": 2}}'),
    (JOB, '{"button_ctrl": {"event": "click", "button": "on", "loads": ["1"]}}'),
    (JOB, '{"button_ctrl": {"event": "click", "button": "on", "loads": [1], "extra": 1}}'),
    (JOB, '{"flag_values": [{"flag": 1}]}'), (JOB, '{"flag_values": [{"flag": 1, "value": "yes"}]}'),
    (JOB, '{"scripts": "a.py"}'), (JOB, '{"scripts": [1]}'), (JOB, '{"blocked_by": "absent"}'),
    (JOB, '{"blocked_by": 99999999999999999999}'),
    (("PUT", "/api/jobs/20"), "{"), (("PATCH", "/api/jobs/20"), '{"flag_values": 1}'),
    (("DELETE", "/api/jobs/loads"), "{}"), (("DELETE", "/api/jobs/loads"), '{"loads": 1}'),
    (("POST", "/api/smartbuttons"), '{"device": "xyz", "channel": 0}'),
    (("POST", "/api/smartbuttons"), '{"device": "00aa", "channel": -1}'),
    (("PATCH", "/api/smartbuttons/6"), '{"job": "ten"}'),
    (("POST", "/api/smartbuttons/program"), '{"on": "yes"}'),
    (("POST", "/api/smartbuttons/program"), '{"on": true, "button_type": "other"}'),
    (("POST", "/api/timers"), '{"enabled": "yes"}'), (("POST", "/api/timers"), '{"when": "08:00"}'),
    (("POST", "/api/timers"), '{"when": {"every": 1}}'), (("POST", "/api/timers"), '{"when": {"hour": 8}}'),
    (("POST", "/api/timers"), '{"note": ' + DEEP),
    (NEW_FLAG, "{}"), (NEW_FLAG, '{"symbol": "a b"}'), (NEW_FLAG, '{"symbol": "a", "value": 1}'),
    (NEW_FLAG, '{"symbol": "a", "colour": 1}'), (("POST", "/api/system/conditions"), '{"expression": 5}'),
    (("POST", "/api/scenes"), '{"job": "x"}'), (("POST", "/api/rooms"), '{"load_order": "all"}'),
    (("POST", "/api/scenes"), '{"colour": "x"}'), (SITE, "[]"), (SITE, '{"name": ' + DEEP), (SITE, '{"name": NaN}'),
    (("POST", "/api/scripts/.hidden"), "x"), (("POST", "/api/scripts/a%20b"), "x"),
    (("PATCH", "/api/scripts/a.py/cron"), '{"entry": 5}'),
    (("POST", "/api/account/claim"), "{}"), (("POST", "/api/account/claim"), '{"user": ""}'),
    (("POST", "/api/account/claim"), '{"user": "a\\u0000b"}'), (("POST", "/api/account/claim"), '{"user": 5}'),
]  # fmt: skip


@pytest.fixture(params=[False, True], ids=["200", "strict"])
async def some_house(open_house: Opened, request: pytest.FixtureRequest) -> AsyncIterator[tuple[ScriptedHouse, bool]]:
    async with open_house(strict_statuses=request.param, claim="auto") as house:
        yield house, request.param


async def test_bodies_that_make_no_sense_change_nothing(some_house: tuple[ScriptedHouse, bool]) -> None:
    house, strict = some_house
    for (method, path), body in CASES:
        content = body.encode("utf-8", "surrogatepass")
        answer = await house.running.client.request(method, path, content=content)
        said: Any = answer.json()
        where = f"{method} {path} {body[:60]}: {answer.text}"
        assert said["status"] == "error", where
        assert set(said) == {"status", "message"}, where
        assert 0 < len(said["message"]) < 400, where
        assert answer.status_code == (400 if strict else 200), where
        assert house.wanted() == [], where


async def test_a_body_that_is_too_large_is_an_error_too(house: ScriptedHouse) -> None:
    body = b'{"name": "' + b"x" * (1024 * 1024) + b'"}'
    answer = await house.running.client.post("/api/site", content=body)
    assert (answer.status_code, answer.json()["status"]) == (200, "error")
    script = await house.running.client.post("/api/scripts/a.py", content=b"#" * (256 * 1024 + 1))
    assert script.json() == {"status": "error", "message": "a script has at most 262144 bytes"}
    assert house.wanted() == []


@pytest.mark.parametrize(
    ("method", "path", "message"),
    [
        ("GET", "/api/loads/99", "load 99 not found"),
        ("GET", "/api/loads/99/state", "load 99 not found"),
        ("PUT", "/api/loads/99/target_state", "load 99 not found"),
        ("GET", "/api/loads/99999999999999999999999", "load 99999999999999999999 not found"),
        ("GET", "/api/jobs/99", "job 99 not found"),
        ("GET", "/api/jobs/99/run", "job 99 not found"),
        ("DELETE", "/api/jobs/99", "job 99 not found"),
        ("GET", "/api/hvacgroups/99", "hvacgroup 99 not found"),
        ("GET", "/api/devices/ffff", "device ffff not found"),
        ("GET", "/api/loads/5/state", "load 5 has not reported yet"),
    ],
)
async def test_what_is_not_there_is_said_so(house: ScriptedHouse, method: str, path: str, message: str) -> None:
    answer = await house.running.client.request(method, path, json={"bri": 1})
    assert (answer.status_code, answer.json()) == (200, {"status": "error", "message": message})


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/wiser/api/nothing", 404),
        ("GET", "/api/loads/one", 404),
        ("GET", "/api/jobs/scheduled", 404),
        ("GET", "/api/jobs/20/fly", 404),
        ("DELETE", "/api/loads", 405),
        ("POST", "/api/jobs/20", 405),
        ("GET", "/api/jobs/loads", 405),
    ],
)
async def test_only_what_is_no_route_has_a_status_of_its_own(
    house: ScriptedHouse, method: str, path: str, status: int
) -> None:
    answer = await house.running.client.request(method, path)
    assert (answer.status_code, answer.json()["status"]) == (status, "error")
    assert ("allow" in answer.headers) == (status == 405)


@pytest.mark.parametrize(
    "kind", ["application/json", "text/plain", "application/x-www-form-urlencoded", "", "nonsense"]
)
async def test_json_is_json_whatever_it_is_called(house: ScriptedHouse, kind: str) -> None:
    headers = {"Content-Type": kind} if kind else {}
    answer = await house.running.client.put("/api/loads/1/target_state", content=b'{"bri": 5000}', headers=headers)
    assert answer.json() == {"data": {"id": 1, "target_state": {"bri": 5000}}, "status": "success"}
    answer = await house.running.client.post("/api/jobs", content=b' {"scripts": []}', headers=headers)
    assert answer.json() == {"data": {"id": 20, "scripts": []}, "status": "success"}
