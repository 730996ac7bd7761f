"""What stands after a controller or a broker died in the middle of a print: no lie, and a printer that is safe."""

from __future__ import annotations

import time
from typing import Any

from shared.contracts import topics
from shared.contracts.printers import CancelPrint, StartPrint
from tests.support.gcode import print_file
from tests.support.mqtt_client import retained
from tests.support.printing import assert_exact, until_executed


async def printing(controller: Any, count: int) -> tuple[str, bytes]:
    content = print_file(count)
    await controller.add_file(content, select=True)
    run = (await controller.ask(topics.COMMAND_PRINTER, StartPrint())).run
    await controller.run_is(run, "running")
    await until_executed(controller.printer, 300)
    return run, content


async def test_a_killed_controller_leaves_a_failed_run_with_its_line_and_a_safe_printer(controller: Any) -> None:
    run, _ = await printing(controller, 20_000)
    controller.kill()
    executed = len(controller.printer.executed())
    since = len(controller.heard.messages)
    controller.start()
    record = await controller.run_is(run, "failed")
    line = record["progress"]["line"]
    assert record["reason"] == f"controller restarted at line {line}"
    assert 100 <= line <= executed
    assert (await controller.event("print_failed", since=since))["run"] == run
    await controller.state("Operational", since=since)
    await controller.event("printer_made_safe", since=since)
    after = [text for _, text in controller.printer.executed()][executed:]
    assert [text for text in after if text in ("M104 S0", "M140 S0", "M107", "M84")] == [
        "M104 S0",
        "M140 S0",
        "M107",
        "M84",
    ]
    job = controller.heard.last("jobwire/printer/mk3/job").json
    assert job["file"]["path"] == "part.gcode"


async def test_a_cancel_that_was_answered_is_not_forgotten_by_a_crash(controller: Any) -> None:
    run, _ = await printing(controller, 20_000)
    await controller.ask(topics.COMMAND_PRINTER, CancelPrint())
    controller.kill()
    controller.start()
    assert (await controller.run_is(run, "cancelled", "failed"))["status"] == "cancelled"


async def test_a_stopped_controller_switches_the_printer_off_and_says_so(controller: Any) -> None:
    run, _ = await printing(controller, 20_000)
    before = len(controller.printer.executed())
    assert controller.stop() == 0
    record = await controller.run_is(run, "failed")
    assert record["reason"] == "controller stopped"
    after = [text for _, text in controller.printer.executed()][before:]
    assert "M104 S0" in after
    held = await retained(controller.heard.port, "jobwire/#")
    assert held["jobwire/printer/mk3/available"].payload == b"offline"
    assert held["jobwire/service/printer_controller/host"].json["state"] == "offline"


async def test_a_broker_that_dies_does_not_disturb_a_print_and_hears_its_end(controller: Any) -> None:
    run, content = await printing(controller, 1_500)
    controller.broker.kill()
    await until_executed(controller.printer, 700)
    controller.broker.restart()
    await controller.run_is(run, "succeeded", within=30)
    assert_exact(controller.printer, content)


async def test_an_unplugged_printer_fails_its_run_within_a_second(controller: Any) -> None:
    run, _ = await printing(controller, 20_000)
    controller.printer.control({"fault": "unplug"})
    unplugged = time.monotonic()
    record = await controller.run_is(run, "failed", within=5)
    heard = next(m.at for m in controller.heard.on(f"jobwire/run/{run}") if m.json and m.json["status"] == "failed")
    assert heard - unplugged < 1.0
    assert record["progress"]["line"] >= 100
