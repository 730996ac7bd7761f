"""The house as its holder knows it: jobs, flags, conditions, smart buttons, records and scripts, all in memory.

There is one holder, and it alone writes. Whoever changes something holds `lock` from reading to the commit, and changes
what stands here afterwards.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.load_controller.models import (
    ConditionRow,
    CounterRow,
    FlagRow,
    JobRow,
    RecordRow,
    ScriptRow,
    SmartButtonRow,
)
from services.load_controller.rules import conditions
from services.load_controller.rules.conditions import Expression
from shared.contracts.flags import Condition, Flag
from shared.contracts.house import Script
from shared.contracts.load_jobs import ButtonControl, LoadJob
from shared.contracts.smart_buttons import SmartButton
from shared.errors import Invalid

LOG = logging.getLogger(__name__)

FIRST_CHANNEL = 16  # of a job's button control
JOBS, SYMBOLS, BUTTONS = "job", "symbol", "smart_button"  # flags and conditions count together
SITE = 1


@dataclass(frozen=True)
class StoredCondition:
    """A condition and its expression, parsed once."""

    id: int
    expression: str
    name: str
    parsed: Expression

    def shown(self, flags: Mapping[str, bool]) -> Condition:
        """With its value now."""
        value = conditions.evaluate(self.parsed, flags)
        return Condition(id=self.id, value=value, expression=self.expression, name=self.name)


class House:
    """What is defined, by id. `programming_until` is a monotonic instant."""

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.jobs: dict[int, LoadJob] = {}
        self.flags: dict[int, Flag] = {}
        self.conditions: dict[int, StoredCondition] = {}
        self.buttons: dict[int, SmartButton] = {}
        self.records: dict[str, dict[int, dict[str, Any]]] = {}
        self.scripts: dict[str, Script] = {}
        self.texts: dict[str, str] = {}
        self.counters: dict[str, int] = {}
        self.programming_until = 0.0
        self.programming_type = "scene"

    async def load(self, tx: AsyncSession) -> None:
        """Read everything."""
        self.jobs = {row.id: row.definition for row in await _all(tx, JobRow)}
        self.flags = {row.id: flag_of(row) for row in await _all(tx, FlagRow)}
        self.conditions = {row.id: condition_of(row) for row in await _all(tx, ConditionRow)}
        self.buttons = {row.id: button_of(row) for row in await _all(tx, SmartButtonRow)}
        self.records = {}
        for row in await _all(tx, RecordRow):
            self.records.setdefault(row.kind, {})[row.id] = row.contents
        scripts = await _all(tx, ScriptRow)
        self.scripts = {row.name: Script(name=row.name, size=row.size, cron=row.cron) for row in scripts}
        self.texts = {row.name: row.text for row in scripts}
        self.counters = {row.name: row.value for row in await _all(tx, CounterRow)}

    def flag_values(self) -> dict[str, bool]:
        """The values of the flags by symbol."""
        return {flag.symbol: flag.value for flag in self.flags.values()}

    def blocked(self, job: LoadJob) -> str | None:
        """Why the job may not run now: a flag or condition is true. One that is gone blocks nothing."""
        blocker = job.blocked_by
        if not isinstance(blocker, int):
            return None
        flag, condition = self.flags.get(blocker), self.conditions.get(blocker)
        if flag is not None and flag.value:
            return f"blocked by flag {flag.id} ({flag.symbol})"
        if condition is not None and condition.shown(self.flag_values()).value:
            return f"blocked by condition {condition.id} ({condition.expression})"
        return None

    def next_id(self, kind: str, known: Iterable[int]) -> int:
        """An id that was never given before."""
        return max(self.counters.get(kind, 0), *known, 0) + 1

    def next_channel(self) -> int:
        """The lowest channel that no job's button control has."""
        controls = (job.button_ctrl for job in self.jobs.values())
        taken = {control.ctrl_input_channel for control in controls if isinstance(control, ButtonControl)}
        return next(channel for channel in range(FIRST_CHANNEL, 2**31) if channel not in taken)

    def symbol_ids(self) -> set[int]:
        """The ids of flags and conditions, which never coincide."""
        return self.flags.keys() | self.conditions.keys()


def flag_of(row: FlagRow) -> Flag:
    """A flag as it travels."""
    return Flag(id=row.id, symbol=row.symbol, value=row.value, name=row.name)


def condition_of(row: ConditionRow) -> StoredCondition:
    """A condition that can be evaluated; one that cannot be parsed any more is false."""
    try:
        parsed = conditions.parse(row.expression)
    except Invalid as error:
        LOG.error("condition %d is false for ever: %s", row.id, error)
        parsed = conditions.Constant(False)
    return StoredCondition(row.id, row.expression, row.name, parsed)


def button_of(row: SmartButtonRow) -> SmartButton:
    """A smart button as it travels."""
    return SmartButton(id=row.id, device=row.device, channel=row.channel, input_type=row.input_type, job=row.job)


async def _all(tx: AsyncSession, table: Any) -> list[Any]:
    return list((await tx.execute(select(table))).scalars())
