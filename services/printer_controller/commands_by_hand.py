"""What people do to a printer beside printing and sending lines: temperature offsets, and a lost `ok`."""

from __future__ import annotations

from services.printer_controller import states, temperatures
from services.printer_controller.asking import Asked
from services.printer_controller.printers import Printer
from services.printer_controller.temperature_offsets import MOST
from shared.contracts.printers import CommandDone, FakeAck, OffsetTemperatures
from shared.errors import Invalid


async def offset_temperatures(asked: Asked, command: OffsetTemperatures) -> CommandDone:
    """Move the targets in print files from now on.

    Raises `Conflict` while the printer is not operational, `Invalid` for an offset or a heater that there is not.
    """
    printer = asked.printer
    states.decide(command, printer.status, printer.selection is not None)
    names = temperatures.heater_names(printer.settings)
    for name, offset in command.offsets.items():
        if name not in names:
            raise Invalid(f"this printer has no heater {name!r}", code="no_such_heater")
        if not -MOST <= offset <= MOST:
            raise Invalid(f"an offset is between {-MOST:.0f} and {MOST:.0f} degrees", code="bad_offset")

    def offset_now() -> None:
        if printer.session is not None:
            printer.session.offset_temperatures(command.offsets)
            printer.publishing.everything()

    asked.after(offset_now)
    return CommandDone(run=printer.run)


async def fake_ack(asked: Asked, command: FakeAck) -> CommandDone:  # noqa: ARG001
    """Ask the printer now what it has done, instead of believing that it has: that is certain, and as quick.

    OctoPrint takes this in every state.
    """
    printer = asked.printer
    asked.after(lambda: _find_lost_ok(printer))
    return CommandDone(run=printer.run, effect=printer.status in states.OPERATIONAL)


def _find_lost_ok(printer: Printer) -> None:
    if printer.session is not None:
        printer.session.find_lost_ok()
