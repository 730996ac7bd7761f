"""Multipart bodies byte by byte, as each client writes them: order, quotes and boundaries are theirs."""

from __future__ import annotations

from collections.abc import Sequence

Part = tuple[str, str | None, bytes]  # the field, the name of the file if it is one, what is in it


def body(boundary: str, parts: Sequence[Part], *, file_type: str = "application/octet-stream") -> bytes:
    """The body with these parts, in this order."""
    pieces = []
    for field, name, content in parts:
        named = f'; filename="{name}"\r\nContent-Type: {file_type}' if name is not None else ""
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="{field}"{named}\r\n\r\n'
        pieces += [head.encode(), content, b"\r\n"]
    return b"".join([*pieces, f"--{boundary}--\r\n".encode()])
