"""System flags: kept with unique symbols, published when they change, set by clients, jobs and MQTT alike."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from sqlalchemy import delete

from services.load_controller import keeping
from services.load_controller.asking import Asked
from services.load_controller.controller import Controller, flag_state
from services.load_controller.house import SYMBOLS
from services.load_controller.models import FlagRow
from services.load_controller.rules import conditions
from shared.contracts import load_topics as topics
from shared.contracts.flags import (
    AmendFlag,
    CreateFlag,
    DeleteFlag,
    Flag,
    FlagRequest,
    Flags,
    ReadFlags,
    SetFlag,
)
from shared.errors import Conflict, Invalid, NotFound, TooLarge

MOST = 1000
LONGEST_NAME = 200


async def create(asked: Asked, request: CreateFlag) -> Flags:
    """A new flag."""
    if len(asked.house.flags) >= MOST:
        raise Conflict(f"there are {MOST} flags already", code="too_many_flags")
    flag = Flag(id=await keeping.new_id(asked, SYMBOLS), symbol=request.symbol, value=request.value, name=request.name)
    return await _keep(asked, flag)


async def amend(asked: Asked, request: AmendFlag) -> Flags:
    """What is not given stays."""
    given = {name: getattr(request, name) for name in ("symbol", "value", "name")}
    changes = {name: value for name, value in given.items() if value is not msgspec.UNSET}
    return await _keep(asked, msgspec.structs.replace(find(asked, request.flag), **changes))


async def set_value(asked: Asked, request: SetFlag) -> Flags:
    """As on MQTT."""
    number = int(asked.delivery.levels.get("flag", request.flag))
    return await _keep(asked, msgspec.structs.replace(find(asked, number), value=request.value))


async def set_by_run(asked: Asked, number: int, value: bool) -> None:
    """A section of a job sets a flag; one that is gone is left out."""
    flag = asked.house.flags.get(number)
    if flag is not None:
        await _keep(asked, msgspec.structs.replace(flag, value=value))


async def remove(asked: Asked, request: DeleteFlag) -> Flags:
    """It is gone; conditions that speak of it find it false, and jobs that it blocked run."""
    flag = find(asked, request.flag)
    await asked.tx.execute(delete(FlagRow).where(keeping.key(FlagRow.id) == flag.id))
    await asked.publish(topics.FLAG_STATE, "", flag=flag.id)
    asked.after(lambda: asked.house.flags.pop(flag.id, None))
    return Flags(flags=[flag])


def read(controller: Controller, request: ReadFlags) -> Flags:
    """By id."""
    flags = controller.house.flags
    if request.flag is None:
        return Flags(flags=[flags[number] for number in sorted(flags)])
    if request.flag not in flags:
        raise _no_such(request.flag)
    return Flags(flags=[flags[request.flag]])


CHANGES: dict[type[FlagRequest], Callable[[Asked, Any], Awaitable[Flags]]] = {
    CreateFlag: create,
    AmendFlag: amend,
    DeleteFlag: remove,
}


def find(asked: Asked, number: int) -> Flag:
    """The flag of that id. Raises `NotFound`."""
    found = asked.house.flags.get(number)
    if found is None:
        raise _no_such(number)
    return found


async def _keep(asked: Asked, flag: Flag) -> Flags:
    if not conditions.is_symbol(flag.symbol):
        raise Invalid(
            f"{flag.symbol[:64]!r} cannot be a symbol: letters, digits and '_', at most 64", code="bad_symbol"
        )
    if len(flag.name) > LONGEST_NAME:
        raise TooLarge(f"a name has at most {LONGEST_NAME} characters", code="too_long")
    if any(other.symbol == flag.symbol and other.id != flag.id for other in asked.house.flags.values()):
        raise Conflict(f"there is a flag {flag.symbol!r} already", code="symbol_taken")
    await asked.tx.merge(FlagRow(id=flag.id, symbol=flag.symbol, value=flag.value, name=flag.name))
    await asked.publish(topics.FLAG_STATE, flag_state(asked.controller, flag), flag=flag.id)
    asked.after(lambda: asked.house.flags.update({flag.id: flag}))
    return Flags(flags=[flag])


def _no_such(number: int) -> NotFound:
    return NotFound(f"flag {number} not found", code="no_such_flag")
