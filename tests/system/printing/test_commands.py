"""Pause, resume, restart and cancel, by REST and by a plain MQTT message, as the printer's log shows them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from tests.support.gcode import print_file
from tests.support.printing import (
    JOB,
    assert_once_so_far,
    command,
    executed_moves,
    new_run,
    until_executed,
    until_state,
)

if TYPE_CHECKING:
    from tests.system.printing.conftest import Running

pytestmark = pytest.mark.system
SET = "jobwire/printer/printer/set"
LONG = print_file(6000)
SHORT = print_file(120)


async def moves_now(running: Running) -> int:
    return int(running.printer.counters()["moves"])


async def assert_still(running: Running) -> None:
    """After the planner has run dry nothing moves any more."""
    await asyncio.sleep(0.5)
    before = await moves_now(running)
    await asyncio.sleep(0.3)
    assert await moves_now(running) == before


async def assert_moving(running: Running) -> None:
    await until_executed(running.printer, await moves_now(running) + 5)


async def test_pause_stops_the_moves_and_resume_goes_on_where_they_stopped(running: Running) -> None:
    run = await running.printing(SHORT)
    await command(running.client, "pause", "pause")
    await until_state(running.client, "Paused")
    await assert_still(running)
    await command(running.client, "pause", "resume")
    await until_state(running.client, "Printing", "Finishing", "Operational")
    record = await running.ended(run)
    assert record["status"] == "succeeded"
    running.assert_exact(SHORT)


async def test_cancel_ends_the_run_and_switches_the_heaters_off(running: Running) -> None:
    run = await running.printing(LONG)
    await command(running.client, "cancel")
    record = await running.ended(run)
    assert record["status"] == "cancelled"
    await until_state(running.client, "Operational")
    assert_once_so_far(running.printer, LONG, since=running.before)
    last_words = [text for _, text in running.printer.executed()][-12:]
    assert {"M104 S0", "M140 S0", "M107", "M84"} <= set(last_words)


async def test_restart_while_paused_prints_the_file_from_its_first_line_again(running: Running) -> None:
    first = await running.printing(SHORT)
    await command(running.client, "pause", "pause")
    await until_state(running.client, "Paused")
    done = assert_once_so_far(running.printer, SHORT, since=running.before)
    since = len(running.heard.messages)
    await command(running.client, "restart")
    assert (await running.ended(first))["status"] == "cancelled"
    again = await running.heard.until(
        lambda m: m.topic.startswith("jobwire/run/") and not m.topic.endswith(first) and bool(m.payload), since=since
    )
    record = await running.ended(again.json["id"])
    assert record["status"] == "succeeded"
    running.before += done
    running.assert_exact(SHORT)


async def test_a_second_start_during_a_print_is_refused_and_the_print_goes_on(running: Running) -> None:
    await running.printing(LONG)
    answer = await running.client.post(JOB, json={"command": "start"})
    assert answer.status_code == 409
    assert "error" in answer.json()
    await assert_moving(running)


@pytest.mark.parametrize(("pause", "resume"), [('{"command":"pause"}', '{"command":"pause"}'), ("pause", "resume")])
async def test_a_plain_mqtt_message_pauses_and_the_next_one_resumes(running: Running, pause: str, resume: str) -> None:
    await running.printing(LONG)
    await running.heard.publish(SET, pause, qos=0)
    await until_state(running.client, "Paused")
    await assert_still(running)
    await running.heard.publish(SET, resume, qos=0)
    await until_state(running.client, "Printing")
    await assert_moving(running)


async def test_mqtt_alone_selects_starts_restarts_and_cancels_a_print(running: Running) -> None:
    await running.printing(SHORT)  # the file is there and selected
    await running.heard.publish(SET, {"command": "cancel"})
    await until_state(running.client, "Operational")
    done = await moves_now(running)
    since = len(running.heard.messages)
    await running.heard.publish(SET, {"command": "start"})
    await new_run(running.heard, since=since)
    await until_executed(running.printer, done + 5)
    await running.heard.publish(SET, {"command": "pause", "action": "pause"})
    await until_state(running.client, "Paused")
    running.before = len(executed_moves(running.printer))
    since = len(running.heard.messages)
    await running.heard.publish(SET, {"command": "restart"})
    record = await running.heard.until(
        lambda m: m.topic.startswith("jobwire/run/") and b'"succeeded"' in m.payload, since=since, within=20
    )
    assert record.json["printer"] == "printer"
    running.assert_exact(SHORT)
