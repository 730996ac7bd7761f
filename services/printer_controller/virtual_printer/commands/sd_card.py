"""The SD card: list, select, print, pause, report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..parser import words
from .table import Handler

if TYPE_CHECKING:
    from ..firmware import Firmware


def list_files(board: Firmware, _argument: str) -> None:
    """M20."""
    board.say("Begin file list")
    for name, content in board.card.files.items():
        board.say(f"{name} {len(content)}")
    board.say("End file list")


def mount(board: Firmware, _argument: str) -> None:
    """M21."""
    board.card.mounted = board.options.card
    board.say("echo:SD card ok" if board.card.mounted else "echo:No SD card")


def release(board: Firmware, _argument: str) -> None:
    """M22."""
    board.card.stop()
    board.card.mounted = False


def select(board: Firmware, argument: str) -> None:
    """M23 <name>."""
    size = board.card.select(argument)
    if size is None:
        board.say(f"open failed, File: {argument.strip()}.")
        return
    board.say(f"echo:Now fresh file: {board.card.selected}")
    board.say(f"File opened: {board.card.selected} Size: {size}")
    board.say("File selected")


def start(board: Firmware, _argument: str) -> None:
    """M24: begin or go on."""
    board.card.printing = board.card.selected is not None


def pause(board: Firmware, _argument: str) -> None:
    """M25."""
    board.card.printing = False


def set_place(board: Firmware, argument: str) -> None:
    """M26 S<byte>."""
    board.card.place = int(words(argument).get("S") or 0)


def status(board: Firmware, _argument: str) -> None:
    """M27."""
    board.say(board.card.status())


HANDLERS: dict[str, Handler] = {
    "M20": list_files,
    "M21": mount,
    "M22": release,
    "M23": select,
    "M24": start,
    "M25": pause,
    "M26": set_place,
    "M27": status,
}
