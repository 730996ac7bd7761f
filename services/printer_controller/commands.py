"""What each printer command does: decided by the state, written in the request's transaction, done after its commit."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import update
from sqlmodel import col

from services.printer_controller import analyses, bookkeeping, denied, discovery, file_names, files, runs, states
from services.printer_controller import view as views
from services.printer_controller.asking import Asked, Effect
from services.printer_controller.commands_by_hand import fake_ack, offset_temperatures
from services.printer_controller.connecting import LOST
from services.printer_controller.models import PrinterRow
from services.printer_controller.printers import Printer
from services.printer_controller.printing import PrintSource
from services.printer_controller.progress import Place
from services.printer_controller.session import PrinterSession
from services.printer_controller.states import Decision
from services.printer_controller.view import Selection
from shared.bus.refusals import caller_data
from shared.contracts.printers import (
    CancelPrint,
    CommandDone,
    ConnectPrinter,
    DisconnectPrinter,
    FakeAck,
    OffsetTemperatures,
    PausePrint,
    PrinterCommand,
    PrinterStatus,
    RestartPrint,
    SelectFile,
    SendGcode,
    StartPrint,
    UnselectFile,
)
from shared.contracts.runs import RunStatus
from shared.errors import Conflict, Invalid, NotFound, Unavailable

CLOSE_WITHIN = 3.0  # seconds
MOST_LINES = 500  # in one request
LONGEST_LINE = 250  # bytes


def session_of(printer: Printer) -> PrinterSession:
    """The printer's session; `Unavailable` in the moment between two."""
    if printer.session is None:
        raise Unavailable("the printer's session is being started")
    return printer.session


async def start(asked: Asked, command: StartPrint) -> CommandDone:
    """Print the selected file; with nothing selected nothing happens, and an event says so."""
    chosen = _chosen(asked)
    if _decided(asked, command) is Decision.NOTHING or chosen is None:
        data = {"printer": asked.printer.id, "caller": caller_data(asked.caller)}
        await asked.writing.event("print_without_file", asked.printer.id, data)
        return CommandDone(effect=False)
    return CommandDone(run=await begin(asked, chosen))


async def restart(asked: Asked, command: RestartPrint) -> CommandDone:
    """Begin again from a pause: the old run ends `cancelled`, a new one begins."""
    chosen, printer = _chosen(asked), asked.printer
    if _decided(asked, command) is Decision.NOTHING or chosen is None:
        return CommandDone(effect=False, run=printer.run)
    old = await runs.find(asked.writing.tx, printer.run) if printer.run is not None else None
    if old is not None:
        place = printer.place or Place(0, 0, old.size, 0.0)
        await runs.end(asked.writing, old, RunStatus.CANCELLED, place, runs.RESTARTED)
    return CommandDone(run=await begin(asked, chosen, again=True))


async def pause(asked: Asked, command: PausePrint) -> CommandDone:
    """Pause, resume or toggle."""
    session, decision = session_of(asked.printer), _decided(asked, command)
    effects = {Decision.PAUSE: session.pause, Decision.RESUME: session.resume}
    if decision in effects:
        asked.after(_if_still(asked, command, decision, effects[decision]))
    return CommandDone(run=asked.printer.run, effect=decision in effects)


async def cancel(asked: Asked, command: CancelPrint) -> CommandDone:
    """End the print; committed, it is a cancel whatever happens to the wire afterwards."""
    printer, decision = asked.printer, _decided(asked, command)
    row = await runs.find(asked.writing.tx, printer.run) if printer.run is not None else None
    if decision is Decision.NOTHING or row is None or row.cancelling:
        return CommandDone(run=printer.run, effect=False)
    row.cancelling = True
    await runs.step(asked.writing, row, "print_cancelling", user=asked.caller.name)
    asked.after(_if_still(asked, command, decision, session_of(printer).cancel))
    return CommandDone(run=row.id)


async def select(asked: Asked, command: SelectFile) -> CommandDone:
    """Select a file, and print it when asked to."""
    row = await files.find(asked.writing.tx, file_names.stored_path(command.path))
    if row is None:
        raise NotFound(f"There is no file {command.path!r}")
    _decided(asked, command)
    chosen = await analyses.selection_of(asked.writing.tx, row, asked.caller.name)
    await choose(asked, row.key, chosen)
    run = await begin(asked, chosen) if command.print else None
    return CommandDone(run=run)


async def unselect(asked: Asked, command: UnselectFile) -> CommandDone:
    """Select nothing; a path, when given, must be the selected one."""
    printer = asked.printer
    if printer.status is not PrinterStatus.OPERATIONAL:
        raise Conflict("Printer is already printing, cannot unselect the current file", code="already_printing")
    if printer.selection is None:
        raise Conflict("Cannot unselect current file when there is no file selected", code="nothing_selected")
    path = file_names.stored_path(command.path)
    if path != "current" and file_names.key(path) != printer.selection.key:
        raise Invalid("Only the currently selected file can be unselected", code="not_selected")
    await bookkeeping.set_selected(asked.writing.tx, printer.id, None, None)
    asked.after(lambda: printer.select(None))
    return CommandDone()


