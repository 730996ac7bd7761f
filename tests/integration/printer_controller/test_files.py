"""What files hold, through the controller's own process: told while others print, never sent where it is denied."""

from __future__ import annotations

from typing import Any

import pytest

from shared.contracts import topics
from shared.contracts.files import ReadFile
from shared.contracts.printers import SelectFile, StartPrint
from shared.errors import Conflict
from tests.support.gcode import print_file
from tests.support.printing import assert_exact

HOSTILE = b"G28\n" + b"G1 X10 F6000\nG1 X20\n" * 30 + b"m 0502 ; factory settings\n" + b"G1 X30\n" * 100


async def test_a_file_is_analysed_while_another_one_prints_to_its_last_line(controller: Any) -> None:
    content = print_file(1500)
    await controller.add_file(content, select=True)
    run = (await controller.ask(topics.COMMAND_PRINTER, StartPrint())).run
    await controller.state("Printing")
    told = b"; estimated printing time (normal mode) = 1h 2m 3s\n; filament used [mm] = 1234.5\n"
    await controller.add_file(print_file(3000) + told, name="next.gcode")
    await controller.heard.until(
        lambda m: m.topic.endswith("/file_analysed") and m.json["data"]["path"] == "next.gcode", within=30
    )
    assert controller.heard.last(f"jobwire/run/{run}").json["status"] == "running"
    file = (await controller.ask(topics.READ_FILE, ReadFile(path="next.gcode"))).file
    assert file.analysis.estimated_print_time == 3723
    await controller.run_is(run, "succeeded", within=60)
    assert_exact(controller.printer, content)
    await controller.ask(topics.COMMAND_PRINTER, SelectFile(path="next.gcode"))
    job = await controller.heard.until(
        lambda m: m.topic == "jobwire/printer/mk3/job" and m.json["estimatedPrintTime"] == 3723, within=5
    )
    assert job.json["filament"]["tool0"]["length"] == 1234.5


async def test_a_denied_line_is_never_sent_and_the_file_is_refused_once_it_is_known(controller: Any) -> None:
    added = await controller.add_file(HOSTILE, name="hostile.gcode", print=True)
    record = await controller.run_is(added.run, "failed")
    assert record["reason"] == "line 62 of the file cannot be printed: M502 is on this printer's deny list"
    executed = controller.printer.log.read_text()
    assert "X20" in executed
    assert "502" not in executed
    assert "X30" not in executed
    await controller.event("file_analysed", within=30)
    with pytest.raises(Conflict, match="line 62 of the file cannot be printed: M502"):
        await controller.ask(topics.COMMAND_PRINTER, SelectFile(path="hostile.gcode", print=True))
