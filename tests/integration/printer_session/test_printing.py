"""Prints over a real line: every line once and in order, whatever the wire does to it."""

from __future__ import annotations

import pytest

from shared.contracts.printers import PrinterStatus as S
from shared.settings import PrinterTimeouts

FAULTS = ("--corrupt", "0.01", "--lose-ok", "0.005", "--double-ok", "0.005")
WINDOWS = {
    "one by one": ((), {}),
    "windowed": ((), {"rx_buffer": 128}),
    "advanced ok": (("--advanced-ok",), {}),
    "windowed, drained on errors": (("--drain-on-error",), {"rx_buffer": 128}),
    "windowed, no ok after a resend": (("--no-ok-after-resend",), {"rx_buffer": 128}),
}


async def test_a_print_goes_through_the_states_to_its_last_line(connected):
    at = await connected("--speed", "0")
    source = at.file(2000)
    at.session.start(source)
    end = await at.end()
    assert (end.outcome, end.reason, end.position) == ("done", None, source.size)
    assert end.line == source.path.read_bytes().count(b"\n")
    assert at.moves() == at.wanted(source)
    assert at.recorder.statuses == [
        S.OPENING, S.CONNECTING, S.OPERATIONAL, S.STARTING, S.PRINTING, S.FINISHING, S.OPERATIONAL,
    ]  # fmt: skip


@pytest.mark.parametrize("window", WINDOWS)
async def test_every_line_is_executed_once_and_in_order_on_a_bad_wire(connected, window):
    options, settings = WINDOWS[window]
    at = await connected("--speed", "0", *FAULTS, *options, **settings)
    source = at.file(4000)
    at.session.start(source)
    end = await at.end(60)
    assert end.outcome == "done"
    assert at.moves() == at.wanted(source)
    assert at.session.counters.faults > 10


async def test_lines_that_lose_bytes_are_sent_again(connected):
    at = await connected("--speed", "0", "--lose-byte", "0.02", rx_buffer=128)
    source = at.file(3000)
    at.session.start(source)
    assert (await at.end(60)).outcome == "done"
    assert at.moves() == at.wanted(source)


async def test_a_lost_ok_costs_less_than_one_and_a_half_seconds(connected):
    at = await connected("--speed", "0")
    source = at.file(600)
    at.session.start(source)
    without = await at.end()
    executed = len(at.moves())
    at.printer.control({"fault": "lose_ok", "every": 300, "count": 1})
    at.session.start(source)
    end = await at.end()
    assert end.outcome == "done"
    assert end.print_time - without.print_time < 1.5
    assert at.moves()[executed:] == at.wanted(source)
    await at.until(lambda: "ok_recovered" in at.recorder.names())
    assert at.recorder.told("ok_recovered") == {"count": 1}


async def test_slow_moves_and_late_oks_are_not_taken_for_lost(connected):
    at = await connected("--move-ms", "400", "--planner", "2", rx_buffer=128)
    at.printer.control({"fault": "delay_ok", "every": 5, "seconds": 0.6})
    source = at.file(12)
    at.session.start(source)
    assert (await at.end()).outcome == "done"
    assert at.moves() == at.wanted(source)
    assert at.session.counters.resends == 0


async def test_a_print_waits_for_a_heater_however_long_it_takes(connected):
    timeouts = PrinterTimeouts(silence=0.2, dead=1.0)
    at = await connected("--speed", "20", rx_buffer=128, timeouts=timeouts)
    source = at.file(content=b"M109 S200\nG28\nG1 X10 Y10 E1 F6000\n")
    at.session.start(source)
    end = await at.end(40)
    assert end.outcome == "done", end
    assert end.print_time > 1.0
    assert at.commands().count("M109 S200") == 1
    assert at.recorder.heaters["tool0"].target == 200


async def test_commands_go_between_the_lines_of_a_print(connected):
    at = await connected("--speed", "0", "--move-ms", "2", rx_buffer=128)
    source = at.file(300)
    at.session.start(source)
    await at.until_line(100)
    at.session.send(["M117 hello ; a comment", "; only a comment"])
    assert (await at.end()).outcome == "done"
    commands = at.commands()
    assert "M117 hello" in commands
    assert commands.index("M117 hello") < commands.index(at.wanted(source)[-1])


async def test_a_file_that_is_not_gcode_ends_the_print_with_the_reason(connected):
    at = await connected("--speed", "0")
    source = at.file(content=b"G28\nG1 X1 Y1 E1\n\x00\x01\x02binary\nG1 X2 E2\n")
    at.session.start(source)
    end = await at.end()
    assert end.outcome == "failed"
    assert end.reason == "line 3 of the file cannot be printed: it holds control bytes: this is not G-code"
    assert at.moves() == ["G1 X1 Y1 E1"]
    assert at.commands()[-6:-2] == ["M104 S0", "M140 S0", "M107", "M84"]
    assert at.session.status is S.OPERATIONAL


async def test_a_file_that_cannot_be_read_ends_the_print(connected):
    at = await connected("--speed", "0")
    source = at.file(10)
    source.path.unlink()
    at.session.start(source)
    end = await at.end()
    assert (end.outcome, end.reason) == ("failed", "the file cannot be read: No such file or directory")


async def test_an_empty_file_is_done_at_once(connected):
    at = await connected("--speed", "0")
    at.session.start(at.file(content=b"; nothing\n"))
    assert (await at.end()).outcome == "done"
