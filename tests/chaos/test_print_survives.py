"""Gateway and broker are killed again and again while somebody pauses and resumes: the print goes on to its end."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import pytest

from tests.support.database import Database
from tests.support.gcode import print_file
from tests.support.invariants import Operator, until_all_agree
from tests.support.printing import PrintRig, assert_exact, command, executed_moves, statuses, until_answered
from tests.support.virtual_printer import VirtualPrinterProcess

pytestmark = pytest.mark.chaos
KILLS = 5  # the launcher waits longer after each end of the same child: few kills per system, several systems
MOVES = 3_000
MOVE_MS = 5
ROOM = 1_600  # moves that must be left when something is killed, so that the print is still under way afterwards
CONTENT = print_file(MOVES)
EITHER = frozenset({"Paused", "Printing"})


@pytest.mark.timeout(240)
@pytest.mark.database(*["sqlite"] * 4, "postgresql")
async def test_a_print_goes_on_untouched_when_gateway_and_broker_die(
    tmp_path: Path, database: Database, dice: random.Random
) -> None:
    printer = VirtualPrinterProcess("--move-ms", str(MOVE_MS), "--seed", str(dice.randrange(1000)))
    async with PrintRig(tmp_path, printer, lines=["rx_buffer = 128"], environ=database.environment(tmp_path)) as rig:
        prints = _Prints(rig, Operator(rig))
        await prints.begin()
        for victim in ["gateway", "broker"] * KILLS:
            await prints.keep_room()
            await _kill_during_a_command(rig, prints.operator, victim, dice)
        await prints.end()
        assert prints.operator.accepted > 0, prints.operator.refused


class _Prints:
    """One print after another, each checked at its end."""

    def __init__(self, rig: PrintRig, operator: Operator) -> None:
        self.operator = operator
        self._rig = rig
        self._run = ""
        self._logged = 0

    async def begin(self) -> None:
        self._logged = len(executed_moves(self._rig.printer))
        self._run = await self._rig.print(CONTENT)
        self.operator.next = "pause"

    async def keep_room(self) -> None:
        """Let a print that is nearly done end, and begin another."""
        done = len(executed_moves(self._rig.printer)) - self._logged
        if MOVES - done < ROOM:
            await self.end()
            await self.begin()

    async def end(self) -> None:
        """Go on if it is paused; wait for the end; each line was executed exactly once, in order."""
        if self.operator.next == "resume":
            await command(self._rig.client, "pause", "resume")
        record = await self._rig.ended(self._run, within=60)
        assert record["status"] == "succeeded", record
        assert statuses(self._rig.heard, self._run) == ["accepted", "running", "succeeded"]
        assert_exact(self._rig.printer, CONTENT, since=self._logged)


async def _kill_during_a_command(rig: PrintRig, operator: Operator, victim: str, dice: random.Random) -> None:
    command_under_way = asyncio.create_task(operator.act())
    await asyncio.sleep(dice.choice([0.0, 0.001, 0.005, 0.05, 0.3]) * dice.random())
    rig.stack.kill(victim)
    wanted = await command_under_way
    await until_answered(rig.client)
    operator.saw(await until_all_agree(rig, frozenset({wanted}) if wanted else EITHER))
