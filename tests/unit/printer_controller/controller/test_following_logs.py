"""A printer's log is published while somebody asks for it, and at no other time."""

from __future__ import annotations

import asyncio
from typing import Any

from services.printer_controller import tending
from services.printer_controller.modal import Modal
from shared.contracts import topics
from shared.contracts.printers import FollowLog
from tests.support.clock import settle


async def test_the_log_is_published_while_it_is_wanted(rig: Any) -> None:
    publishing = asyncio.create_task(tending.publish_log(rig.printer))
    terminal = rig.printer.terminal
    assert (await rig.ask(topics.FOLLOW_LOG, FollowLog(printer="mk3", seconds=1.0))).seconds == 1.0
    terminal.received([b"ok"])
    await settle()
    await rig.clock.advance(0.5)
    assert rig.bus.last(topics.PRINTER_LOG, printer="mk3").lines == ["Recv: ok"]
    await rig.clock.advance(0.5)
    assert not terminal.wanted
    await rig.clock.advance(5.0)
    assert len(rig.bus.of(topics.PRINTER_LOG)) == 1
    publishing.cancel()


async def test_the_log_of_another_controllers_printer_is_not_followed(rig: Any) -> None:
    rig.printer.held = False
    rig.printer.claim_known.set()
    asking = asyncio.create_task(rig.ask(topics.FOLLOW_LOG, FollowLog(printer="mk3")))
    await settle()
    asking.cancel()
    assert not rig.printer.terminal.wanted


async def test_a_print_shows_its_height_and_the_lines_it_took(rig: Any) -> None:
    await rig.upload(select=True, print=True)
    rig.session.modal = Modal(z=0.4)
    rig.session.counters.lines, rig.session.counters.resends = 57, 2
    rig.session.at(41, share=0.5)
    rig.printer.publishing.changed()
    job = rig.bus.last(topics.PRINTER_JOB, printer="mk3")
    assert (job.current_z, job.transmitted, job.resends) == (0.4, 57, 2)
