"""Every command in every state: what is answered, what is written, and what the session is told, in that order."""

from __future__ import annotations

from typing import Any

import pytest

from services.printer_controller import states
from services.printer_controller.models import FileRow, PrinterRow, RunRow
from shared.contracts import topics
from shared.contracts.messages import Caller
from shared.contracts.printers import (
    CancelPrint,
    ConnectPrinter,
    DisconnectPrinter,
    PausePrint,
    PrinterStatus,
    RestartPrint,
    SelectFile,
    SendGcode,
    StartPrint,
    StopEmergency,
    UnselectFile,
)
from shared.contracts.runs import RunStatus
from shared.errors import Broken, Conflict, Invalid, NotFound, OutcomeUnknown, Refused, Unavailable

S = PrinterStatus


async def printing(rig: Any) -> str:
    await rig.upload(select=True)
    answer = await rig.command(StartPrint())
    rig.session.at(1, share=0.1)
    await rig.settle()
    return str(answer.run)


async def test_start_is_committed_before_the_session_is_told_and_starting_shows_at_once(rig: Any) -> None:
    await rig.upload(select=True)
    seen: list[RunStatus] = []
    start = rig.session.start

    def watched(source: Any) -> None:
        seen.append(rig.run(source.run).status)
        start(source)

    rig.session.start = watched
    answer = await rig.ask(topics.COMMAND_PRINTER, StartPrint())
    assert seen == [RunStatus.ACCEPTED]
    assert answer.state is S.STARTING
    assert rig.bus.last(topics.PRINTER_STATE, printer="mk3").state is S.STARTING
    job = rig.bus.last(topics.PRINTER_JOB, printer="mk3")
    assert (job.run, job.file.path, job.user, job.progress.completion) == (answer.run, "part.gcode", "alice", 0.0)


async def test_a_print_goes_through_its_life_and_every_step_is_an_event(rig: Any) -> None:
    run = await printing(rig)
    assert rig.run(run).status is RunStatus.RUNNING
    assert rig.run(run).started_by.name == "alice"
    await rig.command(PausePrint(action="pause"))
    rig.session.paused()
    await rig.command(PausePrint(action="resume"))
    rig.session.resumed()
    rig.session.at(2, share=0.9, seconds=12.5)
    rig.session.done()
    await rig.settle()
    ended = rig.run(run)
    assert (ended.status, ended.progress.completion, ended.progress.line) == (RunStatus.SUCCEEDED, 100.0, 2)
    prints = [name for name in rig.names() if name.startswith("print_")]
    assert prints == ["print_started", "print_paused", "print_resumed", "print_done"]
    data = rig.events("print_done")[0].data
    assert data["time"] == 12.5
    assert (data["path"], data["origin"], data["owner"], data["user"]) == ("part.gcode", "local", "alice", "alice")
    job = rig.bus.last(topics.PRINTER_JOB, printer="mk3")
    assert (job.progress.completion, job.progress.print_time_left, job.run) == (100.0, 0, None)
    assert (job.average_print_time, job.last_print_time) == (12.5, 12.5)


async def test_cancel_is_a_cancel_even_when_the_line_is_lost_before_the_script_ran(rig: Any) -> None:
    run = await printing(rig)
    answer = await rig.command(CancelPrint())
    assert (answer.effect, answer.state) == (True, S.CANCELLING)
    assert rig.bus.last(topics.PRINTER_JOB, printer="mk3").progress.completion is None
    rig.session.unplugged()
    await rig.settle()
    assert rig.run(run).status is RunStatus.CANCELLED
    assert "print_cancelling" in rig.names()


async def test_after_a_cancel_the_file_stays_selected_and_progress_is_null(rig: Any) -> None:
    await printing(rig)
    await rig.command(CancelPrint())
    rig.session.cancelled()
    await rig.settle()
    job = rig.bus.last(topics.PRINTER_JOB, printer="mk3")
    assert job.file.path == "part.gcode"
    assert job.progress.filepos is None


async def test_restart_ends_the_old_run_as_restarted_and_begins_a_new_one(rig: Any) -> None:
    old = await printing(rig)
    await rig.command(PausePrint())
    rig.session.paused()
    answer = await rig.command(RestartPrint())
    assert answer.run != old
    assert (rig.run(old).status, rig.run(old).reason) == (RunStatus.CANCELLED, "restarted")
    assert rig.run(answer.run).status is RunStatus.ACCEPTED
    assert rig.session.calls[-1] == ("restart", answer.run)
    file = await rig.row(FileRow, "part.gcode")
    assert (file.successes, file.failures) == (0, 0)


async def test_start_with_nothing_selected_does_nothing_and_says_so(rig: Any) -> None:
    answer = await rig.command(StartPrint())
    assert (answer.effect, answer.run) == (False, None)
    assert rig.names() == ["print_without_file"]
    assert rig.session.calls == []


