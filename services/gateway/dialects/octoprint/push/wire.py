"""The messages of the push channel, field by field as OctoPrint 1.11.8 sends them (recorded from the real server)."""

from __future__ import annotations

from typing import Any

import msgspec

from services.gateway.dialects.octoprint import wire
from services.gateway.dialects.octoprint.wire import Sent


class Connected(msgspec.Struct, kw_only=True):
    """The first message of a connection; the hashes change when the server's version or settings do."""

    branch: str = "HEAD"
    config_hash: str
    debug: bool = False
    display_version: str
    online: bool = True
    plugin_hash: str
    safe_mode: str | None = None
    version: str


class Resends(Sent, kw_only=True):
    """How often the printer asked for a line again, and in percent of the lines that were transmitted."""

    count: int = 0
    ratio: int = 0
    transmitted: int = 0


class BusyFile(Sent, kw_only=True):
    """A file that cannot be changed now."""

    origin: str
    path: str


class Marking(Sent, kw_only=True):
    """A mark in the chart of temperatures; `time` in Unix seconds."""

    label: str
    time: float
    type: str


class State(Sent, kw_only=True):
    """The payload of `current` and `history`; every member is always there."""

    state: wire.StateShown
    job: wire.NoJob
    current_z: float | None = msgspec.field(default=None, name="currentZ")
    progress: wire.Progress
    offsets: dict[str, float]
    resends: Resends
    server_time: float
    temps: list[dict[str, Any]]
    busy_files: list[BusyFile]
    markings: list[Marking]
    logs: list[str] = msgspec.field(default_factory=list)
    messages: list[str] = msgspec.field(default_factory=list)
