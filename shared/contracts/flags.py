"""System flags and conditions on the bus: the values that may block a load job."""

from __future__ import annotations

from datetime import datetime

import msgspec

from shared.contracts.load_jobs import Absent, JobAsk


class Flag(msgspec.Struct, kw_only=True):
    """A system flag; `symbol` is letters, digits and `_`."""

    id: int
    symbol: str
    value: bool
    name: str = ""


class CreateFlag(JobAsk, kw_only=True, tag_field="command", tag="create"):
    """Store a flag; symbols are unique."""

    symbol: str
    value: bool = False
    name: str = ""


class AmendFlag(JobAsk, kw_only=True, tag_field="command", tag="amend"):
    """Change what is given."""

    flag: int
    symbol: str | Absent = msgspec.UNSET
    value: bool | Absent = msgspec.UNSET
    name: str | Absent = msgspec.UNSET


class DeleteFlag(JobAsk, kw_only=True, tag_field="command", tag="delete"):
    """Remove a flag; the answer holds it."""

    flag: int


class ReadFlags(JobAsk, kw_only=True, tag_field="command", tag="read"):
    """All flags, or one."""

    flag: int | None = None


FlagRequest = CreateFlag | AmendFlag | DeleteFlag | ReadFlags


class Flags(msgspec.Struct, kw_only=True):
    """The flags that were asked for, or the one that was changed."""

    flags: list[Flag] = []


class SetFlag(JobAsk, kw_only=True):
    """Set a flag on MQTT: `{"value":true}`, `ON` or `OFF`."""

    flag: int = 0
    value: bool


class FlagState(msgspec.Struct, kw_only=True):
    """Retained at `flag/<id>/state`."""

    id: int
    symbol: str
    value: bool
    name: str
    at: datetime
    version: int


class Condition(msgspec.Struct, kw_only=True):
    """A boolean expression over flag symbols (`not night and home`), and its `value` now.

    No condition has the id of a flag.
    """

    id: int
    value: bool
    expression: str
    name: str = ""


class CreateCondition(JobAsk, kw_only=True, tag_field="command", tag="create"):
    """Store a condition; one that cannot be parsed is `Invalid` and says where."""

    expression: str
    name: str = ""


class AmendCondition(JobAsk, kw_only=True, tag_field="command", tag="amend"):
    """Change what is given."""

    condition: int
    expression: str | Absent = msgspec.UNSET
    name: str | Absent = msgspec.UNSET


class DeleteCondition(JobAsk, kw_only=True, tag_field="command", tag="delete"):
    """Remove a condition; the answer holds it."""

    condition: int


class ReadConditions(JobAsk, kw_only=True, tag_field="command", tag="read"):
    """All conditions, or one."""

    condition: int | None = None


ConditionRequest = CreateCondition | AmendCondition | DeleteCondition | ReadConditions


class Conditions(msgspec.Struct, kw_only=True):
    """The conditions that were asked for, or the one that was changed."""

    conditions: list[Condition] = []