@pytest.mark.parametrize("status", list(PrinterStatus))
@pytest.mark.parametrize(
    "command",
    [StartPrint(), CancelPrint(), RestartPrint(), PausePrint(), PausePrint(action="resume"), PausePrint(action="nope"),
     SelectFile(path="part.gcode"), SendGcode(lines=["M105"]), StopEmergency()],
    ids=lambda c: f"{type(c).__name__}-{getattr(c, 'action', '')}",
)  # fmt: skip
async def test_what_the_state_forbids_is_refused_announced_and_done_by_nobody(
    rig: Any, status: PrinterStatus, command: Any
) -> None:
    run = await printing(rig)
    if status not in states.BUSY:
        rig.session.done()
        await rig.settle()
    await rig.command(SelectFile(path="part.gcode")) if status is S.OPERATIONAL else None
    rig.session.status, rig.session.calls = status, []
    try:
        expected: Any = states.decide(command, status, selected=True)
    except Refused as refused:
        expected = refused
    if isinstance(expected, Refused):
        with pytest.raises(type(expected), match=expected.message.replace("?", r"\?")):
            await rig.command(command)
        told = rig.events("command_refused")[-1].data
        assert (told["code"], told["message"], told["printer"]) == (expected.code, expected.message, "mk3")
        assert rig.session.calls == []
    else:
        answer = await rig.command(command)
        assert [call[0] for call in rig.session.calls] == ([] if expected in ("nothing", "select") else [str(expected)])
        assert answer.effect is (expected != "nothing")
    del run


async def test_a_command_that_comes_twice_acts_once_and_is_answered_alike(rig: Any) -> None:
    await rig.upload(select=True)
    first = await rig.command(StartPrint(id="same"))
    second = await rig.command(StartPrint(id="same"))
    assert second.run == first.run
    assert [call[0] for call in rig.session.calls] == ["start"]


async def test_a_refused_command_that_comes_again_is_refused_alike_and_announced_once(rig: Any) -> None:
    for _ in range(2):
        with pytest.raises(Conflict, match="neither printing nor paused"):
            await rig.command(CancelPrint(id="same"))
    assert len(rig.events("command_refused")) == 1
    await rig.upload(select=True, print=True)
    with pytest.raises(Conflict):
        await rig.command(CancelPrint(id="same"))


async def test_a_run_whose_content_is_missing_fails_with_the_reason(rig: Any) -> None:
    added = await rig.upload(select=True)
    rig.shop.blobs.delete(added.file.digest)
    run = (await rig.command(StartPrint())).run
    assert rig.run(run).status is RunStatus.FAILED
    assert "content" in rig.run(run).reason
    assert rig.session.status is S.OPERATIONAL
    assert rig.printer.run is None


async def test_a_run_that_the_session_cannot_begin_fails_with_the_reason(rig: Any) -> None:
    await rig.upload(select=True)
    rig.session.refuses = Broken("the printer was unplugged meanwhile")
    run = (await rig.command(StartPrint())).run
    assert rig.run(run).status is RunStatus.FAILED
    assert "unplugged meanwhile" in rig.run(run).reason


async def test_a_command_after_the_end_of_a_print_finds_that_end_written(rig: Any) -> None:
    first = await printing(rig)
    rig.session.done()
    answer = await rig.ask(topics.COMMAND_PRINTER, StartPrint())
    assert rig.run(first).status is RunStatus.SUCCEEDED
    assert answer.run != first


async def test_only_the_holder_of_the_printer_answers(rig: Any) -> None:
    rig.printer.held = False
    with pytest.raises(OutcomeUnknown):
        await rig.command(StartPrint(printer="mk3"))
    assert (await rig.command(StartPrint(printer="ender"))).effect is False


async def test_a_stopping_controller_takes_no_more_commands(rig: Any) -> None:
    rig.printer.stopping = True
    with pytest.raises(Unavailable):
        await rig.command(StartPrint())


async def test_an_outsider_is_recorded_as_the_one_who_started(rig: Any) -> None:
    await rig.upload(select=True)
    await rig.bus.send(topics.PRINTER_SET, b'{"command":"start"}', printer="mk3")
    assert rig.run().started_by == Caller(name="mqtt", via="mqtt")


async def test_a_printers_set_topic_reaches_that_printer_alone(rig: Any) -> None:
    await rig.bus.send(topics.PRINTER_SET, b'{"command":"gcode","lines":["M105"]}', printer="ender")
    assert rig.session.calls == []


async def test_a_retained_command_never_acts(rig: Any) -> None:
    await rig.upload(select=True)
    await rig.bus.send(topics.PRINTER_SET, b'{"command":"start"}', printer="mk3", retained=True)
    assert rig.session.calls == []


