"""SockJS's frames (protocol 0.3.3): what a server writes around messages, and what it reads. Pure."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from shared.errors import Invalid

OPEN = "o"
HEARTBEAT = "h"
PRELUDE = "h" * 2048  # some browsers show nothing of a stream before this much has come
STREAM_BYTES = 128 * 1024  # a streaming answer ends after this much, so that a browser can forget it
ANOTHER_RECEIVER = 'c[2010,"Another connection still open"]'

_texts = msgspec.json.Decoder(list[str] | str)


class Message:
    """One message, encoded once for all listeners: as it is, and as SockJS carries it."""

    __slots__ = ("_framed", "_quoted", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self._quoted: str | None = None
        self._framed: str | None = None

    @property
    def quoted(self) -> str:
        """The message as a JSON string."""
        if self._quoted is None:
            self._quoted = msgspec.json.encode(self.text).decode()
        return self._quoted

    @property
    def framed(self) -> str:
        """The message alone in a frame: `a["…"]`."""
        if self._framed is None:
            self._framed = f"a[{self.quoted}]"
        return self._framed


def array(messages: Iterable[Message]) -> str:
    """Several messages in one frame."""
    return f"a[{','.join(message.quoted for message in messages)}]"


def close(code: int, reason: str) -> str:
    """The frame that ends a session."""
    return f"c[{code},{msgspec.json.encode(reason).decode()}]"


def read(text: str | bytes) -> list[str]:
    """The messages in what a client sent: an array of strings or one string; nothing at all is no message.

    Raises `Invalid` for everything else.
    """
    if not text:
        return []
    try:
        found = _texts.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Invalid("Broken JSON encoding.", code="bad_json") from None
    return [found] if isinstance(found, str) else found
