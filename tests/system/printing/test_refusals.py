"""A refused command is answered and announced with its reason; a late one never acts."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.gcode import print_file
from tests.support.mqtt_client import Heard
from tests.support.printing import until_answered, until_executed, until_state

if TYPE_CHECKING:
    from tests.system.printing.conftest import Running

pytestmark = pytest.mark.system
SET = "jobwire/printer/printer/set"
DEAD = "jobwire/dead/printer_controller"
LONG = print_file(6000)


async def test_a_refused_command_is_answered_to_who_asked_and_published_with_its_reason(running: Running) -> None:
    since = len(running.heard.messages)
    request = {"command": "restart", "id": f"restart-{since}-{id(running)}", "reply_to": "jobwire/answer/a_tester"}
    await running.heard.publish(SET, request)
    answer = await running.heard.until(lambda m: m.topic == "jobwire/answer/a_tester", since=since)
    assert answer.json["id"] == request["id"]
    assert answer.json["error"]["kind"] == "conflict"
    assert answer.json["error"]["message"]
    event = await running.heard.until(lambda m: "/event/printer_controller/" in m.topic and _refuses(m), since=since)
    assert event.json["data"], event


def _refuses(message: Heard) -> bool:
    body: dict[str, Any] = message.json
    return "refused" in body["type"]


async def test_a_message_that_cannot_be_understood_is_kept_as_a_dead_letter(running: Running) -> None:
    since = len(running.heard.messages)
    await running.heard.publish(SET, '{"command":"dance"}')
    letter = await running.heard.until(lambda m: m.topic == DEAD, since=since)
    assert letter.json["topic"] == SET
    assert letter.json["reason"]


async def test_an_expired_command_does_nothing_and_says_so(running: Running) -> None:
    await running.printing(LONG)
    since = len(running.heard.messages)
    past = (datetime.now(UTC) - timedelta(seconds=30)).isoformat()
    await running.heard.publish(SET, {"command": "pause", "expires_at": past})
    letter = await running.heard.until(lambda m: m.topic == DEAD, since=since)
    assert letter.json["topic"] == SET
    await _assert_printing(running)


async def test_a_retained_command_does_nothing_now_and_nothing_after_a_new_start(running: Running) -> None:
    await running.heard.publish(SET, {"command": "pause"}, retain=True)
    try:
        await asyncio.sleep(0.3)
        await running.stack.restarted("printer_controller", running.stack.kill("printer_controller"))
        await until_answered(running.client)
        await until_state(running.client, "Operational", within=20)
        await running.printing(LONG)
        await _assert_printing(running)
    finally:
        await running.heard.publish(SET, "", retain=True)


async def _assert_printing(running: Running) -> None:
    moves = int(running.printer.counters()["moves"])
    await until_executed(running.printer, moves + 30)
    assert (await until_state(running.client, "Printing"))["state"] == "Printing"
