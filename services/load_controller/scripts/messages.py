"""What a script's process and its host say to each other, one JSON object a line."""

from __future__ import annotations

from typing import Any

import msgspec

LONGEST_LINE = 64 * 1024
"""Bytes; a longer line ends the script."""


class Begin(msgspec.Struct, tag_field="type", tag="begin"):
    """Host to script, first: the text and its limits (processor seconds, bytes)."""

    name: str
    text: str
    seconds: float
    memory: int


class Call(msgspec.Struct, tag_field="type", tag="call"):
    """Host to script: call this entry point, when the script has it."""

    entry: str
    arguments: list[Any] = []


class Result(msgspec.Struct, tag_field="type", tag="result"):
    """Host to script: what came of its action `id`; `error` is one sentence."""

    id: int
    value: Any = None
    error: str | None = None


ToScript = Begin | Call | Result


class Ready(msgspec.Struct, tag_field="type", tag="ready"):
    """Script to host: the text was read and executed; `error` is the last line of the traceback."""

    error: str | None = None


class Returned(msgspec.Struct, tag_field="type", tag="returned"):
    """Script to host: the entry point has returned, or failed with `error`."""

    error: str | None = None


class Action(msgspec.Struct, tag_field="type", tag="action"):
    """Script to host: please do this (`set`, `ctrl`, `trigger`, `state`, `flag`, `set_flag`, `log`)."""

    id: int
    name: str
    arguments: dict[str, Any] = {}


FromScript = Ready | Returned | Action
