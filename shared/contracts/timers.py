"""Wiser timers on the bus: the scheduler keeps them and runs their jobs."""

from __future__ import annotations

from typing import Any

import msgspec

from shared.contracts.messages import Message

Absent = msgspec.UnsetType


class TimerWhen(msgspec.Struct, kw_only=True):
    """`every`: days as `Mon,Wed,…`; `at`: `HH:MM`, or minutes from sunrise (`sr:-30`) or sunset (`ss:15`)."""

    every: str = "Mon,Tue,Wed,Thu,Fri,Sat,Sun"
    at: str = "00:00"


class Timer(msgspec.Struct, kw_only=True):
    """A timer: runs all sections of `job`. `extra` is what a client sent beside it, kept and ignored."""

    id: int
    enabled: bool = True
    job: int | None = None
    when: TimerWhen = msgspec.field(default_factory=TimerWhen)
    extra: dict[str, Any] = msgspec.field(default_factory=dict)
    next_at: float | None = None


class CreateTimer(Message, kw_only=True, tag_field="command", tag="create"):
    """Store a timer; one whose `when` cannot be understood is `Invalid` and says why."""

    enabled: bool = True
    job: int | None = None
    when: TimerWhen = msgspec.field(default_factory=TimerWhen)
    extra: dict[str, Any] = msgspec.field(default_factory=dict)


class ReplaceTimer(Message, kw_only=True, tag_field="command", tag="replace"):
    """Whole replacement: what is not given goes back to its default."""

    timer: int
    enabled: bool = True
    job: int | None = None
    when: TimerWhen = msgspec.field(default_factory=TimerWhen)
    extra: dict[str, Any] = msgspec.field(default_factory=dict)


class AmendTimer(Message, kw_only=True, tag_field="command", tag="amend"):
    """Change what is given."""

    timer: int
    enabled: bool | Absent = msgspec.UNSET
    job: int | Absent | None = msgspec.UNSET
    every: str | Absent = msgspec.UNSET
    at: str | Absent = msgspec.UNSET
    extra: dict[str, Any] = msgspec.field(default_factory=dict)


class DeleteTimer(Message, kw_only=True, tag_field="command", tag="delete"):
    """Remove a timer; the answer holds it."""

    timer: int


class ReadTimers(Message, kw_only=True, tag_field="command", tag="read"):
    """All timers, or one."""

    timer: int | None = None


TimerRequest = CreateTimer | ReplaceTimer | AmendTimer | DeleteTimer | ReadTimers


class Timers(msgspec.Struct, kw_only=True):
    """The timers that were asked for, or the one that was changed."""

    timers: list[Timer] = []
