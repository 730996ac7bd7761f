"""Two printers in one controller: each has its own address, and one that goes away disturbs nobody."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.database import Database
from tests.support.gcode import print_file
from tests.support.printing import PrintRig, assert_exact, job, run_ended, start_print, until_executed, until_state
from tests.support.stack import Stack, printer_table
from tests.support.virtual_printer import VirtualPrinterProcess

pytestmark = pytest.mark.system


@pytest.mark.timeout(120)
async def test_one_unplugged_printer_leaves_the_other_printing_to_its_end(tmp_path: Path, database: Database) -> None:
    first, second = (VirtualPrinterProcess("--move-ms", "10", "--seed", str(seed)) for seed in (1, 2))
    async with PrintRig(tmp_path, first, second, environ=database.environment(tmp_path)) as rig:
        one, two = (rig.stack.client(prefix=f"/octoprint/{name}") for name in ("printer", "second"))
        async with one, two:
            await until_state(two, "Operational", within=20)
            long, other = print_file(400), print_file(6000)
            whole = await start_print(one, rig.heard, long, name="one.gcode")
            cut = await start_print(two, rig.heard, other, name="two.gcode")
            await until_executed(second, 20)
            second.control({"fault": "unplug"})
            failed = await rig.ended(cut, within=10)
            assert (failed["status"], failed["printer"]) == ("failed", "second")
            assert (await job(two))["state"].startswith("Offline")
            succeeded = await rig.ended(whole, within=40)
            assert (succeeded["status"], succeeded["printer"]) == ("succeeded", "printer")
            assert_exact(first, long)
            second.control({"fault": "plug"})
            await until_state(two, "Operational", within=30)


@pytest.mark.timeout(120)
async def test_a_printer_that_was_never_there_keeps_nobody_from_printing(tmp_path: Path) -> None:
    content = print_file(100)
    with VirtualPrinterProcess("--move-ms", "5") as here:
        config = printer_table("absent", tmp_path / "no-such-device") + printer_table("here", here.port)
        async with Stack(tmp_path, config=config) as stack, stack.listener() as heard:
            async with stack.client(prefix="/octoprint/here") as client:
                await until_state(client, "Operational", within=20)
                run = await start_print(client, heard, content)
                assert (await run_ended(heard, run, within=20))["status"] == "succeeded"
            assert_exact(here, content)
            async with stack.client(prefix="/octoprint/absent") as client:
                assert (await client.post("/api/job", json={"command": "start"})).status_code == 409
