"""Smart buttons: input channels that run a job when they are pressed, and how they are programmed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from sqlalchemy import delete

from services.load_controller import keeping, running
from services.load_controller.asking import Asked
from services.load_controller.controller import Controller
from services.load_controller.house import BUTTONS
from services.load_controller.models import SmartButtonRow
from services.load_controller.rules import sections
from services.load_controller.rules.buttons import EVENTS
from shared.contracts import load_topics as topics
from shared.contracts.messages import Caller
from shared.contracts.smart_buttons import (
    CreateSmartButton,
    DeleteSmartButton,
    LinkSmartButton,
    PressSmartButton,
    ProgramSmartButtons,
    ReadSmartButtons,
    SmartButton,
    SmartButtonPressed,
    SmartButtonRequest,
    SmartButtons,
)
from shared.errors import Conflict, Invalid, NotFound

MOST = 1000
TYPES = ("scene", "groupctrl")
LONGEST_DEVICE = 64
LONGEST_PROGRAMMING = 600  # seconds


async def create(asked: Asked, request: CreateSmartButton) -> SmartButtons:
    """An input channel becomes a smart button; one that is one already keeps its id."""
    if len(asked.house.buttons) >= MOST:
        raise Conflict(f"there are {MOST} smart buttons already", code="too_many_buttons")
    if not request.device or len(request.device) > LONGEST_DEVICE or not 0 <= request.channel <= 255:
        raise Invalid("a smart button is a device's address and a channel from 0 to 255", code="bad_button")
    place = (request.device, request.channel)
    known = next((each for each in asked.house.buttons.values() if (each.device, each.channel) == place), None)
    number = known.id if known is not None else await keeping.new_id(asked, BUTTONS)
    button = SmartButton(
        id=number, device=request.device, channel=request.channel, input_type=request.input_type, job=request.job
    )
    return await _keep(asked, button)


async def link(asked: Asked, request: LinkSmartButton) -> SmartButtons:
    """To a job, or to none."""
    button = find(asked.controller, request.button)
    return await _keep(asked, button if request.job is msgspec.UNSET else _with(button, job=request.job))


async def remove(asked: Asked, request: DeleteSmartButton) -> SmartButtons:
    """It is no smart button any more."""
    button = find(asked.controller, request.button)
    await asked.tx.execute(delete(SmartButtonRow).where(keeping.key(SmartButtonRow.id) == button.id))
    await asked.publish(topics.SMART_BUTTON, "", button=button.id)
    asked.after(lambda: asked.house.buttons.pop(button.id, None))
    return SmartButtons(buttons=[button], programming=_programming(asked.controller))


async def program(asked: Asked, request: ProgramSmartButtons) -> SmartButtons:
    """Begin or end the programming mode; it is forgotten when the controller stops."""
    if request.button_type not in TYPES:
        raise _no_such_type(request.button_type)
    if not 1 <= request.timeout <= LONGEST_PROGRAMMING:
        raise Invalid(f"timeout must be 1 to {LONGEST_PROGRAMMING} seconds", code="out_of_range")
    house, clock = asked.house, asked.controller.clock
    until = clock.monotonic() + request.timeout if request.on else 0.0

    def effect() -> None:
        house.programming_until, house.programming_type = until, request.button_type

    asked.after(effect)
    return SmartButtons(buttons=[house.buttons[number] for number in sorted(house.buttons)], programming=request.on)


def read(controller: Controller, request: ReadSmartButtons) -> SmartButtons:
    """By id."""
    buttons = controller.house.buttons
    found = [buttons[number] for number in sorted(buttons)]
    if request.button is not None:
        found = [find(controller, request.button)]
    return SmartButtons(buttons=found, programming=_programming(controller))


CHANGES: dict[type[SmartButtonRequest], Callable[[Asked, Any], Awaitable[SmartButtons]]] = {
    CreateSmartButton: create,
    LinkSmartButton: link,
    DeleteSmartButton: remove,
    ProgramSmartButtons: program,
}


async def press(asked: Asked, request: PressSmartButton) -> SmartButtonPressed:
    """Somebody pressed a button: its job runs, unless buttons are being programmed.

    A scene runs when it is clicked or pressed; a group control passes every event on to its loads.
    """
    controller = asked.controller
    button = find(controller, int(asked.delivery.levels.get("button", request.button)))
    if request.event not in EVENTS:
        raise Invalid(f"there is no event {request.event[:40]!r}: {', '.join(EVENTS)}", code="no_such_event")
    programming = _programming(controller)
    run = None
    if programming:
        await _keep(asked, _with(button, input_type=controller.house.programming_type))
    else:
        run = await _run(asked, button, request)
    pressed = SmartButtonPressed(
        id=button.id, device=button.device, channel=button.channel, event=request.event, type=request.type,
        run=run, programming=programming, at=asked.now,
    )  # fmt: skip
    await asked.publish(topics.SMART_BUTTON_PRESSED, pressed, button=button.id)
    return pressed


def find(controller: Controller, number: int) -> SmartButton:
    """The smart button of that id. Raises `NotFound`."""
    found = controller.house.buttons.get(number)
    if found is None:
        raise NotFound(f"smart button {number} not found", code="no_such_button")
    return found


async def _run(asked: Asked, button: SmartButton, request: PressSmartButton) -> str | None:
    job = asked.house.jobs.get(button.job or 0)
    if job is None or (button.input_type == "scene" and request.event == "release"):
        return None
    event, side = (None, None) if button.input_type == "scene" else (request.event, request.type)
    plan = sections.plan(job, button.input_type, asked.controller.known, event=event, button=side)
    caller = Caller(name=f"smart button {button.id}", via=asked.caller.via, role=asked.caller.role)
    pressed = (request.event, request.type, button.id)
    return (await running.accept(asked, job, plan, caller, pressed=pressed)).run


async def _keep(asked: Asked, button: SmartButton) -> SmartButtons:
    if button.input_type not in TYPES:
        raise _no_such_type(button.input_type)
    await asked.tx.merge(SmartButtonRow(**msgspec.structs.asdict(button)))
    await asked.publish(topics.SMART_BUTTON, button, button=button.id)
    asked.after(lambda: asked.house.buttons.update({button.id: button}))
    return SmartButtons(buttons=[button], programming=_programming(asked.controller))


def _programming(controller: Controller) -> bool:
    return controller.clock.monotonic() < controller.house.programming_until


def _with(button: SmartButton, **changes: Any) -> SmartButton:
    return msgspec.structs.replace(button, **changes)


def _no_such_type(name: str) -> Invalid:
    return Invalid(f"there is no button type {name[:40]!r}: {', '.join(TYPES)}", code="no_such_type")
