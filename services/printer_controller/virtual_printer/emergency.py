"""Hears M108, M112 and M410 the moment they arrive, past everything that waits in front of them."""

from __future__ import annotations

import re

_URGENT = re.compile(rb"(?:^|[\r\n]) *(?:N *-?\d+ *)?(M108|M112|M410)(?!\d)[^\r\n]*(?=[\r\n])")
_LONGEST = 96


class EmergencyParser:
    """Follows the raw bytes, as Marlin's emergency parser follows the receive interrupt."""

    def __init__(self) -> None:
        self._open = b""  # the line that has begun and not ended

    def heard(self, data: bytes) -> list[str]:
        """The urgent commands that became complete with `data`, in order."""
        text = self._open + data
        end = max(text.rfind(b"\n"), text.rfind(b"\r"))
        self._open = text[end + 1 :][:_LONGEST]
        if end < 0 or (b"M1" not in text and b"M4" not in text):
            return []
        return [code.decode() for code in _URGENT.findall(text[: end + 1])]

    def forget(self) -> None:
        """Start anew after a reset."""
        self._open = b""
