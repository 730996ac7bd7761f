"""What can happen to the line or the board: the print ends with the line it came to, and nothing goes on by itself."""

from __future__ import annotations

import asyncio
import time

import pytest

from services.printer_controller.connected import FAREWELL
from shared.contracts.printers import PrinterStatus as S
from shared.settings import PrinterTimeouts
from tests.support.virtual_printer import VirtualPrinterProcess

QUICK = PrinterTimeouts(silence=0.2, dead=1.0, greeting=1.0, reconnect=0.5)


async def _printing(connected, **settings):
    at = await connected("--move-ms", "5", rx_buffer=128, timeouts=QUICK, **settings)
    source = at.file(5000)
    at.session.start(source)
    await at.until_line(100)
    return at, source


def _nothing_twice(at, source) -> None:
    assert at.moves() == at.wanted(source)[: len(at.moves())]


async def test_an_unplugged_printer_ends_the_print_within_a_second_and_is_found_again(connected):
    at, source = await _printing(connected)
    pulled = time.monotonic()
    at.printer.control({"fault": "unplug", "seconds": 1.0})
    end = await at.end(5)
    assert at.recorder.ended_at - pulled < 1.0
    assert at.recorder.statuses[-1] is S.OFFLINE_AFTER_ERROR
    assert end.outcome == "failed"
    assert end.reason.endswith(f"the last acknowledged line is {end.line}")
    at.session.make_safe(["M104 S0", "M140 S0"])
    await at.until_status(S.OPERATIONAL, 15)
    _nothing_twice(at, source)
    commands = at.commands()
    assert end.line - 5 <= len(at.moves()) + 2 <= end.line + 25
    assert commands[commands.index("M104 S0") - 1] == "M110 N0"
    assert at.session.error == ""


async def test_a_line_that_is_closed_during_a_print_leaves_no_heater_on(connected):
    at, source = await _printing(connected)
    await at.session.disconnect()
    end = await at.end(5)
    assert end.outcome == "failed"
    assert at.session.status is S.OFFLINE
    await asyncio.sleep(0.2)
    assert {"M104 S0", "M140 S0"} <= set(at.commands())
    _nothing_twice(at, source)


async def test_a_halted_board_is_there_again_when_a_person_connects(connected):
    at, _ = await _printing(connected)
    at.session.emergency_stop()
    await at.until_status(S.ERROR, 5)
    await asyncio.sleep(FAREWELL + 0.2)  # M112 is said again for that long
    await at.session.connect(None, None)
    assert at.session.status is S.OPERATIONAL


async def test_a_board_that_resets_is_greeted_again_and_the_print_is_not_continued(connected):
    at, source = await _printing(connected)
    at.printer.control({"fault": "reset"})
    end = await at.end(5)
    assert end.outcome == "failed"
    assert "reset" in end.reason
    await at.until_status(S.OPERATIONAL, 15)
    moves = len(at.moves())
    await asyncio.sleep(0.3)
    assert len(at.moves()) == moves
    _nothing_twice(at, source)
    assert "board_reset" in at.recorder.names()


async def test_a_silent_printer_is_given_up_and_found_again(connected):
    at, source = await _printing(connected)
    at.printer.control({"fault": "silence", "seconds": 2.5})
    end = await at.end(8)
    assert end.outcome == "failed"
    assert "silent for 1 s" in end.reason
    await at.until_status(S.OPERATIONAL, 20)
    _nothing_twice(at, source)


async def test_a_busy_printer_is_waited_for(connected):
    at = await connected("--speed", "0", "--busy-interval", "0.3", timeouts=QUICK)
    at.printer.control({"fault": "busy", "seconds": 2.5})
    source = at.file(20)
    at.session.start(source)
    end = await at.end(10)
    assert end.outcome == "done"
    assert end.print_time > 2
    assert at.moves() == at.wanted(source)


@pytest.mark.parametrize("settings", [{}, {"rx_buffer": 128}], ids=["one by one", "windowed"])
async def test_a_resend_storm_ends_the_print_within_ten_seconds(connected, settings):
    at = await connected("--speed", "0", **settings)
    source = at.file(5000)
    at.session.start(source)
    at.printer.control({"fault": "resend_storm", "share": 1.0})
    end = await at.end(10)
    assert end.outcome == "failed"
    assert "the printer asked" in end.reason
    assert "resend_storm" in at.recorder.names()
    _nothing_twice(at, source)


