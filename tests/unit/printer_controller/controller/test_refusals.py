"""What is refused is told to everybody, alike for every command: its documented name, the reason, and who asked."""

from __future__ import annotations

from typing import Any

import pytest

from shared.contracts import topics
from shared.contracts.files import DeleteFile, MoveFile
from shared.contracts.messages import Presence
from shared.contracts.printers import CancelPrint, PausePrint, StartPrint, StopEmergency
from shared.errors import NotFound, OutcomeUnknown, Refused, Unavailable


async def other_controller(rig: Any) -> None:
    rig.bus.follow(topics.SERVICE_PRESENCE, rig.fleet.heard_presence)
    presence = Presence(state="lost", version="0", boot_id="b", since=rig.clock.now())
    await rig.bus.publish(topics.SERVICE_PRESENCE, presence, service=topics.PRINTER_CONTROLLER, instance="elsewhere")


async def test_a_printer_that_another_controller_may_have_is_left_to_it(rig: Any) -> None:
    await other_controller(rig)
    with pytest.raises(OutcomeUnknown):
        await rig.command(StartPrint(printer="unknown"))
    assert rig.events("command_refused") == []


@pytest.mark.parametrize("command", [StartPrint(printer="mk4"), StopEmergency(printer="mk4")])
async def test_a_printer_that_nobody_can_have_is_refused_for_all_to_hear(rig: Any, command: Any) -> None:
    with pytest.raises(NotFound, match="there is no printer 'mk4': one of mk3, ender"):
        await rig.command(command)
    told = rig.events("command_refused")[-1]
    assert (told.subject, told.data["printer"], told.data["code"]) == ("mk4", "mk4", "no_such_printer")


@pytest.mark.parametrize(
    ("topic", "request_of", "name"),
    [
        (topics.COMMAND_PRINTER, lambda: CancelPrint(), "cancel"),
        (topics.DELETE_FILE, lambda: DeleteFile(path="gone.gcode"), "delete_file"),
        (topics.MOVE_FILE, lambda: MoveFile(path="gone.gcode", destination="x"), "move_file"),
    ],
)
async def test_a_refusal_names_the_command_as_documented_and_who_asked(
    rig: Any, topic: Any, request_of: Any, name: str
) -> None:
    with pytest.raises(Refused):
        await rig.ask(topic, request_of())
    told = rig.events("command_refused")[-1].data
    assert (told["command"], told["caller"]) == (name, {"name": "alice", "via": "octoprint", "role": "operator"})


async def test_every_event_shows_a_caller_alike(rig: Any) -> None:
    await rig.command(StartPrint())
    await rig.command(StopEmergency())
    told = [rig.events(name)[-1].data["caller"] for name in ("print_without_file", "emergency_stop_commanded")]
    assert told == [{"name": "alice", "via": "octoprint", "role": "operator"}] * 2


async def test_a_command_that_cannot_be_decided_now_is_not_called_refused_at_every_try(rig: Any) -> None:
    rig.printer.session = None
    with pytest.raises(Unavailable):
        await rig.command(PausePrint())
    assert rig.events("command_refused") == []
