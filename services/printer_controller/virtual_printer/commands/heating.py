"""Heaters, their waits and reports, and the fan."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..heaters import Heater
from ..parser import words
from .table import Handler, Waiting, passed

if TYPE_CHECKING:
    from ..firmware import Firmware

REPORT_SECONDS = 1.0  # while waiting, whatever the speed factor
RESIDENCY_SECONDS = 2.0  # the target must hold this long


def _hotend(board: Firmware, argument: str) -> Heater | None:
    tool = words(argument).get("T")
    number = board.thermostat.tool if tool is None else int(tool)
    if number < len(board.thermostat.tools):
        return board.thermostat.tools[number]
    board.say(f"echo:M104 Invalid extruder {number}")
    return None


def _bed(board: Firmware, _argument: str) -> Heater | None:
    return board.thermostat.bed


def _chamber(board: Firmware, _argument: str) -> Heater | None:
    return board.thermostat.chamber


def _set(board: Firmware, heater: Heater | None, argument: str) -> None:
    target = words(argument).get("S")
    if heater is not None and target is not None:
        heater.set(target, board.now)


def set_hotend(board: Firmware, argument: str) -> None:
    """M104 S<°C> T<tool>."""
    _set(board, _hotend(board, argument), argument)


def set_bed(board: Firmware, argument: str) -> None:
    """M140 S<°C>."""
    _set(board, _bed(board, argument), argument)


def set_chamber(board: Firmware, argument: str) -> None:
    """M141 S<°C>."""
    _set(board, _chamber(board, argument), argument)


def _heat(board: Firmware, heater: Heater | None, argument: str) -> Waiting | None:
    """Set and wait: S waits for heating only, R for cooling too."""
    given = words(argument)
    target = given.get("S") if given.get("S") is not None else given.get("R")
    if heater is None or target is None:
        return None
    heater.set(target, board.now)
    if given.get("R") is None and heater.target <= heater.temperature:
        return None
    return _until_reached(board, heater)


def _until_reached(board: Firmware, heater: Heater) -> Waiting:
    report_at = board.now + REPORT_SECONDS
    while not board.cancelled and (left := heater.seconds_to_target()) > 0:
        if report_at <= board.now:
            board.say(f" {board.thermostat.report(board.now)} W:?")
            report_at = board.now + REPORT_SECONDS
        yield min(report_at, board.now + left)
        heater.advance(board.now)
    yield from passed(board, RESIDENCY_SECONDS)
    board.say(f" {board.thermostat.report(board.now)} W:0")


def wait_hotend(board: Firmware, argument: str) -> Waiting | None:
    """M109 S<°C> or R<°C>."""
    return _heat(board, _hotend(board, argument), argument)


def wait_bed(board: Firmware, argument: str) -> Waiting | None:
    """M190 S<°C> or R<°C>."""
    return _heat(board, _bed(board, argument), argument)


def wait_chamber(board: Firmware, argument: str) -> Waiting | None:
    """M191 S<°C> or R<°C>."""
    return _heat(board, _chamber(board, argument), argument)


def report_temperatures(board: Firmware, _argument: str) -> None:
    """M105: the report stands in the ok's own line."""
    board.ok_words = " " + board.thermostat.report(board.now)


def report_by_itself(board: Firmware, argument: str) -> None:
    """M155 S<seconds>; 0 ends it."""
    seconds = words(argument).get("S")
    if seconds is not None:
        board.report_every = min(max(0.0, seconds), 60.0)
        board.report_at = board.now + board.report_every if board.report_every else float("inf")


def fan_on(board: Firmware, argument: str) -> None:
    """M106 S<0..255>."""
    power = words(argument).get("S")
    board.fan = 255 if power is None else round(min(max(0.0, power), 255.0))


def fan_off(board: Firmware, _argument: str) -> None:
    """M107."""
    board.fan = 0


HANDLERS: dict[str, Handler] = {
    "M104": set_hotend,
    "M105": report_temperatures,
    "M106": fan_on,
    "M107": fan_off,
    "M109": wait_hotend,
    "M140": set_bed,
    "M141": set_chamber,
    "M155": report_by_itself,
    "M190": wait_bed,
    "M191": wait_chamber,
}
