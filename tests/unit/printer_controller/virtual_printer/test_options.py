"""The command line is checked before anything starts."""

from __future__ import annotations

import pytest

from services.printer_controller.virtual_printer.control import decode
from services.printer_controller.virtual_printer.options import Options, parse_options


def test_defaults_of_the_command_line_are_those_of_the_value() -> None:
    assert parse_options(["--tcp", "127.0.0.1:0"]) == Options(tcp="127.0.0.1:0")


def test_shorthands_of_faults_are_control_commands_too() -> None:
    options = parse_options(
        ["--tcp", ":0", "--corrupt", "0.01", "--lose-ok", "0.005", "--fault", '{"fault":"busy","seconds":1}']
    )
    assert [type(decode(fault)).__name__ for fault in options.faults] == ["Corrupt", "LoseOk", "Busy"]


@pytest.mark.parametrize(
    "argv",
    [
        [],
        ["--send", "{}"],
        ["--tcp", ":0", "--speed", "-1"],
        ["--tcp", ":0", "--corrupt", "1.5"],
        ["--tcp", ":0", "--tools", "0"],
        ["--tcp", ":0", "--rx-buffer", "many"],
        ["--tcp", "nowhere"],
        ["--tcp", ":0", "--strict-baudrate"],
        ["--tcp", ":0", "--colour", "red"],
    ],
)
def test_a_wrong_option_ends_with_code_2(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parse_options(argv)
    assert ended.value.code == 2
    assert "error:" in capsys.readouterr().err
