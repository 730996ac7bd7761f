"""A board on a table: lines go in, replies come out, and time is moved by hand."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from services.printer_controller.virtual_printer.firmware import Firmware
from services.printer_controller.virtual_printer.options import Options


class Table:
    """A firmware with an injected clock."""

    def __init__(self, options: Options) -> None:
        self.board = Firmware(options)
        self.now = 100.0
        self.board.advance(self.now)
        self.executed: list[tuple[int | None, str]] = []
        self.board.log.note = lambda number, text: self.executed.append((number, text))  # type: ignore[method-assign]

    def send(self, *lines: str) -> list[str]:
        """Send lines now; what the board said to them."""
        self.board.receive("".join(f"{line}\n" for line in lines).encode(), self.now)
        self.board.advance(self.now)
        return self.said()

    def said(self) -> list[str]:
        """What the board said since the last look, without the times."""
        return [text for _, text in self.said_at()]

    def said_at(self) -> list[tuple[float, str]]:
        """What the board said since the last look, with seconds since the start."""
        replies = self.board.voice.take()
        return [(round(at - 100.0, 6), text.decode().rstrip("\n")) for at, text in replies]

    def wait(self, seconds: float) -> list[str]:
        """Let time pass; what the board said in it."""
        self.now += seconds
        self.board.advance(self.now)
        return self.said()


def numbered(number: int, text: str) -> str:
    """A line as a host sends it: with number and checksum."""
    body = f"N{number} {text}"
    total = 0
    for byte in body.encode():
        total ^= byte
    return f"{body}*{total}"


@pytest.fixture
def table() -> Callable[..., Table]:
    """Makes a table for a board with the options given; no time passes for moves unless `speed` says so."""

    def make(**options: object) -> Table:
        return Table(Options(**{"speed": 0.0, **options}))  # type: ignore[arg-type]

    return make


@pytest.fixture(name="numbered")
def _numbered() -> Callable[[int, str], str]:
    return numbered
