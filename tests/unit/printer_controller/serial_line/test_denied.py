"""What is never sent is found however it is written, and nothing else is taken for it."""

from __future__ import annotations

import pytest

from services.printer_controller import denied
from services.printer_controller.print_lines import Splitter
from shared.settings import DENIED_COMMANDS, PrinterSettings, Settings, load_settings

NEVER = denied.of_files(PrinterSettings(id="mk3"), by_admin=False)


@pytest.mark.parametrize(
    ("line", "command"),
    [
        (b"M500", "M500"),
        (b"m500", "M500"),
        (b"M 500", "M500"),
        (b"M0500 P1", "M500"),
        (b"\tM997 B1", "M997"),
        (b"N12 M502*33", "M502"),
        (b"M500.1", "M500"),
        (b"G28 M500", "M500"),
        (b"G1X5M997", "M997"),
        (b"(a comment) M500", "M500"),
        (b"M810 G28|M502|M500", "M502"),
        (b"M28 firmware.bin", "M28"),
        (b"D3 Ax000 C1 Xff", "D3"),
        (b"D0 B", "D0"),
        (b"PRUSA FR", "PRUSA"),
        (b"save_config", "SAVE_CONFIG"),
        (b"dfu", "DFU"),
    ],
)
def test_a_denied_command_is_found_however_it_is_written(line: bytes, command: str) -> None:
    assert denied.find(line, NEVER) == command


@pytest.mark.parametrize(
    "line",
    [
        b"G1 X500 Y997 E28",
        b"M5000",
        b"M50",
        b"M501",
        b"M503",
        b"M117 now M500 is not sent",
        b"M118 E1 M997",
        b"M486 A\"cube M500\"",
        b"G29 D3",
        b"M200 D0",
        b"EXCLUDE_OBJECT NAME=M500",
        b"T0",
        b"",
        b"%",
    ],
)  # fmt: skip
def test_other_lines_are_not_taken_for_one(line: bytes) -> None:
    assert denied.find(line, NEVER) is None


@pytest.mark.parametrize(
    ("deny_from", "by_admin", "denies"),
    [
        ("others", False, True),
        ("others", True, False),
        ("all", False, True),
        ("all", True, True),
        ("none", False, False),
        ("none", True, False),
    ],
)
def test_whom_the_list_is_for_is_a_setting(deny_from: str, by_admin: bool, denies: bool) -> None:
    settings = PrinterSettings(id="mk3", deny_from=deny_from)  # type: ignore[arg-type]
    assert (denied.find(b"M997", denied.of_files(settings, by_admin=by_admin)) is not None) is denies


def test_an_own_list_replaces_the_default_and_may_be_written_as_people_write() -> None:
    never = denied.of_files(PrinterSettings(id="mk3", deny=["m0112", "Save_Config"]), by_admin=False)
    assert never == {b"M112", b"SAVE_CONFIG"}


@pytest.mark.parametrize("entry", ["", "M500 S1", "500", "M-1", "*", "M500;"])
def test_an_entry_that_is_no_command_is_refused_at_start(entry: str) -> None:
    with pytest.raises(ValueError, match="deny"):
        PrinterSettings(id="mk3", deny=[entry])


def test_the_list_is_on_by_default() -> None:
    printer = load_settings({}).printer[0]
    assert (printer.deny, printer.deny_from) == (list(DENIED_COMMANDS), "others")
    assert Settings().printer[0].deny_from == "others"


def entries(content: bytes, chunk: int) -> tuple[list[bytes], str | None]:
    splitter = Splitter(NEVER)
    found = []
    for start in range(0, len(content), chunk):
        if splitter.error is None:
            found += splitter.feed(content[start : start + chunk])
    found += splitter.finish()
    return [text for text, _, _ in found], splitter.error


@pytest.mark.parametrize("chunk", [1, 3, 7, 4096])
@pytest.mark.parametrize("line", [b"M997", b"g28 m500", b"G1 X1 M502", b"D3", b"M 0500 ; harmless"])
def test_a_print_ends_before_the_denied_line(line: bytes, chunk: int) -> None:
    sent, error = entries(b"; a file\nG28\nG1 X1\n" + line + b"\nG1 X2\n", chunk)
    assert sent == [b"G28", b"G1 X1"]
    assert error is not None
    assert error.startswith("line 4 of the file cannot be printed: ")
    assert error.endswith(" is on this printer's deny list")


def test_comments_and_messages_about_denied_commands_are_printed() -> None:
    sent, error = entries(b"G28 ; M500\n; M997\nM117 M500\nG1 X1\n", 5)
    assert (sent, error) == ([b"G28", b"M117 M500", b"G1 X1"], None)
