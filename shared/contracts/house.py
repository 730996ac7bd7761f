"""Scenes, rooms, the site and scripts on the bus."""

from __future__ import annotations

from typing import Any

import msgspec

from shared.contracts.load_jobs import JobAsk


class Scene(msgspec.Struct, kw_only=True):
    """A name for a job."""

    id: int
    name: str
    kind: int = 0
    job: int | None = None


class Room(msgspec.Struct, kw_only=True):
    """A room; `load_order` are its loads as they are shown."""

    id: int
    name: str
    kind: int = 0
    load_order: list[int] = []


class WriteRecord(JobAsk, kw_only=True, tag_field="command", tag="write"):
    """Store a scene, a room or the site: with an id it changes what is given, without one it is new.

    `whole`: what is not given goes. There is one site, which needs no id.
    """

    kind: str
    record: int | None = None
    whole: bool = False
    values: dict[str, Any] = msgspec.field(default_factory=dict)


class DeleteRecord(JobAsk, kw_only=True, tag_field="command", tag="delete"):
    """Remove it; the answer holds it."""

    kind: str
    record: int


class ReadRecords(JobAsk, kw_only=True, tag_field="command", tag="read"):
    """All of one kind (`scene`, `room`, `site`), or one."""

    kind: str
    record: int | None = None


RecordRequest = WriteRecord | DeleteRecord | ReadRecords


class Records(msgspec.Struct, kw_only=True):
    """Scenes, rooms or the site, as they are stored; each has an `id`."""

    records: list[dict[str, Any]] = []


class Script(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A stored script: `size` in bytes; `cron` five fields or absent; `running` while it runs."""

    name: str
    size: int
    cron: str | None = None
    running: bool = False


class WriteScript(JobAsk, kw_only=True, tag_field="command", tag="write"):
    """Store a script's text, at most 256 KiB; one of that name is replaced."""

    name: str
    text: str


class DeleteScript(JobAsk, kw_only=True, tag_field="command", tag="delete"):
    """Remove a script and stop it."""

    name: str


class StartScript(JobAsk, kw_only=True, tag_field="command", tag="start"):
    """Call its `onStart`; refused (`scripts_off`) unless the setting allows scripts."""

    name: str


class StopScript(JobAsk, kw_only=True, tag_field="command", tag="stop"):
    """Call its `onStop` and end it."""

    name: str


class LinkScript(JobAsk, kw_only=True, tag_field="command", tag="cron"):
    """Call its `onCronEvent` by a five-field cron entry, or no longer (`null`)."""

    name: str
    entry: str | None = None


class ReadScripts(JobAsk, kw_only=True, tag_field="command", tag="read"):
    """All scripts, or one, with its text when asked for."""

    name: str | None = None
    with_text: bool = False


ScriptRequest = WriteScript | DeleteScript | StartScript | StopScript | LinkScript | ReadScripts


class Scripts(msgspec.Struct, kw_only=True, omit_defaults=True):
    """The scripts that were asked for, or the one that was changed."""

    scripts: list[Script] = []
    text: str | None = None
