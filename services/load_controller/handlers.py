"""Everything that can be asked of the load controller: one table from topic to handler."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import msgspec

from services.load_controller import (
    asking,
    commanding,
    conditions,
    flags,
    jobs,
    records,
    running,
    script_store,
    smart_buttons,
)
from services.load_controller.controller import Controller
from services.load_controller.holdings import HOUSE
from services.load_controller.rules import sections, words
from shared.bus import NOT_MINE, Bus, Delivery
from shared.bus.codec import Words
from shared.contracts import load_topics as topics
from shared.contracts.load_jobs import JobRun
from shared.contracts.loads import ChangeLoad, LoadCommanded
from shared.contracts.printers import Announced
from shared.contracts.topics import Topic
from shared.errors import Invalid

Handler = Callable[[Controller, Delivery], Awaitable[Any]]


async def command_load(controller: Controller, delivery: Delivery) -> LoadCommanded | Any:
    """Any command for one load: its holder answers; for a load that there is not, the holder of the house."""
    part = controller.responsible(commanding.number_of(delivery))
    decider = commanding.COMMANDS[type(delivery.message)]
    quickly = type(delivery.message) is not ChangeLoad
    return await asking.decide(controller, delivery, decider, part, quickly=quickly)


async def set_group(controller: Controller, delivery: Delivery) -> Any:
    """An hvac group's first load says who answers."""
    group = controller.loads.groups.get(commanding.group_number_of(delivery) or 0)
    part = controller.responsible(group.loads[0] if group is not None and group.loads else None)
    return await asking.decide(controller, delivery, commanding.set_group, part, quickly=True)


async def run_job(controller: Controller, delivery: Delivery) -> JobRun | Any:
    """Run sections of a job. A run that sets flags is a change of the house, and takes its turn."""
    if not delivery.message.job and "job" in delivery.levels:
        delivery.message.job = _number(delivery.levels["job"])
    job = controller.house.jobs.get(delivery.message.job)
    changes = (
        job is not None and job.flag_values and "flag_values" in sections.SECTIONS.get(delivery.message.section, ())
    )
    if changes:
        answer = await asking.change(controller, delivery, running.run_job)
    else:
        answer = await asking.decide(controller, delivery, running.run_job, HOUSE, quickly=True)
    if not isinstance(answer, JobRun) or not answer.job.scripts:
        return answer
    return msgspec.structs.replace(answer, script_error=await controller.script_runs.error(answer.run))


async def scripts(controller: Controller, delivery: Delivery) -> Any:
    """Texts are changed in the database; starting and stopping is done, and not repeated for a repeat."""
    act = script_store.ACTS.get(type(delivery.message))
    if act is not None:
        return await act(controller, delivery.message) if controller.serves(HOUSE) else NOT_MINE
    return await _defined(script_store.CHANGES, script_store.read)(controller, delivery)


async def announce(controller: Controller, delivery: Delivery) -> Announced:  # noqa: ARG001
    """Publish all retained state again."""
    return Announced(topics=await controller.announce())


def _number(level: str) -> int:
    return int(level) if level.isascii() and level.isdigit() and len(level) <= 10 else 0


def _changing(decider: asking.Decider) -> Handler:
    return lambda controller, delivery: asking.change(controller, delivery, decider)


def _defined(changes: Mapping[Any, asking.Decider], read: Callable[[Controller, Any], Any]) -> Handler:
    """Changes are decided one after another; a question is answered at once, and by nobody while nobody is there."""

    async def handle(controller: Controller, delivery: Delivery) -> Any:
        decider = changes.get(type(delivery.message))
        if decider is not None:
            return await asking.change(controller, delivery, decider)
        return read(controller, delivery.message) if controller.serves(HOUSE) else NOT_MINE

    return handle


# What single words mean to each kind of command.


def _said_to_load(word: str) -> Mapping[str, Any]:
    return {"text": word}


def _button(word: str) -> Mapping[str, Any]:
    return {"button": word}


def _section(word: str) -> Mapping[str, Any]:
    return {"section": word}


def _event(word: str) -> Mapping[str, Any]:
    return {"event": word}


def _temperatures(word: str) -> Mapping[str, Any] | None:
    try:
        meant = words.group_meaning(word)
    except Invalid:
        return None
    given = {name: getattr(meant, name) for name in ("target_temperature", "boost_temperature")}
    return {name: value for name, value in given.items() if value is not None}


_TRUTHS = {"on": True, "true": True, "1": True, "off": False, "false": False, "0": False}


def _truth(word: str) -> Mapping[str, Any] | None:
    return {"value": _TRUTHS[word]} if word in _TRUTHS else None


@dataclass(frozen=True)
class Row:
    """How one topic is handled: by `handler`, one message after another within the lane that `lane` names."""

    topic: Topic
    handler: Handler
    lane: Callable[[Delivery], str]
    words: Words | None = None


def _by_load(delivery: Delivery) -> str:
    return f"load {commanding.number_of(delivery)}"


def _by_group(delivery: Delivery) -> str:
    return f"group {commanding.group_number_of(delivery)}"


def _by_button(delivery: Delivery) -> str:
    return f"button {delivery.levels.get('button') or delivery.message.button}"


def _by_flag(delivery: Delivery) -> str:
    return f"flag {delivery.levels['flag']}"


def _free(delivery: Delivery) -> str:
    """Side by side: whoever wants an order waits for the answer."""
    return f"free {delivery.id or id(delivery)}"


HANDLERS: tuple[Row, ...] = (
    Row(topics.LOAD_SET, command_load, _by_load, _said_to_load),
    Row(topics.LOAD_CTRL, command_load, _by_load, _button),
    Row(topics.COMMAND_LOAD, command_load, _by_load),
    Row(topics.HVAC_GROUP_SET, set_group, _by_group, _temperatures),
    Row(topics.SET_HVAC_GROUP, set_group, _by_group),
    Row(topics.RUN_JOB, run_job, _free),
    Row(topics.LOAD_JOB_RUN, run_job, _free, _section),
    Row(topics.FLAG_SET, _changing(flags.set_value), _by_flag, _truth),
    Row(topics.PRESS, _changing(smart_buttons.press), _by_button),
    Row(topics.SMART_BUTTON_PRESS, _changing(smart_buttons.press), _by_button, _event),
    Row(topics.JOBS, _defined(jobs.CHANGES, jobs.read), _free),
    Row(topics.FLAGS, _defined(flags.CHANGES, flags.read), _free),
    Row(topics.CONDITIONS, _defined(conditions.CHANGES, conditions.read), _free),
    Row(topics.SMART_BUTTONS, _defined(smart_buttons.CHANGES, smart_buttons.read), _free),
    Row(topics.RECORDS, _defined(records.CHANGES, records.read), _free),
    Row(topics.SCRIPTS, scripts, _free),
    Row(topics.ANNOUNCE_LOADS, announce, _free),
)


def register(bus: Bus, controller: Controller) -> None:
    """Let the bus call the handlers."""
    for row in HANDLERS:
        bus.take(row.topic, partial(row.handler, controller), lane=row.lane, words=row.words)
