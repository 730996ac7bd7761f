"""The process as hosts meet it: a real pseudo terminal, a cable that is pulled, TCP, control, and an end in order."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import serial

from tests.support.virtual_printer import VirtualPrinterProcess

Numbered = Callable[[int, str], str]
WITHIN = 5.0


class Host:
    """A host that has opened the line."""

    def __init__(self, port: str) -> None:
        self.fd = os.open(port, os.O_RDWR | os.O_NOCTTY)
        self._rest = b""

    def send(self, *lines: str) -> None:
        os.write(self.fd, "".join(f"{line}\n" for line in lines).encode())

    def line(self) -> str:
        """The next line, or '' when the terminal hung up."""
        while b"\n" not in self._rest:
            ready, _, _ = select.select([self.fd], [], [], WITHIN)
            assert ready, "the printer says nothing"
            try:
                data = os.read(self.fd, 4096)
            except OSError:
                data = b""
            if not data:
                return ""
            self._rest += data
        line, _, self._rest = self._rest.partition(b"\n")
        return line.decode()

    def until(self, start: str) -> str:
        while not (line := self.line()).startswith(start):
            assert line, "the line hung up"
        return line

    def close(self) -> None:
        os.close(self.fd)


def wait_for(condition: Callable[[], object]) -> None:
    end = time.monotonic() + WITHIN
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_host_prints_over_a_pseudo_terminal_and_the_log_proves_it(numbered: Numbered) -> None:
    lines = [f"G1 X{number} Y{number % 7}" for number in range(300)]
    with VirtualPrinterProcess("--speed", "0") as printer:
        host = Host(printer.port)
        for number, text in enumerate(lines, 1):
            host.send(numbered(number, text))
            assert host.line() == "ok"
        assert printer.executed() == list(enumerate(lines, 1))
        host.close()


def test_the_board_lives_through_a_pulled_cable(numbered: Numbered) -> None:
    with VirtualPrinterProcess("--speed", "0") as printer:
        host = Host(printer.port)
        host.send(numbered(1, "M104 S200"))
        host.until("ok")
        printer.control({"fault": "unplug"})
        assert host.line() == ""
        host.close()
        assert not os.path.lexists(printer.port)
        printer.control({"fault": "plug"})
        again = Host(printer.port)
        again.send(numbered(999, "M105"))  # a wrong number, to be told the right one
        assert again.until("Resend") == "Resend: 2"
        again.send("M105")
        assert "200.00 /200.00" in again.until("ok T")
        again.close()


def test_an_unplugged_printer_comes_back_by_itself_after_its_seconds() -> None:
    with VirtualPrinterProcess() as printer:
        printer.control({"fault": "unplug", "seconds": 0.2})
        wait_for(lambda: os.path.exists(printer.port))
        host = Host(printer.port)
        host.send("M107")
        assert host.line() == "ok"
        host.close()


def test_hosts_come_and_go_and_find_no_stale_replies() -> None:
    with VirtualPrinterProcess("--speed", "0") as printer:
        for _ in range(20):
            host = Host(printer.port)
            host.send("M107", "M105")
            assert host.line() == "ok"  # the answer to M105 is left unread
            host.close()
            time.sleep(0.03)
        last = Host(printer.port)
        last.send("M114")
        assert last.line().startswith("X:0.00")
        last.close()


def test_a_board_resets_when_opened_if_told_to() -> None:
    with VirtualPrinterProcess("--reset-on-open") as printer:
        for _ in range(2):
            host = Host(printer.port)
            assert host.line() == "start"
            host.close()
            time.sleep(0.05)


def test_tcp_serves_one_client_at_a_time() -> None:
    with VirtualPrinterProcess("--speed", "0", tcp=True) as printer:
        assert printer.tcp is not None
        host, _, port = printer.tcp.rpartition(":")
        with socket.create_connection((host, int(port)), WITHIN) as first:
            first.sendall(b"M107\n")
            assert first.recv(100) == b"ok\n"
            with socket.create_connection((host, int(port)), WITHIN) as second:
                assert second.recv(100) == b""
            first.sendall(b"M107\n")
            assert first.recv(100) == b"ok\n"
            printer.control({"fault": "unplug"})
            assert first.recv(100) == b""


def test_an_action_injected_at_run_time_reaches_an_idle_host() -> None:
    with VirtualPrinterProcess() as printer:
        host = Host(printer.port)
        host.send("M107")
        host.until("ok")
        printer.control({"fault": "action", "action": "pause"})
        assert host.line() == "//action:pause"
        host.close()


def test_a_host_at_another_speed_gets_garbage_until_it_finds_the_right_one() -> None:
    with VirtualPrinterProcess("--baudrate", "250000", "--strict-baudrate") as printer:
        with serial.Serial(printer.port, 115_200, timeout=WITHIN) as wrong:
            wrong.write(b"\nM105\n")
            wrong.timeout = 0.2
            assert b"ok" not in wrong.read(100)
        with serial.Serial(printer.port, 250_000, timeout=WITHIN) as right:
            right.write(b"\nM105\n")
            right.read_until(b"\n")  # what the garbage before it was taken for
            right.read_until(b"\n")
            assert right.read_until(b"\n").startswith(b"ok T:")


def test_a_file_in_the_place_of_the_link_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "printer").write_text("precious")
    command = [sys.executable, "-m", "services.printer_controller.virtual_printer", "--pty", str(tmp_path / "printer")]
    ended = subprocess.run(command, capture_output=True, timeout=20, check=False)
    assert ended.returncode == 2
    assert b"is no link" in ended.stderr
    assert (tmp_path / "printer").read_text() == "precious"


def test_a_paced_line_is_as_slow_as_its_baud_rate(numbered: Numbered) -> None:
    with VirtualPrinterProcess("--speed", "0", "--baudrate", "9600") as printer:
        host = Host(printer.port)
        lines = [numbered(number, "G1 X100 Y100 E1.5") for number in range(1, 11)]
        start = time.monotonic()
        host.send(*lines)
        for _ in lines:
            host.until("ok")
        assert time.monotonic() - start >= sum(len(line) + 1 for line in lines) * 10 / 9600
        host.close()


def test_the_control_socket_refuses_nonsense_and_goes_on(tmp_path: Path) -> None:
    with VirtualPrinterProcess() as printer:
        with pytest.raises(AssertionError, match="fault"):
            printer.control({"fault": "flood"})
        assert printer.control({"read": "state"})["state"]["plugged"] is True
        send = [sys.executable, "-m", "services.printer_controller.virtual_printer"]
        control = str(Path(printer.port).with_name("control"))
        answer = subprocess.run(
            [*send, "--control", control, "--send", '{"read":"counters"}'],
            capture_output=True, check=True, timeout=20,
        )  # fmt: skip
        assert json.loads(answer.stdout)["counters"]["executed"] == 0
        nobody = subprocess.run(
            [*send, "--control", str(tmp_path / "none"), "--send", "{}"], capture_output=True, timeout=20, check=False
        )
        assert nobody.returncode == 1
        assert b"no answer" in nobody.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_in_order_and_takes_the_link_away(number: signal.Signals) -> None:
    with VirtualPrinterProcess() as printer:
        os.kill(printer.pid, number)
        wait_for(lambda: not os.path.lexists(printer.port))
        assert printer.stop() == 0


def test_a_port_in_use_is_one_sentence_and_code_2() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        command = [sys.executable, "-m", "services.printer_controller.virtual_printer", "--tcp", address]
        ended = subprocess.run(command, capture_output=True, timeout=20, check=False)
    assert ended.returncode == 2
    assert ended.stderr.count(b"\n") == 1


def test_it_starts_without_the_heavy_libraries() -> None:
    code = (
        "import sys, services.printer_controller.virtual_printer.__main__;"
        "print({'sqlmodel', 'sqlalchemy', 'pydantic', 'asyncio', 'serial', 'paho'} & set(sys.modules))"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, timeout=20)
    assert loaded.stdout == b"set()\n"
