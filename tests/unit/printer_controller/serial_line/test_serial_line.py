"""Bytes are cut into lines, lines are sorted, and nothing that looks like an answer is taken for one."""

from __future__ import annotations

from typing import Any

import pytest

from services.printer_controller.sender import Sender
from services.printer_controller.serial_line import SerialLine
from services.printer_controller.wire import ErrorLine, Position, SdStatus
from shared.settings import PrinterTimeouts


class FakeLink:
    def __init__(self) -> None:
        self.written = b""
        self.receiver: Any = None
        self.aborted = False

    def write(self, data: bytes) -> None:
        self.written += data

    def abort(self) -> None:
        self.aborted = True


class Events:
    """Remembers every call by its name."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, Any]] = []

    def __getattr__(self, name: str) -> Any:
        return lambda *arguments: self.calls.append((name, arguments[0] if arguments else None))


@pytest.fixture
async def line():
    link, events = FakeLink(), Events()
    sender = Sender(rx_buffer=None, window=True, baudrate=0, timeouts=PrinterTimeouts(), now=0.0)
    made = SerialLine(link, sender, events, PrinterTimeouts(), lambda: 0.0)  # type: ignore[arg-type]
    entries = iter([(b"G1 X%d" % number, number, number) for number in range(1, 100)])
    sender.feed(lambda: next(entries, None))
    made.push()
    yield made, link, events
    made.close()


async def test_an_ok_sends_the_next_line_in_the_same_turn_however_it_arrives(line):
    made, link, _ = line
    for piece in (b"ok\n", b"o", b"k", b"\n", b"ok\r\n", b"noise\nok\n"):
        made.on_bytes(piece)
    assert link.written.count(b"\n") == 5
    assert made.sender.acknowledged == 4


async def test_names_of_files_on_a_card_are_not_taken_for_answers(line):
    made, _, events = line
    made.on_bytes(
        b"Begin file list\nRESEND~1.GCO 12\nResend: 1\nstart\nError:halted\nok.gco\nT:1 /2\nEnd file list\nok\n"
    )
    assert made.sender.acknowledged == 1
    assert made.sender.counters.resends == 0
    assert [name for name, _ in events.calls] == ["card_told", "card_told"]
    made.on_bytes(b"start\n")
    assert events.calls[-1] == ("board_started", None)


async def test_a_list_whose_end_was_lost_ends_with_the_next_ok(line):
    made, _, events = line
    made.on_bytes(b"Begin file list\nA.GCO 1\nok T:1 /2\nError:volume.init failed\n")
    assert events.calls[0] == ("card_told", SdStatus("list_begins"))
    assert events.calls[-1] == ("error_told", ErrorLine("volume.init failed"))


async def test_errors_about_the_wire_are_nobodys_business(line):
    made, _, events = line
    made.on_bytes(b"Error:checksum mismatch, Last Line: 0\nResend: 1\nok\n")
    assert events.calls == []
    assert made.sender.counters.faults == 1


async def test_noise_without_an_end_is_not_kept(line):
    made, _, _ = line
    for _ in range(100):
        made.on_bytes(b"x" * 1000)
    assert len(made._partial) <= 5096


async def test_a_fault_of_our_own_closes_the_line_and_is_told(line):
    made, link, events = line

    def broken(_: Any) -> None:
        raise ValueError("a bug")

    events.action_asked = broken
    made.on_bytes(b"//action:pause\n")
    assert link.aborted
    assert events.calls[-1][0] == "line_broken"
    written = link.written
    made.on_bytes(b"ok\n")
    assert link.written == written


async def test_what_goes_past_all_goes_at_once(line):
    made, link, _ = line
    made.write_past_all(b"M112\n")
    assert link.written.endswith(b"M112\n")


async def test_what_goes_over_the_wire_can_be_read_along(line):
    made, _, _ = line
    made._terminal.follow(30.0, 0.0)
    made.on_bytes(b"o")
    made.on_bytes(b"k\r\necho:hot\n")
    made.write_past_all(b"M112\n")
    lines = made._terminal.take(1.0)
    assert lines[:2] == ["Recv: ok", "Recv: echo:hot"]
    assert lines[2].startswith("Send: N")
    assert lines[-1] == "Send: M112"


async def test_a_told_position_is_passed_on(line):
    made, _, events = line
    made.on_bytes(b"X:1.00 Y:2.00 Z:3.00 E:4.00 Count X:0\n")
    assert events.calls == [("position_told", Position(1.0, 2.0, 3.0, 4.0))]
