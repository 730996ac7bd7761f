"""A printer is looked for where it may be, as often as is decent, and left alone when somebody said so."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from services.printer_controller.discovery import SavedConnection
from shared.contracts import topics
from shared.contracts.printers import ConnectPrinter, DisconnectPrinter, PrinterStatus
from shared.settings import PrinterSettings, Settings
from tests.support.database import Database

S = PrinterStatus


@pytest.fixture
def settings(tmp_path: Path, database: Database) -> Settings:
    port = tmp_path / "tty"
    port.touch()
    printers = [PrinterSettings(id="mk3", port=str(port)), PrinterSettings(id="ender", port="/dev/ttyUSB1")]
    return Settings(
        data=str(tmp_path),
        instance="host",
        database=database.beside(tmp_path, tables="printer_controller"),
        printer=printers,
    )


@asynccontextmanager
async def kept(rig: Any) -> AsyncIterator[Any]:
    task = asyncio.create_task(rig.fleet.connecting["mk3"].keep())
    await rig.clock.advance(0)
    yield rig.session
    assert not task.done()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def attempts(rig: Any) -> int:
    return sum(call[0] == "connect" for call in rig.session.calls)


def port_of(rig: Any) -> Path:
    return Path(rig.printer.settings.port)


def unplug(rig: Any) -> None:
    port_of(rig).unlink()


def plug_in(rig: Any) -> None:
    port_of(rig).touch()


async def live(rig: Any, seconds: int) -> None:
    """The clock moves on; looking for ports is done in a thread and needs real time."""
    for _ in range(seconds):
        await rig.clock.advance(1.0)
        await asyncio.sleep(0.002)


async def test_a_printer_is_connected_at_start_when_configured_so(rig: Any) -> None:
    rig.session.status = S.OFFLINE
    async with kept(rig) as session:
        assert session.calls == [("connect", rig.printer.settings.port, 115200)]


async def test_what_a_client_saved_holds_over_what_is_configured(rig: Any) -> None:
    rig.session.status = S.OFFLINE
    rig.printer.saved = SavedConnection(None, 250000, False)
    async with kept(rig) as session:
        assert session.calls == []
        await rig.command(ConnectPrinter())
        await live(rig, 1)
        assert session.calls[-1] == ("connect", rig.printer.settings.port, 250000)


async def test_tries_for_a_silent_printer_grow_rare(rig: Any) -> None:
    rig.session.status, rig.session.reachable = S.OFFLINE, False
    async with kept(rig):
        await live(rig, 600)
        assert 10 <= attempts(rig) <= 20


async def test_a_port_that_is_not_there_is_not_even_opened(rig: Any) -> None:
    rig.session.status = S.OFFLINE
    port = rig.shop.settings.data_folder / "tty"
    port.unlink()
    async with kept(rig):
        await live(rig, 30)
        assert attempts(rig) == 0
        plug_in(rig)
        await live(rig, 60)
        assert attempts(rig) == 1
        assert rig.session.status is S.OPERATIONAL


async def test_a_disconnected_printer_stays_disconnected(rig: Any) -> None:
    async with kept(rig):
        await rig.command(DisconnectPrinter())
        await live(rig, 120)
        assert attempts(rig) == 0


async def test_connecting_elsewhere_closes_the_line_first(rig: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.printer_controller.discovery.seems_there", lambda port: True)
    async with kept(rig) as session:
        session.calls.clear()
        await rig.command(ConnectPrinter(port=rig.printer.settings.port, baudrate=250000))
        await live(rig, 1)
        assert [call[0] for call in session.calls] == ["disconnect", "connect"]
        assert session.calls[-1][2] == 250000


async def test_a_lost_printer_at_a_fixed_port_is_left_to_its_session(rig: Any) -> None:
    rig.session.status = S.OFFLINE
    async with kept(rig) as session:
        session.become(S.OFFLINE_AFTER_ERROR)
        await live(rig, 60)
        assert attempts(rig) == 1


async def test_finding_out_begins_with_the_configured_port(rig: Any, tmp_path: Path) -> None:
    other = tmp_path / "ttyUSB5"
    other.touch()
    rig.printer.saved = SavedConnection("AUTO")
    object.__setattr__(rig.shop, "ports", lambda: [str(other)])
    rig.session.status = S.OFFLINE
    async with kept(rig) as session:
        await live(rig, 1)
        assert session.port == rig.printer.settings.port


async def test_a_lost_printer_is_looked_for_everywhere_when_it_may_be_anywhere(rig: Any, tmp_path: Path) -> None:
    one, other, taken = (tmp_path / f"ttyUSB{number}" for number in (5, 6, 1))
    for port in (one, other, taken):
        port.touch()
    rig.fleet.connecting["ender"]._printer.saved = SavedConnection(str(taken))
    rig.printer.saved = SavedConnection("AUTO")
    os.unlink(rig.printer.settings.port)
    object.__setattr__(rig.shop, "ports", lambda: [str(one), str(taken)])
    rig.session.status = S.OFFLINE
    async with kept(rig) as session:
        await live(rig, 1)
        assert session.port == str(one)
        object.__setattr__(rig.shop, "ports", lambda: [str(other), str(taken)])
        session.become(S.OFFLINE_AFTER_ERROR)
        await live(rig, 30)
        assert [call[1] for call in session.calls if call[0] == "connect"] == [str(one), str(other)]


async def test_a_port_that_does_not_exist_is_said_in_the_state_once_and_forgotten_when_it_is_there(rig: Any) -> None:
    port = port_of(rig)
    unplug(rig)
    rig.session.status = S.OFFLINE
    before = len(rig.events())
    async with kept(rig):
        await live(rig, 60)
        states = rig.bus.of(topics.PRINTER_STATE, printer="mk3")
        assert (states[-1].state, states[-1].error) == (
            S.OFFLINE,
            f"the port {port} does not exist; is the printer plugged in and switched on?",
        )
        assert sum(bool(state.error) for state in states) == 1
        assert len(rig.events()) == before
        plug_in(rig)
        await live(rig, 60)
        shown = rig.bus.last(topics.PRINTER_STATE, printer="mk3")
        assert (shown.state, shown.error) == (S.OPERATIONAL, "")


async def test_a_printer_that_is_to_be_left_alone_misses_no_port(rig: Any) -> None:
    unplug(rig)
    rig.session.status = S.OFFLINE
    async with kept(rig):
        await live(rig, 3)
        await rig.command(DisconnectPrinter())
        assert rig.bus.last(topics.PRINTER_STATE, printer="mk3").error == ""


async def test_auto_says_that_there_is_no_port_at_all(rig: Any) -> None:
    rig.session.status = S.OFFLINE
    rig.printer.saved = SavedConnection("AUTO", None, True)
    unplug(rig)
    async with kept(rig):
        await live(rig, 3)
        assert rig.bus.last(topics.PRINTER_STATE, printer="mk3").error.startswith("no free serial port was found")
