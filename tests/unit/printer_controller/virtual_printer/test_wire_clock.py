"""The wire is as fast as its baud rate, however late the process looks at it."""

from __future__ import annotations

import pytest

from services.printer_controller.virtual_printer.wire_clock import NEVER, InboundWire, OutboundWire

BAUD = 1000  # a byte takes 10 ms


def test_a_byte_takes_ten_bits() -> None:
    wire = InboundWire(BAUD)
    wire.put(b"G28\n", 5.0)
    assert wire.next_arrival() == pytest.approx(5.04)
    assert wire.arrived(5.0399) == b"G28"
    assert wire.arrived(5.0401) == b"\n"
    assert wire.next_arrival() == NEVER


def test_lines_put_at_once_arrive_one_after_the_other() -> None:
    wire = InboundWire(BAUD)
    wire.put(b"ab\ncd\n", 0.0)
    assert wire.next_arrival() == pytest.approx(0.03)
    assert wire.arrived(0.03) == b"ab\n"
    assert wire.next_arrival() == pytest.approx(0.06)


def test_a_busy_wire_is_used_without_a_gap_although_bytes_are_seen_late() -> None:
    wire = InboundWire(BAUD)
    for seen in (0.0, 0.017, 0.039):  # each before the wire became free
        wire.put(b"x\n", seen)
    wire.arrived(0.05)
    assert wire.next_arrival() == pytest.approx(0.06)


def test_every_byte_arrives_once_whatever_the_steps() -> None:
    wire = InboundWire(BAUD)
    sent = b"N1 G1 X10*7\nN2 G1 X20*8\nM105\nrest"
    wire.put(sent, 0.0)
    got = b"".join(wire.arrived(step * 0.0037) for step in range(200))
    assert got == sent


def test_a_wire_that_is_not_paced_gives_all_at_once() -> None:
    wire = InboundWire(0)
    wire.put(b"a\nb\n", 1.0)
    assert wire.arrived(1.0) == b"a\nb\n"


def test_a_reply_is_due_when_its_last_byte_left_plus_the_latency_of_the_adapter() -> None:
    wire = OutboundWire(BAUD, latency=0.5)
    wire.put(b"ok\n", 1.0)
    wire.put(b"ok\n", 1.01)
    assert wire.next_due() == pytest.approx(1.53)
    assert wire.due(1.54) == b"ok\n"
    assert wire.next_due() == pytest.approx(1.56)
    assert wire.due(1.57) == b"ok\n"


def test_nothing_overtakes_a_late_reply() -> None:
    wire = OutboundWire(0, latency=0.0)
    wire.put(b"ok late\n", 3.0)
    wire.put(b"ok\n", 1.0)
    assert wire.due(2.9) == b""
    assert wire.due(3.0) == b"ok late\nok\n"


def test_what_is_on_the_wire_when_the_cable_is_pulled_is_lost() -> None:
    inbound, outbound = InboundWire(BAUD), OutboundWire(BAUD, 0.0)
    inbound.put(b"G28\n", 0.0)
    outbound.put(b"ok\n", 0.0)
    inbound.cut()
    outbound.cut()
    assert (inbound.arrived(9.0), outbound.due(9.0)) == (b"", b"")
