"""What people see while the system runs: each child's lines with its name in front, coloured on a terminal.

Machines that want JSON get it, without names in front.
"""

from __future__ import annotations

import json
import os
import sys
from collections import deque
from datetime import UTC, datetime
from typing import IO, Any

CHILD_FORMAT = {"JOBWIRE_LOG_FORMAT": "json"}  # what a child is told, whatever people get to see
MAX_LINE = 16 * 1024
TAIL = 20
USUAL = {"at", "level", "service", "logger", "message", "error"}
COLOURS = ("36", "33", "35", "32", "34")
LEVEL_COLOURS = {"warning": "33", "error": "31", "critical": "31"}


class LineCutter:
    """Cuts a stream of bytes into lines; a longer line than 16 KiB is cut, so that memory stays bounded."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[str]:
        """The lines that are complete now."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > MAX_LINE:
            lines.append(self._rest)
            self._rest = b""
        return [_text(line) for line in lines]

    def end(self) -> list[str]:
        """What was left without a line end."""
        rest, self._rest = self._rest, b""
        return [_text(rest)] if rest else []


def _text(line: bytes) -> str:
    return line[:MAX_LINE].decode(errors="replace").rstrip("\r")


def readable(line: str) -> tuple[str, str]:
    """A log line of a service, which is JSON on a pipe, as `(level, text)`; any other line as it is."""
    if not line.startswith("{"):
        return "", line
    try:
        entry: dict[str, Any] = json.loads(line)
    except ValueError:
        return "", line
    message = entry.get("message")
    if not isinstance(message, str):
        return "", line
    fields = "".join(f" {name}={value}" for name, value in entry.items() if name not in USUAL)
    trouble = f"\n{entry['error']}" if "error" in entry else ""
    return str(entry.get("level", "")), f"{message}{fields}{trouble}"


def _is_entry(line: str) -> bool:
    return readable(line)[0] != ""


def _entry(name: str, text: str) -> str:
    """What is no log entry of a service, as one."""
    at = datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    return json.dumps({"at": at, "level": "info", "service": name, "message": text}) + "\n"


def _local_time(line: str) -> str:
    """When a log entry was written, as people here read it; a file has no other clock."""
    try:
        at = datetime.fromisoformat(str(json.loads(line).get("at", "")))
    except ValueError:
        return ""
    return at.astimezone().strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]


class Output:
    """Talk goes to standard error, so that standard output holds results alone.

    Children write JSON (`CHILD_FORMAT`). It is shown as text behind the child's name, on a terminal without the times;
    `as_json` makes everything one JSON object a line.
    """

    def __init__(self, stream: IO[str] | None = None, *, quiet: bool = False, as_json: bool = False) -> None:
        self._stream = stream or sys.stderr
        self._quiet = quiet
        self._as_json = as_json
        self._on_terminal = self._stream.isatty()
        self._coloured = self._on_terminal and not os.environ.get("NO_COLOR")
        self._colours: dict[str, str] = {}
        self._tails: dict[str, deque[str]] = {}

    def say(self, sentence: str) -> None:
        """A sentence of `jobwire` itself."""
        self._write(_entry("jobwire", sentence) if self._as_json else f"jobwire: {sentence}\n")

    def child(self, name: str, line: str) -> None:
        """One line that a child wrote; `quiet` keeps it for the case of failure only."""
        self._tails.setdefault(name, deque(maxlen=TAIL)).extend(readable(line)[1].splitlines())
        if not self._quiet:
            self._write(self._prefixed(name, line))

    def tail(self, name: str) -> list[str]:
        """The last lines of a child, for people."""
        return list(self._tails.get(name, ()))

    def _prefixed(self, name: str, line: str) -> str:
        if self._as_json:
            return f"{line}\n" if _is_entry(line) else _entry(name, line)
        level, text = readable(line)
        if level and not self._on_terminal:
            text = f"{_local_time(line)} {level.upper():<7} {text}"
        parts = text.splitlines() or [""]
        if not self._coloured:
            return "".join(f"{name} | {part}\n" for part in parts)
        colour = self._colours.setdefault(name, COLOURS[len(self._colours) % len(COLOURS)])
        shade = LEVEL_COLOURS.get(level)
        shown = [f"\x1b[{shade}m{part}\x1b[0m" if shade else part for part in parts]
        return "".join(f"\x1b[{colour}m{name:<18}|\x1b[0m {part}\n" for part in shown)

    def _write(self, text: str) -> None:
        try:
            self._stream.write(text)
            self._stream.flush()
        except (OSError, ValueError):
            return  # nobody reads any more; the system runs on
