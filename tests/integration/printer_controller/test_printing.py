"""A print through the controller's own process: over the bus, to the last line, and through every command."""

from __future__ import annotations

from typing import Any

import pytest

from shared.contracts import topics
from shared.contracts.files import DeleteFile, ListFiles
from shared.contracts.printers import (
    Announce,
    CancelPrint,
    ConnectPrinter,
    DisconnectPrinter,
    PausePrint,
    ReadConnection,
    RestartPrint,
    StartPrint,
)
from shared.errors import Conflict
from tests.support.gcode import print_file
from tests.support.mqtt_client import retained
from tests.support.printing import assert_exact


async def test_a_file_prints_to_its_last_line_and_everything_is_seen_on_mqtt(controller: Any) -> None:
    content = print_file(400)
    added = await controller.add_file(content, select=True)
    assert added.effective_select
    run = (await controller.ask(topics.COMMAND_PRINTER, StartPrint())).run
    record = await controller.run_is(run, "succeeded")
    assert record["progress"]["completion"] == 100.0
    assert record["started_by"] == {"name": "alice", "via": "octoprint"}
    assert_exact(controller.printer, content)
    done = await controller.event("print_done")
    assert (done["path"], done["owner"], done["size"]) == ("part.gcode", "alice", len(content))
    states = [m.json["state"] for m in controller.heard.on("jobwire/printer/mk3/state") if m.payload]
    begun = states.index("Starting")
    assert states[begun:][:3] == ["Starting", "Printing", "Finishing"]
    job = controller.heard.last("jobwire/printer/mk3/job").json
    assert (job["progress"]["completion"], job["progress"]["printTimeLeft"]) == (100.0, 0)
    assert job["lastPrintTime"] > 1


async def test_a_print_is_paused_resumed_restarted_and_cancelled(controller: Any) -> None:
    await controller.add_file(print_file(4000), select=True)
    first = (await controller.ask(topics.COMMAND_PRINTER, StartPrint())).run
    await controller.state("Printing")
    await controller.ask(topics.COMMAND_PRINTER, PausePrint(action="pause"))
    await controller.state("Paused")
    since = len(controller.heard.messages)
    await controller.ask(topics.COMMAND_PRINTER, PausePrint())
    await controller.state("Printing", since=since)
    since = len(controller.heard.messages)
    await controller.ask(topics.COMMAND_PRINTER, PausePrint())
    await controller.state("Paused", since=since)
    second = (await controller.ask(topics.COMMAND_PRINTER, RestartPrint())).run
    assert (await controller.run_is(first, "cancelled"))["reason"] == "restarted"
    await controller.run_is(second, "running")
    since = len(controller.heard.messages)
    answer = await controller.ask(topics.COMMAND_PRINTER, CancelPrint())
    assert answer.state == "Cancelling"
    await controller.run_is(second, "cancelled")
    await controller.state("Operational", since=since)
    assert ("M104 S0") in [text for _, text in controller.printer.executed()]


async def test_one_word_on_the_set_topic_is_a_command_and_a_retained_one_is_none(controller: Any) -> None:
    await controller.add_file(print_file(4000), select=True)
    heard = controller.heard
    await heard.publish("jobwire/printer/mk3/set", "start", retain=True)
    await heard.until(lambda m: m.topic == "jobwire/dead/printer_controller" and "retained" in m.json["reason"])
    assert not [m for m in heard.messages if m.topic.startswith("jobwire/run/")]
    await heard.publish("jobwire/printer/mk3/set", "", retain=True)
    await heard.publish("jobwire/printer/mk3/set", "start")
    await controller.state("Printing")
    await heard.publish("jobwire/printer/mk3/set", "pause")
    await controller.state("Paused")
    since = len(heard.messages)
    await heard.publish("jobwire/printer/mk3/set", '{"command":"pause","action":"resume"}')
    await controller.state("Printing", since=since)
    assert (await controller.event("print_resumed"))["owner"] == "mqtt"
    since = len(heard.messages)
    await heard.publish("jobwire/printer/mk3/set", "restart")
    refused = await controller.event("command_refused", since=since)
    assert (refused["command"], refused["code"]) == ("restart", "not_paused")


async def test_a_refusal_reaches_the_asker_in_octoprints_words(controller: Any) -> None:
    with pytest.raises(Conflict, match="neither printing nor paused, 'cancel'"):
        await controller.ask(topics.COMMAND_PRINTER, CancelPrint())


async def test_disconnecting_and_connecting_again(controller: Any) -> None:
    since = len(controller.heard.messages)
    answer = await controller.ask(topics.COMMAND_PRINTER, DisconnectPrinter())
    assert answer.state == "Offline"
    await controller.state("Offline", since=since)
    offered = await controller.ask(topics.READ_CONNECTION, ReadConnection())
    assert offered.ports[0] == controller.printer.port
    since = len(controller.heard.messages)
    await controller.ask(topics.COMMAND_PRINTER, ConnectPrinter(port=controller.printer.port, baudrate=115200))
    await controller.state("Operational", since=since)


async def test_an_announcement_brings_all_retained_state_back(controller: Any) -> None:
    port = controller.heard.port
    names = {f"jobwire/printer/mk3/{what}" for what in ("state", "job", "temperature", "available")}
    for name in names:
        await controller.heard.publish(name, "", retain=True)
    await controller.ask(topics.ANNOUNCE, Announce())
    assert names <= set(await retained(port, "jobwire/#"))


async def test_files_are_listed_and_removed(controller: Any) -> None:
    for name in ("a.gcode", "b.gcode"):
        await controller.add_file(print_file(5), name=name, folder="dir")
    listed = await controller.ask(topics.LIST_FILES, ListFiles())
    assert [file.path for file in listed.files] == ["dir/a.gcode", "dir/b.gcode"]
    await controller.ask(topics.DELETE_FILE, DeleteFile(path="dir"))
    assert (await controller.ask(topics.LIST_FILES, ListFiles())).files == []


async def test_the_controller_stays_small_while_it_streams(controller: Any) -> None:
    await controller.add_file(print_file(100_000), select=True)
    await controller.ask(topics.COMMAND_PRINTER, StartPrint())
    await controller.event("print_started")
    jobs = "jobwire/printer/mk3/job"
    await controller.heard.until(lambda m: m.topic == jobs and bool(m.payload) and (m.json["line"] or 0) > 400)
    with open(f"/proc/{controller.process.pid}/status") as status:  # noqa: ASYNC230 - a file in memory
        kilobytes = next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))
    assert kilobytes < 80 * 1024
