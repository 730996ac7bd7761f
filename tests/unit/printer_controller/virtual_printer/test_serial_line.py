"""Board and wire together: replies come when the wire has carried them, and rings overflow when they would."""

from __future__ import annotations

from services.printer_controller.virtual_printer.firmware import Firmware
from services.printer_controller.virtual_printer.options import Options
from services.printer_controller.virtual_printer.serial_line import SerialLine


def test_the_ok_comes_after_the_line_and_its_own_bytes_were_carried() -> None:
    line = SerialLine(Firmware(Options(speed=0.0)), baudrate=1000, latency=0.0)
    line.heard(b"G1 X5\n", 0.0)  # 6 bytes in, 3 bytes out, 10 ms each
    line.advance(1.0)
    assert line.due(0.0899) == b""
    assert line.due(0.0901) == b"ok\n"


def test_looking_late_costs_the_wire_nothing() -> None:
    line = SerialLine(Firmware(Options(speed=0.0)), baudrate=1000, latency=0.0)
    line.heard(b"M107\n" * 4, 0.0)
    line.advance(5.0)
    assert line.due(0.05 * 4 + 0.0301) == b"ok\n" * 4


def test_without_pace_the_reply_is_there_at_once() -> None:
    line = SerialLine(Firmware(Options(speed=0.0)), baudrate=0, latency=0.0)
    line.heard(b"M107\n", 3.0)
    assert line.due(3.0) == b"ok\n"


def test_bytes_that_arrive_while_the_board_cannot_read_overflow_its_ring() -> None:
    board = Firmware(Options(speed=1.0, queue=1, rx_buffer=10, busy_interval=0.0))
    line = SerialLine(board, baudrate=1000, latency=0.0)
    line.heard(b"G4 P160\n" + b"M107\n" * 6, 0.0)  # busy from 80 to 240 ms; 16 bytes come meanwhile
    line.advance(10.0)
    assert board.counters.overflowed_bytes == 6
    assert line.due(10.0).count(b"ok\n") >= 4


def test_a_cut_cable_loses_what_is_under_way_and_not_the_board() -> None:
    board = Firmware(Options(speed=0.0))
    line = SerialLine(board, baudrate=1000, latency=0.0)
    line.heard(b"G1 X5\nG1 X6\n", 0.0)
    line.advance(0.065)  # the first line is in, its ok is on the wire
    line.cut()
    line.advance(1.0)
    assert line.due(1.0) == b""
    assert board.motion.position["X"] == 5.0