async def test_an_emergency_stop_waits_for_nobody_and_acts_once(rig: Any) -> None:
    await printing(rig)
    async with rig.printer.lock:
        import asyncio

        asking = asyncio.create_task(rig.ask(topics.COMMAND_PRINTER, StopEmergency(id="stop")))
        await asyncio.sleep(0)
        assert rig.session.calls[-1] == ("emergency_stop",)
    assert (await asking).state is S.ERROR
    rig.session.status = S.OPERATIONAL
    await rig.command(StopEmergency(id="stop"))
    assert [call for call in rig.session.calls if call[0] == "emergency_stop"] == [("emergency_stop",)]
    assert rig.run().status is RunStatus.FAILED
    assert "emergency_stop_commanded" in rig.names()


async def test_selecting_is_remembered_and_can_print_at_once(rig: Any) -> None:
    await rig.upload()
    answer = await rig.command(SelectFile(path="PART.gcode", print=True))
    assert rig.run(answer.run).status is RunStatus.ACCEPTED
    assert (await rig.row(PrinterRow, "mk3")).selected == "part.gcode"
    with pytest.raises(NotFound):
        await rig.command(SelectFile(path="nope.gcode"))


async def test_unselecting_follows_octoprints_rules(rig: Any) -> None:
    with pytest.raises(Conflict, match="no file selected"):
        await rig.command(UnselectFile())
    await rig.upload(select=True)
    with pytest.raises(Invalid, match="Only the currently selected file"):
        await rig.command(UnselectFile(path="other.gcode"))
    await rig.command(UnselectFile())
    assert rig.bus.last(topics.PRINTER_JOB, printer="mk3").file is None
    run = await printing(rig)
    with pytest.raises(Conflict, match="already printing"):
        await rig.command(UnselectFile())
    assert (await rig.row(RunRow, run)).ended_at is None


async def test_disconnecting_ends_the_print_and_the_selection(rig: Any) -> None:
    run = await printing(rig)
    answer = await rig.command(DisconnectPrinter())
    assert answer.state is S.OFFLINE
    assert rig.run(run).status is RunStatus.FAILED
    assert rig.bus.last(topics.PRINTER_JOB, printer="mk3").file is None
    assert (await rig.row(PrinterRow, "mk3")).selected is None
    assert rig.bus.last(topics.PRINTER_AVAILABLE, printer="mk3") == "offline"


async def test_connecting_a_connected_printer_does_not_disturb_its_print(rig: Any) -> None:
    run = await printing(rig)
    answer = await rig.command(ConnectPrinter(port="AUTO", baudrate=0, autoconnect=False))
    assert (answer.effect, answer.run) == (False, run)
    assert rig.session.status is S.PRINTING
    assert (await rig.row(PrinterRow, "mk3")).saved_autoconnect is False


@pytest.mark.parametrize(
    ("command", "message"),
    [(ConnectPrinter(port="NOPE"), "port is invalid"), (ConnectPrinter(baudrate=1234), "baudrate is invalid")],
)
async def test_connecting_somewhere_else_than_offered_is_refused(rig: Any, command: Any, message: str) -> None:
    with pytest.raises(Invalid, match=message):
        await rig.command(command)


async def test_what_a_client_saved_for_connecting_is_kept(rig: Any) -> None:
    await rig.command(ConnectPrinter(port="/dev/ttyUSB0", baudrate=250000, save=True))
    row = await rig.row(PrinterRow, "mk3")
    assert (row.saved_port, row.saved_baudrate) == ("/dev/ttyUSB0", 250000)


@pytest.mark.parametrize("lines", [["G1 X1\nM112"], ["x" * 300], ["M105"] * 501, ["nul\x00"]])
async def test_lines_that_are_more_than_one_command_are_refused(rig: Any, lines: list[str]) -> None:
    with pytest.raises(Invalid):
        await rig.command(SendGcode(lines=lines))
    assert rig.session.calls == []


async def between_decision_and_commit(rig: Any, happens: Any) -> None:
    """Let something happen to the printer while the next command is being committed."""
    settle = rig.shop.store.on_commit

    def once(tx: Any) -> None:
        if not done:
            done.append(True)
            happens()

    done: list[bool] = []
    settle(once)
    note = rig.shop.answered.note

    def noted(*given: Any) -> None:
        note(*given)
        once(None)

    rig.shop.answered.note = noted


async def test_a_print_that_ended_while_its_pause_was_committed_is_not_paused(rig: Any) -> None:
    await printing(rig)
    await between_decision_and_commit(rig, rig.session.done)
    await rig.command(PausePrint(action="pause"))
    assert rig.session.status is S.OPERATIONAL
    assert ("pause",) not in rig.session.calls


async def test_a_printer_that_was_lost_while_its_start_was_committed_fails_the_run(rig: Any) -> None:
    await rig.upload(select=True)
    await between_decision_and_commit(rig, lambda: rig.session.become(S.OFFLINE_AFTER_ERROR, "unplugged"))
    run = (await rig.command(StartPrint())).run
    assert rig.run(run).status is RunStatus.FAILED
    assert rig.run(run).reason == "the print could not begin: the printer is offline after error meanwhile"
    assert rig.session.calls == []
