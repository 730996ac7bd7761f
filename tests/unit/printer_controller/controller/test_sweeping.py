"""Old things go: records of ended runs, old rows, printers that are configured no more. Births restore the rest."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import select

from services.printer_controller import sweeping
from services.printer_controller.models import PrinterRow, RunRow
from shared.common_tables import OUTBOX
from shared.contracts import topics
from shared.contracts.files import ReadFile
from shared.contracts.printers import Announce, StartPrint


async def printed(rig: Any) -> str:
    await rig.upload(select=True)
    run = (await rig.command(StartPrint())).run
    rig.session.at(1, share=0.5)
    rig.session.done()
    await rig.settle()
    return str(run)


async def test_a_run_is_shown_for_a_day_and_kept_for_months(rig: Any) -> None:
    run = await printed(rig)
    await rig.clock.advance(hours=23)
    await sweeping.clear_old_runs(rig.shop)
    assert [p for p in rig.bus.published if p.payload == b""] == []
    await rig.clock.advance(hours=2)
    await sweeping.clear_old_runs(rig.shop)
    assert [p.name for p in rig.bus.published if p.payload == b""] == [f"jobwire/run/{run}"]
    await sweeping.clear_old_runs(rig.shop)
    assert len([p for p in rig.bus.published if p.payload == b""]) == 1
    assert await rig.row(RunRow, run) is not None
    await rig.clock.advance(hours=24 * 91)
    await sweeping.clear_old_runs(rig.shop)
    assert await rig.row(RunRow, run) is None


async def test_the_broker_is_told_to_forget_a_run_a_day_after_its_end(rig: Any) -> None:
    run = await printed(rig)
    await rig.clock.advance(hours=10)
    await rig.bus.connect()
    async with rig.shop.store.reading() as tx:
        sent = select(OUTBOX.c.expiry_seconds).where(OUTBOX.c.topic == f"jobwire/run/{run}").order_by(OUTBOX.c.seq)
        expiries = list(await tx.scalars(sent))
    assert expiries == [None, None, 24 * 3600, 14 * 3600]


async def test_a_run_under_way_is_never_swept(rig: Any) -> None:
    await rig.upload(select=True)
    run = (await rig.command(StartPrint())).run
    rig.clock.jump(timedelta(days=200).total_seconds())
    await sweeping.clear_old_runs(rig.shop)
    assert await rig.row(RunRow, run) is not None


async def test_a_printer_that_is_configured_no_more_leaves_no_topics(rig: Any) -> None:
    async with rig.shop.writing() as writing:
        writing.tx.add(PrinterRow(id="gone", instance="host"))
        writing.tx.add(PrinterRow(id="elsewhere", instance="other"))
    await sweeping.clear_gone_printers(rig.shop)
    cleared = {p.name for p in rig.bus.published if p.payload == b""}
    assert cleared == {f"jobwire/printer/gone/{what}" for what in ("state", "job", "temperature", "available")}
    assert await rig.row(PrinterRow, "gone") is None
    assert await rig.row(PrinterRow, "elsewhere") is not None


async def test_a_birth_publishes_the_held_printers_and_the_runs_that_are_shown(rig: Any) -> None:
    run = await printed(rig)
    rig.bus.published.clear()
    rig.sent.clear()
    await rig.bus.connect()
    states = {p.name for p in rig.bus.published}
    assert {"jobwire/printer/mk3/state", "jobwire/printer/ender/state", "jobwire/printer/mk3/job"} <= states
    assert [each.id for each in rig.sent] == [run]
    answer = await rig.ask(topics.ANNOUNCE, Announce())
    assert answer.topics == 9


async def test_reading_files_needs_no_printer(rig: Any) -> None:
    await rig.upload()
    for printer in rig.fleet:
        printer.held = False
    assert (await rig.ask(topics.READ_FILE, ReadFile(path="part.gcode"))).file.path == "part.gcode"
