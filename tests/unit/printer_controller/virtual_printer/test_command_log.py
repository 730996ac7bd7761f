"""The log holds what was executed, in order."""

from __future__ import annotations

from pathlib import Path

from services.printer_controller.virtual_printer.command_log import CommandLog


def test_each_command_stands_on_its_line_with_its_number(tmp_path: Path) -> None:
    log = CommandLog(tmp_path / "new" / "log")
    log.note(1, "G28")
    log.note(None, "M105")
    log.flush()
    log.note(2, "M117 \udcff")  # a byte that is no UTF-8
    log.close()
    assert (tmp_path / "new" / "log").read_bytes() == b"1 G28\n- M105\n2 M117 \xff\n"


def test_without_a_path_nothing_is_kept() -> None:
    log = CommandLog(None)
    for number in range(100_000):
        log.note(number, "G1")
    assert log._lines == []
    log.close()
