"""A printer's life in a controller: claimed, left in order, taken over after a crash, alone in its troubles."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest

from services.printer_controller import keeping
from services.printer_controller.models import FileRow, JournalRow, PrinterRow, RunRow
from shared import leases
from shared.common_tables import LeaseRow
from shared.contracts import topics
from shared.contracts.printers import CancelPrint, PrinterStatus, StartPrint
from shared.contracts.runs import RunStatus
from shared.errors import Conflict
from shared.settings import PrinterSettings, Settings
from tests.support.database import Database

S = PrinterStatus
RETAINED = ("state", "job", "temperature", "available")


@pytest.fixture
def settings(tmp_path: Any, database: Database) -> Settings:
    """One printer that is found at once: the port is a path that exists."""
    port = tmp_path / "tty"
    port.touch()
    printers = [PrinterSettings(id="mk3", port=str(port))]
    return Settings(
        data=str(tmp_path),
        instance="host",
        database=database.beside(tmp_path, tables="printer_controller"),
        printer=printers,
    )


@pytest.fixture
async def rigs(settings: Settings, new_rig: Callable[..., Any]) -> AsyncIterator[Callable[..., Any]]:
    """Makes one controller after another on the same database."""
    made: list[Any] = []

    async def make(**changes: Any) -> Any:
        made.append(await new_rig(settings, **changes))
        return made[-1]

    yield make
    for rig in made:
        await rig.shop.store.close()


async def until(rig: Any, promise: Callable[[], Any], *, step: float = 0.0) -> None:
    """Let real work go on, and the clock by `step` a turn, until the promise holds."""
    for _ in range(2000):
        if promise():
            return
        await rig.clock.advance(step)
        await asyncio.sleep(0.001)
    raise AssertionError("the promise was not kept")


@asynccontextmanager
async def living(rig: Any) -> AsyncIterator[asyncio.Event]:
    """The printer is kept while the block runs; setting the event stops the controller in order."""
    stopping = asyncio.Event()
    task = asyncio.create_task(keeping.keep(rig.printer, rig.fleet.connecting["mk3"], stopping))
    try:
        yield stopping
        if task.done():
            await task
    finally:
        if stopping.is_set():
            await until(rig, task.done, step=0.05)
            await task
        else:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def operational(rig: Any) -> None:
    await until(rig, lambda: rig.printer.session is not None and rig.printer.status is S.OPERATIONAL)


async def printing(rig: Any) -> str:
    await operational(rig)
    await rig.upload(select=True, content=b"G1 X1\n" * 100)
    run = (await rig.command(StartPrint())).run
    rig.session.at(41, share=0.41, seconds=41.0)
    await rig.settle()
    return str(run)


def crash(rig: Any) -> None:
    """Forget the controller as a SIGKILL does: nothing is written any more."""
    rig.printer.notes.add = lambda note: None
    rig.printer.held = False


async def test_a_printer_is_claimed_connected_and_shown(rigs: Any) -> None:
    rig = await rigs()
    async with living(rig):
        await operational(rig)
        assert rig.session.calls[0][0] == "connect"
        assert rig.bus.last(topics.PRINTER_STATE, printer="mk3").state is S.OPERATIONAL
        assert (await rig.row(LeaseRow, "printer/mk3")).owner == "host"


async def test_after_a_crash_the_print_has_failed_with_its_line_and_the_printer_is_made_safe(rigs: Any) -> None:
    first = await rigs()
    async with living(first):
        run = await printing(first)
        await until(first, lambda: True)
        for _ in range(3):
            await first.clock.advance(1.0)
            await asyncio.sleep(0.02)
        crash(first)
    journal = await first.row(JournalRow, "mk3")
    assert (journal.run, journal.line, json.loads(journal.modal)["tool"]) == (run, 41, 0)
    second = await rigs()
    async with living(second):
        await operational(second)
        await until(second, lambda: any(call[0] == "make_safe" for call in second.session.calls))
        ended = second.run(run)
        assert (ended.status, ended.reason) == (RunStatus.FAILED, "controller restarted at line 41")
        assert ended.progress.line == 41
        assert second.session.calls[-1] == ("make_safe", "M104 S0", "M140 S0", "M107", "M84")
        await until(second, lambda: "printer_made_safe" in second.names())
        assert second.events("print_failed")[0].data["reason"] == "controller restarted at line 41"
        assert second.bus.last(topics.PRINTER_JOB, printer="mk3").file.path == "part.gcode"
        assert (await second.row(PrinterRow, "mk3")).unsafe is False
        assert (await second.row(JournalRow, "mk3")).line == 41


async def test_a_cancel_that_was_committed_before_the_crash_is_a_cancel(rigs: Any) -> None:
    first = await rigs()
    async with living(first):
        run = await printing(first)
        await first.command(CancelPrint())
        crash(first)
    second = await rigs()
    async with living(second):
        await operational(second)
        assert second.run(run).status is RunStatus.CANCELLED


async def test_stopping_in_order_cancels_the_print_and_says_why_it_failed(rigs: Any) -> None:
    rig = await rigs()
    async with living(rig) as stopping:
        run = await printing(rig)
        session = rig.session
        stopping.set()
        await until(rig, lambda: ("cancel",) in session.calls)
        session.cancelled()
        await until(rig, lambda: ("stop",) in session.calls, step=0.05)
    assert (rig.run(run).status, rig.run(run).reason) == (RunStatus.FAILED, "controller stopped")
    assert (await rig.row(PrinterRow, "mk3")).unsafe is False
    assert (await rig.row(PrinterRow, "mk3")).selected == "part.gcode"
    assert rig.bus.last(topics.PRINTER_AVAILABLE, printer="mk3") == "offline"
    lease = await rig.row(LeaseRow, "printer/mk3")
    assert lease.until <= rig.clock.now()


async def test_a_printer_that_does_not_finish_its_cancel_script_is_made_safe_the_next_time(rigs: Any) -> None:
    rig = await rigs()
    async with living(rig) as stopping:
        run = await printing(rig)
        stopping.set()
    assert rig.run(run).status is RunStatus.FAILED
    assert (await rig.row(PrinterRow, "mk3")).unsafe is True


async def test_a_session_that_fails_ends_its_print_and_is_replaced(rigs: Any) -> None:
    rig = await rigs()
    async with living(rig):
        run = await printing(rig)
        broken = rig.session
        broken.fails.set()
        await until(rig, lambda: rig.run(run).status is RunStatus.FAILED)
        await until(rig, lambda: rig.printer.session not in (None, broken), step=0.2)
        await operational(rig)
        assert rig.printer.selection is not None
        assert ("make_safe", "M104 S0", "M140 S0", "M107", "M84") in rig.session.calls


async def test_a_printer_held_by_another_controller_is_left_alone_until_it_is_free(rigs: Any) -> None:
    rig = await rigs()
    async with rig.shop.writing() as writing:
        await leases.acquire(writing.tx, "printer/mk3", "elsewhere", writing.now, 8.0)
    async with living(rig):
        for _ in range(5):
            await rig.clock.advance(1.0)
            await asyncio.sleep(0.01)
        assert rig.printer.session is None
        assert not rig.printer.held
        await until(rig, lambda: rig.printer.held, step=0.5)


async def test_a_controller_whose_printer_was_taken_over_stops_touching_it(rigs: Any) -> None:
    rig = await rigs()
    async with living(rig):
        run = await printing(rig)
        session = rig.session
        async with rig.shop.writing() as writing:
            late = writing.now + timedelta(hours=1)
            await leases.acquire(writing.tx, "printer/mk3", "elsewhere", late, 8.0)
        await until(rig, lambda: ("stop",) in session.calls, step=0.5)
        await until(rig, lambda: not rig.printer.held)
        assert rig.bus.last(topics.PRINTER_STATE, printer="mk3").state is S.PRINTING
        assert set(rig.bus.forgotten) == {f"jobwire/printer/mk3/{last}" for last in RETAINED}
        assert (await rig.row(RunRow, run)).ended_at is None


async def test_a_wall_clock_that_jumps_takes_no_printer_away(rigs: Any) -> None:
    rig = await rigs()
    async with living(rig):
        await printing(rig)
        for jump in (3600.0, -7200.0, 864000.0):
            rig.clock.jump(jump)
            for _ in range(6):
                await rig.clock.advance(1.0)
                await asyncio.sleep(0.01)
        assert rig.printer.held
        assert rig.session.status is S.PRINTING


async def test_a_lost_line_clears_the_selection_and_the_printer_is_made_safe_when_it_is_back(rigs: Any) -> None:
    rig = await rigs()
    async with living(rig):
        run = await printing(rig)
        rig.session.unplugged()
        await until(rig, lambda: rig.run(run).status is RunStatus.FAILED)
        assert rig.run(run).reason == "the line was lost"
        assert rig.bus.last(topics.PRINTER_JOB, printer="mk3").file is None
        await until(rig, lambda: rig.printer.unsafe)
        rig.session.become(S.OPERATIONAL)
        assert rig.session.calls[-1] == ("make_safe", "M104 S0", "M140 S0", "M107", "M84")


async def test_the_progress_of_a_run_is_shown_every_few_seconds(rigs: Any) -> None:
    rig = await rigs()
    async with living(rig):
        run = await printing(rig)
        before = rig.run(run).version
        for line in range(42, 62):
            rig.session.at(line, share=line / 100)
            await rig.clock.advance(0.5)
            await asyncio.sleep(0.01)
        await until(rig, lambda: rig.run(run).version > before)
        assert rig.run(run).version <= before + 2
        assert rig.run(run).progress.line >= 42


async def test_a_run_that_nobody_began_does_not_wait_for_ever(rigs: Any) -> None:
    rig = await rigs()
    async with living(rig):
        await operational(rig)
        await rig.upload(select=True)
        rig.printer.begin = lambda source, again=False: None
        run = (await rig.command(StartPrint())).run
        await until(rig, lambda: rig.run(run).status is RunStatus.FAILED, step=1.0)
    assert (await rig.row(FileRow, "part.gcode")).failures == 1


async def test_a_command_that_waited_for_the_start_is_answered_once_the_printer_is_held(rigs: Any) -> None:
    rig = await rigs()
    asking = asyncio.create_task(rig.ask(topics.COMMAND_PRINTER, CancelPrint()))
    await asyncio.sleep(0.01)
    assert not asking.done()
    async with living(rig):
        with pytest.raises(Conflict):
            await asking
