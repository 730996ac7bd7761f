"""The command line: exit codes, and one sentence for whatever is wrong."""

from __future__ import annotations

import re
import socket
from pathlib import Path

import pytest

from services.cli.__main__ import main
from services.cli.arguments import parser


def run(*arguments: str) -> int:
    try:
        return main(arguments)
    except SystemExit as ended:
        return int(ended.code or 0)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["upp"], "unknown command 'upp'; did you mean 'up'?"),
        (["up", "--port", "x"], "'x' is not a port"),
        (["up", "--port", "65536"], "'65536' is not a port"),
        (["up", "--prot", "1"], "unrecognized arguments: --prot 1"),
        (["key"], "ACTION"),
        (["appkey", "aprove"], "unknown command 'aprove'; did you mean 'approve'?"),
        (["appkey", "approve"], "the following arguments are required: id"),
        (["key", "create", "--name", "a", "--role", "boss"], "argument --role: invalid choice: 'boss'"),
        (["watch", "--count", "0"], "not a number above 0"),
        (["up", "--broker-url", "ftp://x"], "--broker-url: url must look like mqtt://"),
        (["up", "--config", "/does/not/exist.toml"], "/does/not/exist.toml: cannot be read"),
        (["up", "--data", "/proc/none/here"], "the data folder /proc/none/here cannot be made"),
    ],
)
def test_wrong_use_is_one_sentence_and_code_2(
    arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*arguments) == 2
    said = capsys.readouterr().err
    assert sentence in said
    assert len(said.strip().splitlines()) == 1


def test_an_unknown_setting_is_one_sentence_and_code_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("JOBWIRE_GATEWAY_PROT", "1")
    assert run("up") == 2
    assert "did you mean 'JOBWIRE_GATEWAY_PORT'?" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--port", "--broker-port"])
def test_a_port_in_use_is_one_sentence_and_code_2(
    option: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        other = [] if option == "--port" else ["--port", "0"]
        assert run("up", "--data", str(tmp_path / "data"), option, str(port), *other) == 2
    said = capsys.readouterr().err
    assert f"port {port} on 127.0.0.1 is in use; choose another with {option}" in said


def test_nothing_to_ask_is_code_3(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("status", "--data", str(tmp_path)) == 3
    assert "nothing runs on" in capsys.readouterr().err


def test_the_version_and_the_help_are_code_0(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--version") == 0
    assert run("--help") == 0
    assert re.match(r"jobwire \S+\n", capsys.readouterr().out)


def test_the_effective_settings_are_shown_without_secrets(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("JOBWIRE_ADMIN_KEY", "very-hidden-key")
    assert run("settings", "--data", "here") == 0
    shown = capsys.readouterr().out
    assert '"data": "here"' in shown
    assert "hidden" not in shown


def test_every_command_explains_itself() -> None:
    for command in ("up", "status", "watch", "key", "account", "migrate", "settings"):
        with pytest.raises(SystemExit) as ended:
            parser().parse_args([command, "--help"])
        assert ended.value.code == 0


def test_the_command_page_names_every_command() -> None:
    page = (Path(__file__).parents[3] / "docs" / "cli.md").read_text()
    for command in ("up", "status", "watch", "key create", "key list", "key revoke", "migrate", "settings"):
        assert f"`jobwire {command}" in page
