"""A print that is interrupted ends, says why, and says where: unplugged, and stopped together with the whole system."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.database import Database
from tests.support.gcode import print_file, sent_before
from tests.support.mqtt_client import retained
from tests.support.printing import PrintRig, assert_once_so_far, until_executed, until_state
from tests.support.virtual_printer import VirtualPrinterProcess

pytestmark = pytest.mark.system
LONG = print_file(6000)
LINES = ["rx_buffer = 128"]
IN_FLIGHT = 40  # lines in the window, the receive buffer, the command queue


@pytest.mark.timeout(90)
async def test_an_unplugged_printer_ends_the_run_with_the_last_acknowledged_line(
    tmp_path: Path, database: Database
) -> None:
    printer = VirtualPrinterProcess("--move-ms", "10")
    async with PrintRig(tmp_path, printer, lines=LINES, environ=database.environment(tmp_path)) as rig:
        run = await rig.print(LONG)
        await until_executed(printer, 100)
        printer.control({"fault": "unplug"})
        record = await rig.ended(run, within=5)
        assert record["status"] == "failed"
        assert record["reason"]
        await until_state(rig.client, "Offline after error", "Offline", "Error")
        executed = assert_once_so_far(printer, LONG)
        acknowledged = sent_before(LONG, record["progress"]["line"])
        assert 0 <= executed - acknowledged <= IN_FLIGHT, f"{executed} lines executed, {acknowledged} reported"
        printer.control({"fault": "plug"})
        await until_state(rig.client, "Operational", within=30)
        assert assert_once_so_far(printer, LONG) >= executed, "nothing of the file was sent again"


@pytest.mark.timeout(120)
async def test_stopping_everything_during_a_print_is_quick_and_the_next_start_calls_it_failed(
    tmp_path: Path, database: Database
) -> None:
    printer = VirtualPrinterProcess("--move-ms", "10")
    async with PrintRig(tmp_path, printer, lines=LINES, environ=database.environment(tmp_path)) as rig:
        run = await rig.print(LONG)
        await until_executed(printer, 100)
        assert await rig.stack.stop() < 10
        await rig.stack.start()
        await until_state(rig.client, "Operational", within=20)
        held = await retained(rig.stack.broker_port, f"jobwire/run/{run}")
        record = held[f"jobwire/run/{run}"].json
        assert record["status"] == "failed"
        assert record["reason"]
        assert sent_before(LONG, record["progress"]["line"]) <= assert_once_so_far(printer, LONG)
        again = await rig.print(print_file(50), name="after.gcode")
        assert (await rig.ended(again, within=20))["status"] == "succeeded"
