"""What people do by hand: lines that need rest, temperature offsets, a lost `ok`."""

from __future__ import annotations

from typing import Any

import pytest

from shared.contracts import topics
from shared.contracts.printers import FakeAck, Heater, OffsetTemperatures, PrinterStatus, SendGcode, When
from shared.errors import Conflict, Invalid

S = PrinterStatus
MOVE = ["G91", "G0 X1", "G90"]


async def test_a_move_is_sent_to_a_printer_at_rest_and_leaves_its_modes(rig: Any) -> None:
    answer = await rig.command(SendGcode(lines=MOVE, when=When.NOT_PRINTING, keep_modes=True))
    assert answer.state is S.OPERATIONAL
    assert rig.session.calls == [("send keeping modes", *MOVE)]


@pytest.mark.parametrize("status", [S.STARTING, S.PRINTING, S.CANCELLING])
async def test_a_move_is_refused_while_printing(rig: Any, status: PrinterStatus) -> None:
    rig.session.become(status)
    with pytest.raises(Conflict, match="currently printing"):
        await rig.command(SendGcode(lines=MOVE, when=When.NOT_PRINTING))
    assert rig.session.calls == []
    assert "command_refused" in rig.names()


async def test_a_move_is_not_made_when_a_print_has_begun_before_it_was_committed(rig: Any) -> None:
    rig.shop.store.on_commit(lambda _: rig.session.become(S.PRINTING))
    await rig.command(SendGcode(lines=MOVE, when=When.NOT_PRINTING))
    assert rig.session.calls == []


async def test_offsets_reach_the_session_and_show_at_once(rig: Any) -> None:
    rig.session.heaters = {"tool0": Heater(actual=20.0, target=0.0), "bed": Heater(actual=20.0, target=0.0)}
    await rig.command(OffsetTemperatures(offsets={"tool0": 10, "bed": -50}))
    assert rig.session.calls == [("offset_temperatures", {"tool0": 10, "bed": -50})]
    shown = rig.bus.last(topics.PRINTER_TEMPERATURE, printer="mk3").heaters
    assert (shown["tool0"].offset, shown["bed"].offset) == (10, -50)


@pytest.mark.parametrize("offsets", [{"tool0": 50.1}, {"bed": -51}, {"tool1": 1}, {"chamber": 1}, {"nozzle": 0}])
async def test_an_offset_that_makes_no_sense_is_refused_as_a_whole(rig: Any, offsets: dict[str, float]) -> None:
    with pytest.raises(Invalid):
        await rig.command(OffsetTemperatures(offsets={"tool0": 1, **offsets}))
    assert rig.session.calls == []


async def test_offsets_need_a_printer(rig: Any) -> None:
    rig.session.become(S.OFFLINE)
    with pytest.raises(Conflict, match="not operational"):
        await rig.command(OffsetTemperatures(offsets={"tool0": 1}))


@pytest.mark.parametrize(("status", "effect"), [(S.PRINTING, True), (S.OPERATIONAL, True), (S.OFFLINE, False)])
async def test_a_lost_ok_is_looked_for_in_every_state(rig: Any, status: PrinterStatus, effect: bool) -> None:
    rig.session.become(status)
    answer = await rig.command(FakeAck())
    assert answer.effect is effect
    assert rig.session.calls == [("find_lost_ok",)]
