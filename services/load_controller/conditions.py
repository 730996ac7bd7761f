"""System conditions: expressions over flags that jobs may be blocked by."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from sqlalchemy import delete

from services.load_controller import keeping
from services.load_controller.asking import Asked
from services.load_controller.controller import Controller
from services.load_controller.flags import LONGEST_NAME
from services.load_controller.house import SYMBOLS, StoredCondition
from services.load_controller.models import ConditionRow
from services.load_controller.rules import conditions as rules
from shared.contracts.flags import (
    AmendCondition,
    ConditionRequest,
    Conditions,
    CreateCondition,
    DeleteCondition,
    ReadConditions,
)
from shared.errors import Conflict, NotFound, TooLarge

MOST = 1000


async def create(asked: Asked, request: CreateCondition) -> Conditions:
    """A new condition; its id is that of no flag."""
    if len(asked.house.conditions) >= MOST:
        raise Conflict(f"there are {MOST} conditions already", code="too_many_conditions")
    return await _keep(asked, await keeping.new_id(asked, SYMBOLS), request.expression, request.name)


async def amend(asked: Asked, request: AmendCondition) -> Conditions:
    """What is not given stays."""
    stored = _find(asked, request.condition)
    expression = stored.expression if request.expression is msgspec.UNSET else request.expression
    name = stored.name if request.name is msgspec.UNSET else request.name
    return await _keep(asked, stored.id, expression, name)


async def remove(asked: Asked, request: DeleteCondition) -> Conditions:
    """It is gone; jobs that it blocked run."""
    stored = _find(asked, request.condition)
    await asked.tx.execute(delete(ConditionRow).where(keeping.key(ConditionRow.id) == stored.id))
    asked.after(lambda: asked.house.conditions.pop(stored.id, None))
    return Conditions(conditions=[stored.shown(asked.house.flag_values())])


def read(controller: Controller, request: ReadConditions) -> Conditions:
    """By id, each with its value now."""
    house = controller.house
    values = house.flag_values()
    if request.condition is None:
        return Conditions(conditions=[house.conditions[number].shown(values) for number in sorted(house.conditions)])
    if request.condition not in house.conditions:
        raise _no_such(request.condition)
    return Conditions(conditions=[house.conditions[request.condition].shown(values)])


CHANGES: dict[type[ConditionRequest], Callable[[Asked, Any], Awaitable[Conditions]]] = {
    CreateCondition: create,
    AmendCondition: amend,
    DeleteCondition: remove,
}


async def _keep(asked: Asked, number: int, expression: str, name: str) -> Conditions:
    if len(name) > LONGEST_NAME:
        raise TooLarge(f"a name has at most {LONGEST_NAME} characters", code="too_long")
    stored = StoredCondition(number, expression, name, rules.parse(expression))
    await asked.tx.merge(ConditionRow(id=number, expression=expression, name=name))
    asked.after(lambda: asked.house.conditions.update({number: stored}))
    return Conditions(conditions=[stored.shown(asked.house.flag_values())])


def _find(asked: Asked, number: int) -> StoredCondition:
    found = asked.house.conditions.get(number)
    if found is None:
        raise _no_such(number)
    return found


def _no_such(number: int) -> NotFound:
    return NotFound(f"condition {number} not found", code="no_such_condition")
