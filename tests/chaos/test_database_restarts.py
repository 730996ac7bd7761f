"""PostgreSQL stops and starts again and again during a print: the print goes on, nothing that was accepted is lost.

No service ends for it: what cannot be done meanwhile is refused, and works again by itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.database import make_database
from tests.support.gcode import print_file
from tests.support.invariants import Operator, until_all_agree
from tests.support.postgresql import Stoppable, stoppable_server
from tests.support.printing import PrintRig, assert_exact, assert_once_so_far, command, until_answered, until_state
from tests.support.virtual_printer import VirtualPrinterProcess

pytestmark = [pytest.mark.chaos, pytest.mark.postgres]
STOPS = 4
MOVE_MS = 10
CONTENT = print_file(30_000)  # more than is printed before it is cancelled
SHORT = print_file(40)
SMALL = b"G28\n"
BACK_WITHIN = 20.0
EITHER = frozenset({"Paused", "Printing"})


@pytest.fixture
def server() -> Iterator[Stoppable]:
    with stoppable_server() as started:
        yield started


@pytest.mark.timeout(240)
@pytest.mark.database("postgresql")
async def test_a_print_and_what_was_accepted_outlive_the_absence_of_the_database(
    tmp_path: Path, server: Stoppable, dice: random.Random
) -> None:
    printer = VirtualPrinterProcess("--move-ms", str(MOVE_MS))
    environ = {"JOBWIRE_DATABASE_URL": make_database(server=server.url)}
    async with PrintRig(tmp_path, printer, lines=["rx_buffer = 128"], environ=environ) as rig:
        before, operator, stored = rig.stack.pids(), Operator(rig), list[str]()
        run = await rig.print(CONTENT)
        for number in range(STOPS):
            under_way = asyncio.create_task(_uploads(rig, f"stop-{number}", stored))
            await asyncio.sleep(0.3 * dice.random())
            await asyncio.to_thread(server.stop)
            await asyncio.sleep(dice.choice([0.0, 0.5, 3.0]))
            await operator.act()
            await asyncio.to_thread(server.start)
            await until_answered(rig.client, within=BACK_WITHIN)
            under_way.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await under_way
            operator.saw(await until_all_agree(rig, EITHER, within=BACK_WITHIN))
        await command(rig.client, "cancel")
        assert (await rig.ended(run, within=20))["status"] == "cancelled"
        await until_state(rig.client, "Operational")
        printed = assert_once_so_far(printer, CONTENT)
        assert (await rig.ended(await rig.print(SHORT, name="after.gcode"), within=20))["status"] == "succeeded"
        assert_exact(printer, SHORT, since=printed)
        listed = {file["path"] for file in (await rig.client.get("/api/files/local")).json()["files"]}
        assert stored
        assert set(stored) <= listed, "an accepted upload is gone"
        assert rig.stack.pids() == before, "a service had to be started anew"


@pytest.mark.timeout(120)
@pytest.mark.database("postgresql")
async def test_without_its_database_everything_is_refused_in_the_words_of_the_api(
    tmp_path: Path, server: Stoppable
) -> None:
    environ = {"JOBWIRE_DATABASE_URL": make_database(server=server.url)}
    async with PrintRig(tmp_path, VirtualPrinterProcess(), environ=environ) as rig:
        await asyncio.to_thread(server.stop)
        answers: list[httpx.Response] = []
        ends_at = time.monotonic() + 6.0  # longer than a key is remembered
        while time.monotonic() < ends_at:
            answers.append(await rig.client.get("/api/job"))
            answers.append(await rig.client.post("/api/files/local", files={"file": ("small.gcode", SMALL)}))
        refused = [answer for answer in answers if answer.status_code != 200]
        assert {answer.status_code for answer in refused} == {503}, {answer.text for answer in refused}
        assert all(list(answer.json()) == ["error"] for answer in refused)
        assert all(int(answer.headers["Retry-After"]) > 0 for answer in refused)
        await asyncio.to_thread(server.start)
        await until_answered(rig.client, within=BACK_WITHIN)


async def _uploads(rig: PrintRig, stem: str, stored: list[str]) -> None:
    """Store one small file after another; notes what was accepted."""
    for number in range(1000):
        name = f"{stem}-{number}.gcode"
        try:
            answer = await rig.client.post("/api/files/local", files={"file": (name, SMALL)})
        except httpx.TransportError:
            continue
        if answer.status_code == 201:
            stored.append(name)
        else:
            assert answer.status_code in (503, 504), (answer.status_code, answer.text)
