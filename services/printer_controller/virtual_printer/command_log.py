"""Writes every executed command, in order, with its line number: the proof of every line exactly once."""

from __future__ import annotations

from pathlib import Path

MOST_BUFFERED = 5_000  # commands


class CommandLog:
    """One command a line, `<number, or ->` and a space before it; written in lumps, at the latest when asked to.

    Without a path nothing is kept. A log that exists is begun anew.
    """

    def __init__(self, path: Path | None) -> None:
        self._file = None
        self._lines: list[str] = []
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("w", encoding="utf-8", errors="surrogateescape", buffering=1 << 16)

    def note(self, number: int | None, text: str) -> None:
        """A command is executed now."""
        if self._file is not None:
            self._lines.append(f"{'-' if number is None else number} {text}\n")
            if len(self._lines) >= MOST_BUFFERED:
                self.flush()

    def flush(self) -> None:
        """Write out what waits."""
        if self._file is not None and self._lines:
            self._file.write("".join(self._lines))
            self._lines.clear()
            self._file.flush()

    def close(self) -> None:
        """Write out and close."""
        self.flush()
        if self._file is not None:
            self._file.close()
            self._file = None
