"""What firmware prints is understood; what is sent has the right number and checksum."""

from __future__ import annotations

from functools import reduce
from operator import xor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.printer_controller.wire import (
    Action,
    Busy,
    Capability,
    Echo,
    ErrorLine,
    FirmwareInfo,
    Ok,
    Position,
    Resend,
    SdStatus,
    Start,
    Temperatures,
    Unknown,
    Wait,
    decode,
    encode,
)

BOTH = {"T": (200.5, 210.0), "B": (60.0, 60.0)}

LINES = {
    b"ok": Ok(),
    b"ok\r": Ok(),
    b" ok ": Ok(),
    b"ok N120 P15 B3": Ok(120, 15, 3),
    b"ok P15 B3": Ok(None, 15, 3),
    b"ok T:200.5 /210.0 B:60.0 /60.0 @:127 B@:0": Ok(temperatures=BOTH),
    b"ok T:25 /0 B:24 /0": Ok(temperatures={"T": (25.0, 0.0), "B": (24.0, 0.0)}),
    b"okay then": Unknown(b"okay then"),
    b"Resend: 12": Resend(12),
    b"Resend:12": Resend(12),
    b"resend 12": Resend(12),
    b"rs 12": Resend(12),
    b"rs N12": Resend(12),
    b"Resend: x": Unknown(b"Resend: x"),
    b"echo:busy: processing": Busy("processing"),
    b"busy: paused for user": Busy("paused for user"),
    b"wait": Wait(),
    b"waiting for nothing": Unknown(b"waiting for nothing"),
    b"start": Start(),
    b"\x00\xffstart\r": Start(),
    b"started": Unknown(b"started"),
    b" T:200.5 /210.0 B:60.0 /60.0 @:127": Temperatures(BOTH),
    b"T:185.4 E:0 W:?": Temperatures({"T": (185.4, None)}),
    b"T:20.0 /0.0 T0:20.0 /0.0 T1:-15.0 /0.0 C:30 /0": Temperatures(
        {"T": (20.0, 0.0), "T0": (20.0, 0.0), "T1": (-15.0, 0.0), "C": (30.0, 0.0)}
    ),
    b"B:60.0 /60.0": Temperatures({"B": (60.0, 60.0)}),
    b'echo:Unknown command: "X1"': Echo('Unknown command: "X1"'),
    b"Error:checksum mismatch, Last Line: 11": ErrorLine("checksum mismatch, Last Line: 11", of_the_wire=True),
    b"Error:Line Number is not Last Line Number+1, Last Line: 3": ErrorLine(
        "Line Number is not Last Line Number+1, Last Line: 3", of_the_wire=True
    ),
    b"Error:No Checksum with line number, Last Line: 3": ErrorLine(
        "No Checksum with line number, Last Line: 3", of_the_wire=True
    ),
    b"Error:volume.init failed": ErrorLine("volume.init failed"),
    b"Error:Printer halted. kill() called!": ErrorLine("Printer halted. kill() called!", fatal=True),
    b"Error:Thermal Runaway, system stopped! Heater_ID: 0": ErrorLine(
        "Thermal Runaway, system stopped! Heater_ID: 0", fatal=True
    ),
    b"Error:MINTEMP triggered, system stopped!": ErrorLine("MINTEMP triggered, system stopped!", fatal=True),
    b"Error:Heating failed, system stopped! Heater_ID: bed": ErrorLine(
        "Heating failed, system stopped! Heater_ID: bed", fatal=True
    ),
    b"!! fail": ErrorLine("fail", fatal=True),
    b"//action:pause": Action("pause"),
    b"// action: prompt_begin Filament": Action("prompt_begin"),
    b"// a remark": Echo("a remark"),
    b"FIRMWARE_NAME:Marlin 2.1 PROTOCOL_VERSION:1.0": FirmwareInfo("FIRMWARE_NAME:Marlin 2.1 PROTOCOL_VERSION:1.0"),
    b"Cap:AUTOREPORT_TEMP:1": Capability("AUTOREPORT_TEMP", True),
    b"Cap:EEPROM:0": Capability("EEPROM", False),
    b"SD card ok": SdStatus("ready"),
    b"echo:SD card ok": SdStatus("ready"),
    b"echo:SD init fail": SdStatus("gone"),
    b"Begin file list": SdStatus("list_begins"),
    b"End file list": SdStatus("list_ends"),
    b"SD printing byte 123/456": SdStatus("other"),
    b"Done printing file": SdStatus("other"),
    b"": Unknown(b""),
    b"\xff\xfe\x00": Unknown(b"\xff\xfe\x00"),
    b"X:0.00 Y:-5.50 Z:0.20 E:0.00 Count X:0 Y:0 Z:0": Position(0.0, -5.5, 0.2, 0.0),
    b"X:1 Y:2": Unknown(b"X:1 Y:2"),
}


@pytest.mark.parametrize("line", LINES, ids=repr)
def test_a_line_is_understood(line):
    assert decode(line) == LINES[line]


@given(st.binary(max_size=300))
def test_no_line_is_an_error(line):
    decode(line)


@given(st.integers(0, 10**8), st.binary(min_size=1, max_size=250))
def test_a_line_carries_its_number_and_checksum(number, text):
    wire = encode(number, text)
    body, _, checksum = wire.rpartition(b"*")
    assert body == b"N%d %b" % (number, text)
    assert checksum == b"%d\n" % reduce(xor, body)
