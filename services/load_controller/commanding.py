"""Commands for one load or hvac group alone: decided by its holder, stored until the load has answered."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any

import msgspec

from services.load_controller import orders
from services.load_controller.asking import Asked
from services.load_controller.drivers.driver import Ping
from services.load_controller.loads import CHANGEABLE, Load
from services.load_controller.models import LoadRow
from services.load_controller.orders import GOOD_FOR, Command, Order
from services.load_controller.rules import attributes, buttons, words
from services.load_controller.rules.words import Press
from services.load_controller.running import give
from shared.contracts.loads import (
    ChangeLoad,
    ControlLoad,
    HvacGroupCommanded,
    LoadCommand,
    LoadCommanded,
    PingLoad,
    SetHvacGroup,
    SetLoad,
    TargetState,
)
from shared.errors import Invalid, NotFound, TooLarge
from shared.identifiers import new_id
from shared.load_settings import HvacGroupSettings

LONGEST_NAME = 200
KINDS = range(256)
PING = range(500, 60_001)
_ATTRIBUTES = TargetState.__struct_fields__


def number_of(delivery: Any) -> int | None:
    """The load that a request is about, from its topic or from itself; None for what is no number."""
    level = delivery.levels.get("load")
    return delivery.message.load if level is None else _number(level)


def group_number_of(delivery: Any) -> int | None:
    """The same for an hvac group."""
    level = delivery.levels.get("group")
    return delivery.message.group if level is None else _number(level)


def _number(level: str) -> int | None:
    return int(level) if level.isascii() and level.isdigit() and len(level) <= 10 else None


def load_of(asked: Asked) -> Load:
    """The load that the request is about. Raises `NotFound`."""
    number = number_of(asked.delivery)
    if number is None:
        raise NotFound(f"load {asked.delivery.levels['load']} not found", code="no_such_load")
    return asked.controller.load(number)


async def set_load(asked: Asked, request: SetLoad) -> LoadCommanded:
    """A target state, given as such, flat, or as a word."""
    load = load_of(asked)
    kind, sub_type = load.settings.type, load.settings.sub_type
    if request.text is not None:
        meant = words.meaning(kind, sub_type, request.text)
        if isinstance(meant, Press):
            return await _command(asked, load, Command(button=meant.button, event=meant.event))
        target = meant
    else:
        target = request.target or TargetState(**{name: getattr(request, name) for name in _ATTRIBUTES})
    return await _command(asked, load, Command(target=attributes.check_target(kind, sub_type, target)))


async def control_load(asked: Asked, request: ControlLoad) -> LoadCommanded:
    """A press of one of its buttons."""
    load = load_of(asked)
    press = buttons.check_press(request.button.lower(), request.event.lower())
    return await _command(asked, load, Command(button=press.button, event=press.event))


async def ping_load(asked: Asked, request: PingLoad) -> LoadCommanded:
    """Make it show itself; nobody waits for that."""
    load = load_of(asked)
    if request.time_ms not in PING:
        raise Invalid(f"time_ms must be {PING.start} to {PING.stop - 1}", code="out_of_range")
    ping = Ping(request.time_ms, request.blink_pattern[:64], request.color[:16])
    asked.after(lambda: asked.controller.driving.tell(load, ping))
    return LoadCommanded(load=load.id)


async def change_load(asked: Asked, request: ChangeLoad) -> LoadCommanded:
    """Name, room, kind or whether it is used."""
    load, controller = load_of(asked), asked.controller
    given = {name: getattr(request, name) for name in CHANGEABLE}
    changes = {**load.changes, **{name: value for name, value in given.items() if value is not msgspec.UNSET}}
    _check_changes(changes)
    await asked.tx.merge(LoadRow(id=load.id, changes=changes, changed_at=asked.now))

    def effect() -> None:
        load.changes = changes
        controller.renamed(load)
        controller.publishing.info(load)

    asked.after(effect)
    shown = Load(load.settings)
    shown.changes = changes
    info = shown.info(controller.owner, asked.now, controller.publishing.next_version())
    return LoadCommanded(load=load.id, info=info)


COMMANDS: dict[type[LoadCommand], Callable[[Asked, Any], Awaitable[LoadCommanded]]] = {
    SetLoad: set_load,
    ControlLoad: control_load,
    PingLoad: ping_load,
    ChangeLoad: change_load,
}


async def set_group(asked: Asked, request: SetHvacGroup) -> HvacGroupCommanded:
    """Temperatures for all loads of a group, whoever holds them."""
    group = _group_of(asked)
    wanted = {name: getattr(request, name) for name in attributes.GROUP if getattr(request, name) is not None}
    target = attributes.check_group_target(wanted)
    await _store(asked, [(load, Command(target=target, group=group.id, alone=True)) for load in group.loads])
    return HvacGroupCommanded(group=group.id, target=TargetState(**target))


def _group_of(asked: Asked) -> HvacGroupSettings:
    number = group_number_of(asked.delivery)
    group = asked.controller.loads.groups.get(number or 0)
    if group is None:
        raise NotFound(f"hvac group {number} not found", code="no_such_group")
    return group


async def _command(asked: Asked, load: Load, command: Command) -> LoadCommanded:
    command.alone = True
    stored = await _store(asked, [(load.id, command)])
    target = stored[0].command.target
    return LoadCommanded(load=load.id, target=None if target is None else TargetState(**target))


async def _store(asked: Asked, commands: list[tuple[int, Command]]) -> list[Order]:
    controller, name = asked.controller, new_id()
    until = asked.now + timedelta(seconds=GOOD_FOR)
    made = [Order(name, number, load, command, until) for number, (load, command) in enumerate(commands)]
    handed = [controller.driving.resolve(order) for order in made if controller.serves_load(order.load)]
    for order in made:
        await orders.store(asked.tx, order)
    asked.after(lambda: give(controller, handed))
    return made


def _check_changes(changes: Mapping[str, Any]) -> None:
    if len(changes.get("name", "")) > LONGEST_NAME:
        raise TooLarge(f"a name has at most {LONGEST_NAME} characters", code="too_long")
    if (changes.get("kind") or 0) not in KINDS:
        raise Invalid(f"kind must be 0 to {KINDS.stop - 1}", code="out_of_range")
    if not -(2**31) <= (changes.get("room") or 0) < 2**31:
        raise Invalid("room must be the number of a room", code="out_of_range")
