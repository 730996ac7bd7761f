"""Everything that can be asked of the printer controller: one table from topic to handler."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from services.printer_controller import asking, discovery, handlers_file_reads, handlers_files, handlers_log, states
from services.printer_controller.asking import Asked
from services.printer_controller.commands import BY_STATE, COMMANDS
from services.printer_controller.fleet import Fleet
from services.printer_controller.printers import Printer
from shared.bus import NOT_MINE, Bus, Delivery
from shared.bus.refusals import caller_data
from shared.contracts import topics
from shared.contracts.printers import Announced, CommandDone, ConnectionOptions, StopEmergency
from shared.contracts.topics import Topic
from shared.errors import JobError

Handler = Callable[[Fleet, Delivery], Awaitable[Any]]

# What people write as one word. A word says what it means: `pause` twice does not go on printing.
WORDS: Mapping[str, Mapping[str, Any]] = {
    "pause": {"command": "pause", "action": "pause"},
    "resume": {"command": "pause", "action": "resume"},
    "toggle": {"command": "pause", "action": "toggle"},
}


async def command_printer(fleet: Fleet, delivery: Delivery) -> CommandDone | Any:
    """Any printer command."""
    if isinstance(delivery.message, StopEmergency):
        return await stop_at_once(fleet, delivery)
    writes = not isinstance(delivery.message, BY_STATE)
    return await asking.decide(fleet, delivery, COMMANDS[type(delivery.message)], writes=writes)


async def stop_at_once(fleet: Fleet, delivery: Delivery) -> CommandDone | Any:
    """`M112` before anything is waited for, the database included; then it is written down like any command."""
    named = delivery.levels.get("printer") or delivery.message.printer
    printer = await fleet.answering(named)
    if printer is None:
        return await asking.nobodys(fleet, delivery, named)
    run = printer.run
    refused = _stop(fleet, printer, delivery)

    async def note(asked: Asked, command: StopEmergency) -> CommandDone:  # noqa: ARG001
        if refused is not None:
            raise refused
        data = {"printer": printer.id, "run": run, "caller": caller_data(asked.caller)}
        await asked.writing.event("emergency_stop_commanded", printer.id, data)
        return CommandDone(run=run)

    return await asking.decide(fleet, delivery, note)


def _stop(fleet: Fleet, printer: Printer, delivery: Delivery) -> JobError | None:
    """Stop, once for a message that comes twice; what the state rules have against it."""
    if printer.stopped_by(delivery.id):
        return None
    try:
        states.decide(delivery.message, printer.status, printer.selection is not None)
        fleet.connecting[printer.id].leave()
        if printer.session is not None:
            printer.session.emergency_stop()
    except JobError as error:
        return error
    return None


async def read_connection(fleet: Fleet, delivery: Delivery) -> ConnectionOptions | Any:
    """What this host offers to the printer now."""
    printer = await fleet.answering(delivery.message.printer)
    if printer is None:
        return NOT_MINE
    found = await asyncio.to_thread(fleet.shop.ports)
    return discovery.options(printer.settings, found, fleet.claimed_ports(printer), printer.saved)


async def announce(fleet: Fleet, delivery: Delivery) -> Announced:  # noqa: ARG001
    """Publish all retained state again."""
    return Announced(topics=await fleet.announce())


@dataclass(frozen=True)
class Row:
    """How one topic is handled: by `handler`, one message after another within the lane that `lane` names."""

    topic: Topic
    handler: Handler
    lane: Callable[[Delivery], str]
    words: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def _by_printer(delivery: Delivery) -> str:
    """Commands to one printer keep their order; an emergency stop waits for none of them."""
    printer = delivery.levels.get("printer") or delivery.message.printer
    return f"{printer} emergency" if isinstance(delivery.message, StopEmergency) else str(printer)


def _reads(delivery: Delivery) -> str:
    return f"read {delivery.id}"


def _deciding(decider: asking.Decider) -> Handler:
    return lambda fleet, delivery: asking.decide(fleet, delivery, decider)


HANDLERS: tuple[Row, ...] = (
    Row(topics.COMMAND_PRINTER, command_printer, _by_printer),
    Row(topics.PRINTER_SET, command_printer, _by_printer, WORDS),
    Row(topics.ADD_FILE, _deciding(handlers_files.add_file), _by_printer),
    Row(topics.CREATE_FOLDER, _deciding(handlers_files.create_folder), _by_printer),
    Row(topics.DELETE_FILE, _deciding(handlers_files.delete_file), _by_printer),
    Row(topics.COPY_FILE, _deciding(handlers_files.copy_file), _by_printer),
    Row(topics.MOVE_FILE, _deciding(handlers_files.move_file), _by_printer),
    Row(topics.ANALYSE_FILE, _deciding(handlers_files.analyse_file), _by_printer),
    Row(topics.LIST_FILES, handlers_file_reads.list_files, _reads),
    Row(topics.READ_FILE, handlers_file_reads.read_file, _reads),
    Row(topics.READ_BLOB_USE, handlers_file_reads.read_blob_use, _reads),
    Row(topics.READ_CONNECTION, read_connection, _reads),
    Row(topics.FOLLOW_LOG, handlers_log.follow_log, _reads),
    Row(topics.ANNOUNCE, announce, _reads),
)


def register(bus: Bus, fleet: Fleet) -> None:
    """Let the bus call the handlers."""
    for row in HANDLERS:
        bus.take(row.topic, partial(row.handler, fleet), lane=row.lane, words=row.words)
