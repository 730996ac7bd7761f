"""What host and firmware say to each other about themselves: capabilities, numbers, messages, stops."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ..parser import words
from .table import Handler, Waiting, done, moves_finished, passed

if TYPE_CHECKING:
    from ..firmware import Firmware

FOREVER = 7 * 86_400.0  # seconds a wait for the user may take


def capabilities(board: Firmware, _argument: str) -> None:
    """M115."""
    options = board.options
    board.say(
        "FIRMWARE_NAME:Marlin (Jobwire virtual printer) PROTOCOL_VERSION:1.0 MACHINE_TYPE:Virtual Printer "
        f"EXTRUDER_COUNT:{options.tools} UUID:00000000-0000-0000-0000-000000000000"
    )
    known = {
        "SERIAL_XON_XOFF": False,
        "ADVANCED_OK": options.advanced_ok,
        "AUTOREPORT_TEMP": True,
        "AUTOREPORT_SD_STATUS": False,
        "EMERGENCY_PARSER": options.emergency_parser,
        "HOST_ACTION_COMMANDS": True,
        "HOST_KEEPALIVE": True,
        "SDCARD": options.card,
        "CHAMBER_TEMPERATURE": options.heated_chamber,
    }
    for name, has in known.items():
        board.say(f"Cap:{name}:{int(has)}")


def keepalive(board: Firmware, argument: str) -> None:
    """M113 S<seconds>: how often `busy:` comes; 0 is never."""
    seconds = words(argument).get("S")
    if seconds is None:
        board.say(f"echo:M113 S{board.busy_interval:.0f}")
    else:
        board.busy_interval = min(max(0.0, seconds), 60.0)


def set_number(board: Firmware, argument: str) -> None:
    """M110 without a number before it; with one, the number was set when the line was checked."""
    number = words(argument).get("N")
    if number is not None and board.command_number is None:
        board.last_number = int(number)


def say_to_host(board: Firmware, argument: str) -> None:
    """M118: `A1` puts `// ` before the text, `E1` puts `echo:`."""
    text = argument.strip()
    marks = {"A1": "// ", "E1": "echo:", "A0": "", "E0": "", "P0": ""}
    before = ""
    while (mark := text.partition(" ")[0]) in marks:
        before += marks[mark]
        text = text[len(mark) :].lstrip()
    board.say(before + text)


def kill(board: Firmware, _argument: str) -> None:
    """M112 where no emergency parser heard it first."""
    board.kill()


def stop_waiting(board: Firmware, _argument: str = "") -> None:
    """M108: a wait under way ends now."""
    board.cancelled = True
    board.hurry()


def quick_stop(board: Firmware, _argument: str = "") -> None:
    """M410: all planned moves are thrown away."""
    board.planner.stop()
    board.hurry()


def pause_for_user(board: Firmware, argument: str) -> Waiting:
    """M0, M1: wait S seconds or P milliseconds, or until M108."""
    given = words(argument)
    yield from moves_finished(board)
    seconds = given.get("S") or (given.get("P") or 0.0) / 1000
    if seconds:
        yield from passed(board, seconds)
        return
    end = board.now + FOREVER
    board.say("//action:prompt_begin Waiting for the user")
    board.say("//action:prompt_show")
    while board.now < end and not board.cancelled:
        yield end
    board.say("//action:prompt_end")


HANDLERS: dict[str, Handler] = {
    "M0": pause_for_user,
    "M1": pause_for_user,
    "M108": stop_waiting,
    "M110": set_number,
    "M112": kill,
    "M113": keepalive,
    "M115": capabilities,
    "M117": done,
    "M118": say_to_host,
    "M410": quick_stop,
}


def _kill(board: Firmware) -> None:
    board.kill()


URGENT: dict[str, Callable[[Firmware], None]] = {"M108": stop_waiting, "M112": _kill, "M410": quick_stop}
