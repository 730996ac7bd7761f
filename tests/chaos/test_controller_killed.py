"""The printer controller is killed in the middle of prints: each run ends with reason and line, none is repeated."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import pytest

from tests.support.database import Database
from tests.support.gcode import print_file, sent_before
from tests.support.invariants import Operator, runs_without_an_end, until_still
from tests.support.printing import (
    PrintRig,
    assert_once_so_far,
    command,
    executed_moves,
    start_print,
    until_answered,
    until_executed,
    until_state,
)
from tests.support.virtual_printer import VirtualPrinterProcess

pytestmark = pytest.mark.chaos
KILLS = 5
MOVE_MS = 5
CONTENT = print_file(9000)
JOURNAL_AGE = 1.5  # seconds: the journal is at most one old, and a noisy machine is late
IN_FLIGHT = 40  # lines in the window, the receive buffer, the command queue and the planner


@pytest.mark.timeout(180)
@pytest.mark.database(*["sqlite"] * 4, "postgresql")
async def test_every_run_ends_with_its_line_when_the_controller_dies(
    tmp_path: Path, database: Database, dice: random.Random
) -> None:
    printer = VirtualPrinterProcess("--move-ms", str(MOVE_MS), "--seed", str(dice.randrange(1000)))
    async with PrintRig(tmp_path, printer, lines=["rx_buffer = 128"], environ=database.environment(tmp_path)) as rig:
        for _ in range(KILLS):
            await _kill_during_a_print(rig, dice)
        short = print_file(40)
        before = len(executed_moves(printer))
        run = await rig.print(short, name="after.gcode")
        assert (await rig.ended(run, within=20))["status"] == "succeeded"
        assert assert_once_so_far(printer, short, since=before) == 40


async def _kill_during_a_print(rig: PrintRig, dice: random.Random) -> None:
    before, moved = len(executed_moves(rig.printer)), int(rig.printer.counters()["moves"])
    run = await start_print(rig.client, rig.heard, CONTENT)
    await until_executed(rig.printer, moved + 1 + dice.randrange(150))
    under_way = asyncio.create_task(Operator(rig).act())
    await asyncio.sleep(0.02 * dice.random())
    rig.stack.kill("printer_controller")
    await under_way
    record = await rig.ended(run, within=15)
    assert record["status"] == "failed", record
    assert record["reason"]
    await until_answered(rig.client)
    await until_state(rig.client, "Operational")
    await until_still(rig)
    executed = assert_once_so_far(rig.printer, CONTENT, since=before)
    acknowledged = sent_before(CONTENT, record["progress"]["line"])
    assert executed - JOURNAL_AGE * 1000 / MOVE_MS - IN_FLIGHT <= acknowledged <= executed
    assert await runs_without_an_end(rig) == []
    last_words = [text for _, text in rig.printer.executed()][-12:]
    assert {"M104 S0", "M140 S0"} <= set(last_words), f"the printer was not made safe: {last_words}"


@pytest.mark.timeout(120)
async def test_a_print_accepted_at_the_moment_of_death_exists_afterwards(
    tmp_path: Path, database: Database, dice: random.Random
) -> None:
    printer = VirtualPrinterProcess("--move-ms", str(MOVE_MS))
    async with PrintRig(tmp_path, printer, lines=["rx_buffer = 128"], environ=database.environment(tmp_path)) as rig:
        for number in range(4):
            since = len(rig.heard.messages)
            upload = asyncio.create_task(_upload(rig, f"part-{number}.gcode"))
            await asyncio.sleep(0.08 * dice.random())
            rig.stack.kill("printer_controller")
            accepted = await upload
            await until_answered(rig.client)
            await _end_what_was_asked_before_the_death(rig)
            assert await runs_without_an_end(rig) == []
            listed = [file["path"] for file in (await rig.client.get("/api/files/local")).json()["files"]]
            if accepted:
                assert f"part-{number}.gcode" in listed, "an accepted upload is gone"
                names = [m.json["job"]["id"] for m in rig.heard.messages[since:] if "/run/" in m.topic and m.payload]
                assert f"part-{number}.gcode" in names, "an accepted print left no run"


async def _end_what_was_asked_before_the_death(rig: PrintRig) -> None:
    """A request that waited on the broker is still good when the controller is back in time: then it prints."""
    await until_state(rig.client, "Operational", "Printing")
    await asyncio.sleep(0.5)  # until what waited has been decided
    shown = await until_state(rig.client, "Operational", "Printing")
    if shown["state"] == "Printing":
        await command(rig.client, "cancel")
        await until_state(rig.client, "Operational")


async def _upload(rig: PrintRig, name: str) -> bool:
    """Whether storing and printing were both promised."""
    answer = await rig.client.post("/api/files/local", files={"file": (name, CONTENT)}, data={"print": "true"})
    assert answer.status_code in (201, 409, 503, 504), (answer.status_code, answer.text)
    return answer.status_code == 201 and bool(answer.json()["effectivePrint"])