async def connect(asked: Asked, command: ConnectPrinter) -> CommandDone:
    """Open the line; the answer does not wait for the printer. A line that is open already stays as it is."""
    printer, session = asked.printer, session_of(asked.printer)
    await _check_connection(asked, command)
    saved = printer.saved
    if command.save:
        saved = replace(saved, port=command.port or saved.port, baudrate=_given(command.baudrate, saved.baudrate))
    if command.autoconnect is not None:
        saved = replace(saved, autoconnect=command.autoconnect)
    await asked.writing.tx.execute(
        update(PrinterRow).where(col(PrinterRow.id) == printer.id).values(
            saved_port=saved.port, saved_baudrate=saved.baudrate, saved_autoconnect=saved.autoconnect
        )
    )  # fmt: skip
    as_it_is = command.port in (None, discovery.AUTO, session.port) and command.baudrate in (None, 0, session.baudrate)
    stays = printer.status not in views.CLOSED and as_it_is

    async def reconnect() -> None:
        printer.saved = saved
        if not stays:
            await _close(session)
            asked.fleet.connecting[printer.id].want(command.port, command.baudrate)

    asked.after(reconnect)
    return CommandDone(run=printer.run if stays else None, effect=not stays)


async def disconnect(asked: Asked, command: DisconnectPrinter) -> CommandDone:  # noqa: ARG001
    """Close the line and look for the printer no more; a print under way ends `failed`."""
    printer, session = asked.printer, session_of(asked.printer)

    async def close() -> None:
        asked.fleet.connecting[printer.id].leave()
        await _close(session)

    asked.after(close)
    return CommandDone(run=printer.run, effect=printer.status not in LOST)


async def send(asked: Asked, command: SendGcode) -> CommandDone:
    """Send lines between those of a running print, or only where there is none."""
    if len(command.lines) > MOST_LINES:
        raise Invalid(f"at most {MOST_LINES} lines in one request", code="too_many_lines")
    for line in command.lines:
        if len(line.encode()) > LONGEST_LINE or any(ord(character) < 32 and character != "\t" for character in line):
            raise Invalid(f"a line has at most {LONGEST_LINE} bytes and no control characters", code="bad_line")
    decision = _decided(asked, command)
    never = denied.of_caller(asked.printer.settings, asked.caller.role)
    refused = next((found for line in command.lines if (found := denied.find(_code(line), never))), None)
    if refused is not None:
        raise Conflict(f"{refused} is on this printer's deny list", code="denied_command")
    session = session_of(asked.printer)
    asked.after(_if_still(asked, command, decision, lambda: session.send(command.lines, keep_modes=command.keep_modes)))
    return CommandDone(run=asked.printer.run)


COMMANDS: dict[type[PrinterCommand], Callable[[Asked, Any], Awaitable[CommandDone]]] = {
    StartPrint: start,
    RestartPrint: restart,
    PausePrint: pause,
    CancelPrint: cancel,
    SelectFile: select,
    UnselectFile: unselect,
    ConnectPrinter: connect,
    DisconnectPrinter: disconnect,
    SendGcode: send,
    OffsetTemperatures: offset_temperatures,
    FakeAck: fake_ack,
}

BY_STATE = (
    PausePrint,
    OffsetTemperatures,
    FakeAck,
)  # decided by the session's state alone, without reading or changing any row


async def choose(asked: Asked, key: str, chosen: Selection) -> None:
    """Make this the printer's selected file."""
    printer = asked.printer
    await bookkeeping.set_selected(asked.writing.tx, printer.id, key, asked.caller.name)
    asked.after(lambda: printer.select(chosen))


async def begin(asked: Asked, chosen: Selection, *, again: bool = False) -> str:
    """A run of the chosen file: accepted now, begun after the commit. Answers its id.

    Raises `Conflict` (`denied_command`) for a file that is known to hold what this printer must not be sent.
    """
    printer, writing = asked.printer, asked.writing
    never = denied.of_files(printer.settings, by_admin=chosen.by_admin)
    if chosen.analysis is not None:
        _refuse_denied(chosen.analysis.commands, never)
    run = await runs.accept(writing, printer.id, chosen, asked.caller)
    path = printer.shop.blobs.path(chosen.digest)
    source = PrintSource(run=run, path=path, size=chosen.file.size, name=chosen.file.display, denied=never)

    def print_it() -> None:
        known = printer.selection.analysis if printer.selection and printer.selection.digest == chosen.digest else None
        printer.selection = replace(chosen, analysis=known) if known is not None else chosen
        printer.begin(source, again=again)

    asked.after(print_it)
    return run


def _code(line: str) -> bytes:
    """A line without its comment."""
    return line.partition(";")[0].encode()


def _refuse_denied(first_lines: Mapping[str, int], never: frozenset[bytes]) -> None:
    found = [(line, command) for command, line in first_lines.items() if command.encode() in never]
    if found:
        raise Conflict(denied.in_file(*min(found)), code="denied_command")


async def _check_connection(asked: Asked, command: ConnectPrinter) -> None:
    """Raises `Invalid` for a port or rate that is not on offer; the host is asked only when the port is not our own."""
    printer = asked.printer
    own = command.port in (None, discovery.AUTO, printer.settings.port, printer.saved.port)
    found = [] if own else await asyncio.to_thread(printer.shop.ports)
    offered = discovery.options(printer.settings, found, asked.fleet.claimed_ports(printer), printer.saved)
    discovery.check(offered, command.port, command.baudrate)


def _decided(asked: Asked, command: PrinterCommand) -> Decision:
    return states.decide(command, asked.printer.status, asked.printer.selection is not None)


def _if_still(asked: Asked, command: PrinterCommand, decision: Decision, act: Callable[[], None]) -> Effect:
    """`act`, unless the print has come to something else between the decision and its commit."""

    def effect() -> None:
        if _decided(asked, command) is decision:
            act()

    return effect


def _chosen(asked: Asked) -> Selection | None:
    """The selected file as it is shown, for whoever prints it now."""
    chosen = asked.printer.selection
    return replace(chosen, user=asked.caller.name) if chosen is not None else None


async def _close(session: PrinterSession) -> None:
    async with asyncio.timeout(CLOSE_WITHIN):
        await session.disconnect()


def _given(value: int | None, otherwise: int | None) -> int | None:
    return value if value is not None else otherwise
