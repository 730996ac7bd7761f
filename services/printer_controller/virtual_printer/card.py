"""A small SD card in memory: list, select, print, pause, report; its lines go to the firmware without an ok."""

from __future__ import annotations

SAMPLE_NAME = "SAMPLE.GCO"
SAMPLE = "\n".join(
    ["G90", "M83", "G28", *(f"G1 X{x} Y{20 + x % 7} E0.05 F3000" for x in range(10, 110)), "M400", ""]
).encode()


class Card:
    """Files by name, one of them selected, a place in it, and whether it is being printed."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files = files
        self.mounted = True
        self.selected: str | None = None
        self.place = 0
        self.printing = False

    def select(self, name: str) -> int | None:
        """Open a file for printing; its size, or None when there is no such file."""
        name = name.strip().lstrip("/").upper()
        if not self.mounted or name not in self.files:
            return None
        self.selected, self.place, self.printing = name, 0, False
        return len(self.files[name])

    def next_line(self) -> bytes | None:
        """The next line of the print; None at its end, when printing stops."""
        content = self.files[self.selected] if self.selected else b""
        if self.place >= len(content):
            self.printing = False
            return None
        end = content.find(b"\n", self.place)
        end = len(content) if end < 0 else end
        line = content[self.place : end]
        self.place = end + 1
        return line

    def status(self) -> str:
        """What M27 says."""
        if not self.printing or not self.selected:
            return "Not SD printing"
        size = len(self.files[self.selected])
        return f"SD printing byte {min(self.place, size)}/{size}"

    def stop(self) -> None:
        """Nothing is printed or selected any more."""
        self.selected, self.place, self.printing = None, 0, False
