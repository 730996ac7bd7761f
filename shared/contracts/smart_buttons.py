"""Smart buttons on the bus: input channels that run a load job when they are pressed."""

from __future__ import annotations

from datetime import datetime

import msgspec

from shared.contracts.load_jobs import Absent, JobAsk


class SmartButton(msgspec.Struct, kw_only=True):
    """A smart button: an input channel of a device, linked to a job. `input_type` is `scene` or `groupctrl`."""

    id: int
    device: str
    channel: int
    input_type: str = "scene"
    job: int | None = None


class CreateSmartButton(JobAsk, kw_only=True, tag_field="command", tag="create"):
    """Make an input channel a smart button."""

    device: str
    channel: int
    job: int | None = None
    input_type: str = "scene"


class LinkSmartButton(JobAsk, kw_only=True, tag_field="command", tag="link"):
    """Link to a job, or to none (`null`)."""

    button: int
    job: int | Absent | None = msgspec.UNSET


class DeleteSmartButton(JobAsk, kw_only=True, tag_field="command", tag="delete"):
    """Remove a smart button; the answer holds it."""

    button: int


class ProgramSmartButtons(JobAsk, kw_only=True, tag_field="command", tag="program"):
    """Programming mode: until it is off or `timeout` seconds are over a press only tells which button it was.

    The pressed button becomes one of `button_type`.
    """

    on: bool = False
    timeout: int = 60
    button_type: str = "scene"
    owner: str = "user"


class ReadSmartButtons(JobAsk, kw_only=True, tag_field="command", tag="read"):
    """All smart buttons, or one."""

    button: int | None = None


SmartButtonRequest = CreateSmartButton | LinkSmartButton | DeleteSmartButton | ProgramSmartButtons | ReadSmartButtons


class SmartButtons(msgspec.Struct, kw_only=True):
    """The buttons that were asked for, or the one that was changed; `programming` while that mode is on."""

    buttons: list[SmartButton] = []
    programming: bool = False


class PressSmartButton(JobAsk, kw_only=True):
    """Somebody pressed it: `event` is `click`, `press` or `release`; `type` its side (`up`, `down`), if it has any."""

    button: int = 0
    event: str = "click"
    type: str | None = None


class SmartButtonPressed(msgspec.Struct, kw_only=True, omit_defaults=True):
    """At `smart_button/<id>/pressed`, not retained. `run` is what the press began; `programming`: it began none."""

    id: int
    device: str
    channel: int
    event: str
    type: str | None = None
    run: str | None = None
    programming: bool = False
    at: datetime