@pytest.mark.parametrize("share", [0.05, 0.2])
async def test_many_resends_are_survived(connected, share):
    at = await connected("--speed", "0", "--resend-storm", str(share), rx_buffer=128)
    source = at.file(600)
    at.session.start(source)
    assert (await at.end(40)).outcome == "done"
    assert at.moves() == at.wanted(source)


@pytest.mark.parametrize("offset", [-1, 100, -90])
async def test_wrong_line_numbers_in_resends_do_no_harm(connected, offset):
    at = await connected("--speed", "0", "--corrupt", "0.01", rx_buffer=128)
    at.printer.control({"fault": "wrong_resend", "every": 3, "offset": offset})
    source = at.file(1500)
    at.session.start(source)
    end = await at.end(40)
    assert end.outcome == "done", end
    assert at.moves() == at.wanted(source)


async def test_a_board_that_halts_puts_the_printer_into_the_error_state(connected):
    at, source = await _printing(connected)
    at.printer.control({"fault": "error", "message": "Thermal Runaway, system stopped! Heater_ID: 0", "halt": True})
    end = await at.end(5)
    assert end.outcome == "failed"
    assert "Thermal Runaway" in end.reason
    assert at.session.status is S.ERROR
    assert "Thermal Runaway" in at.session.error
    _nothing_twice(at, source)
    await asyncio.sleep(0.5)
    assert at.session.status is S.ERROR  # nobody connects a halted board again by himself


async def test_an_error_that_is_not_fatal_is_only_told(connected):
    at = await connected("--speed", "0")
    at.session.start(at.file(200))
    at.printer.control({"fault": "error", "message": "volume.init failed"})
    assert (await at.end()).outcome == "done"
    assert at.recorder.told("error_reported") == {"text": "volume.init failed", "fatal": False}


async def test_an_emergency_stop_goes_past_everything(connected):
    at, source = await _printing(connected)
    at.session.emergency_stop()
    end = await at.end(5)
    assert (end.outcome, at.session.status, at.session.error) == ("failed", S.ERROR, "emergency stop")
    await asyncio.sleep(0.3)
    assert at.printer.control({"read": "state"})["state"] not in ({}, None)
    moves = len(at.moves())
    await asyncio.sleep(0.2)
    assert len(at.moves()) == moves
    _nothing_twice(at, source)


async def test_disconnecting_ends_a_print_and_looks_for_nothing(connected):
    at, source = await _printing(connected)
    await at.session.disconnect()
    assert at.recorder.ends[-1].outcome == "failed"
    assert at.session.status is S.OFFLINE
    await asyncio.sleep(0.6)
    assert at.session.status is S.OFFLINE
    await at.session.connect(None, None)
    assert at.session.status is S.OPERATIONAL
    _nothing_twice(at, source)


async def test_stopping_switches_the_printer_off(connected):
    at, _ = await _printing(connected)
    await at.session.stop()
    assert at.recorder.ends[-1].reason.startswith("the service was stopped")
    assert at.commands()[-4:] == ["M104 S0", "M140 S0", "M107", "M84"]
    assert at.session.status is S.OFFLINE


async def test_a_port_that_is_not_there_is_one_clear_error(connected):
    at = await connected("--speed", "0")
    with pytest.raises(OSError, match="No such file"):
        await at.session.connect("/dev/there-is-no-such-port", 115200)
    assert at.session.status is S.OFFLINE_AFTER_ERROR
    assert "No such file" in at.session.error


async def test_the_baud_rate_is_found_out(connected):
    at = await connected("--speed", "0", baudrate=0)
    assert at.session.baudrate == 115200
    assert S.DETECTING in at.recorder.statuses


async def test_a_printer_on_the_network_prints_too(connected, tmp_path):
    with VirtualPrinterProcess("--speed", "0", tcp=True) as printer:
        at = await connected("--speed", "0", rx_buffer=128)
        at.printer = printer
        await at.session.connect(f"socket://{printer.tcp}", 115200)
        source = at.file(1000)
        at.session.start(source)
        assert (await at.end()).outcome == "done"
        assert at.moves() == at.wanted(source)


async def test_a_port_is_opened_by_one_only(connected):
    at = await connected("--speed", "0")
    other = await connected("--speed", "0")
    with pytest.raises(OSError, match="exclusive"):
        await other.session.connect(at.printer.port, 115200)
