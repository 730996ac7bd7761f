"""What a session reported gets into the database, in order and completely, however the database is doing."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from services.printer_controller import bookkeeping, notes
from services.printer_controller.notes import Notes, NotesFull, PrintStep, Report
from shared.contracts.printers import PrinterStatus, StartPrint
from shared.contracts.runs import RunStatus
from shared.errors import OutOfSpace


async def test_notes_wait_for_a_full_disk_and_are_written_in_order(rig: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    await rig.upload(select=True)
    run = (await rig.command(StartPrint())).run
    working, tries = type(rig.shop).writing, []

    def full(self: Any) -> Any:
        tries.append(1)
        if len(tries) <= 3:
            raise OutOfSpace("the disk is full")
        return working(self)

    monkeypatch.setattr(type(rig.shop), "writing", full)
    rig.session.at(1, share=0.5)
    rig.session.done()
    keeping = asyncio.create_task(bookkeeping.keep_books(rig.printer))
    for _ in range(200):
        await rig.clock.advance(0.1)
        await asyncio.sleep(0.001)
        if not len(rig.printer.notes):
            break
    keeping.cancel()
    assert rig.run(run).status is RunStatus.SUCCEEDED
    assert [name for name in rig.names() if name.startswith("print_")] == ["print_started", "print_done"]


async def test_a_print_goes_on_while_the_disk_is_full_for_long(rig: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    await rig.upload(select=True)
    await rig.command(StartPrint())

    def full(self: Any) -> Any:
        raise OutOfSpace("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(type(rig.shop), "writing", full)
        rig.session.at(1, share=0.5)
        keeping = asyncio.create_task(bookkeeping.keep_books(rig.printer))
        await rig.clock.advance(hours=1)
        assert not keeping.done()
        assert rig.session.status is PrinterStatus.PRINTING
    for _ in range(100):
        await rig.clock.advance(1.0)
        await asyncio.sleep(0.001)
    keeping.cancel()
    assert rig.run().status is RunStatus.RUNNING


async def test_a_flood_of_reports_is_cut_and_leaves_room_for_prints() -> None:
    waiting = Notes("mk3")
    for number in range(5000):
        waiting.add(Report("firmware_message", {"number": number}))
    assert len(waiting) == notes.LIMIT - notes.ROOM_FOR_PRINTS
    assert waiting.dropped["firmware_message"] == 4200
    for _ in range(notes.ROOM_FOR_PRINTS):
        waiting.add(PrintStep("print_paused", "run"))
    with pytest.raises(NotesFull):
        waiting.add(PrintStep("print_paused", "run"))


async def test_what_the_firmware_says_is_an_event_of_its_printer(rig: Any) -> None:
    rig.printer.printer_event("firmware_error", {"text": "MINTEMP"})
    await rig.settle()
    (event,) = rig.events("firmware_error")
    assert (event.subject, event.data) == ("mk3", {"printer": "mk3", "text": "MINTEMP"})
