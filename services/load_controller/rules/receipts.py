"""When a load has done what it was told: its report against the target, how long to wait, and what it said instead."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from services.load_controller.drivers.driver import DriverCommand, Set, StopMoving
from services.load_controller.rules.attributes import COLOURS, FULL

WAITING, REPORTED, DIFFERENT, SILENT = "waiting", "reported", "different", "silent"
UNREACHABLE, REFUSED, SKIPPED = "unreachable", "refused", "skipped"

TRAVEL_MARGIN = 1.2  # motors are slower in the cold
TILT_SECONDS = 5.0  # for turning the slats all the way

# Devices count brightness and position in 100 or 254 steps, colour temperature in whole mired, colours as hue.
_BRI_OFF_BY, _LEVEL_OFF_BY, _TILT_OFF_BY, _MIRED_OFF_BY, _COLOUR_OFF_BY, _DEGREES_OFF_BY = 100, 200, 1, 2, 8, 0.1

# Flags by which a device says that it does not do as it was told.
_FAULTS = {
    "over_current": "too much current",
    "short_circuit": "a short circuit",
    "over_temperature": "it is too hot",
    "locked": "it is locked",
    "valve_error": "an error of the valve",
    "sensor_error": "an error of the sensor",
}


@dataclass(frozen=True, slots=True)
class Heard:
    """What came from a load. `since` are the attributes reported since the command, `before` those of the time before.

    `flags` are the last ones since the command; `available` is false while the load cannot be reached.
    """

    since: Mapping[str, Any] | None = None
    before: Mapping[str, Any] | None = None
    flags: Mapping[str, int] | None = None
    available: bool = True


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome for the receipt, and a sentence for people where there is more to say."""

    outcome: str
    reason: str | None = None


def expected(command: DriverCommand | None, kind: str) -> dict[str, Any]:
    """What a load should report after a command; empty when any report will do."""
    if isinstance(command, Set):
        return dict(command.target)
    return {"moving": "stop"} if isinstance(command, StopMoving) and kind == "motor" else {}


def wait_for(
    kind: str,
    target: Mapping[str, Any],
    state: Mapping[str, Any] | None,
    *,
    report_within: float,
    travel: float,
    fade: float = 0.0,
) -> float:
    """Seconds to wait for the report: for a motor also those of its way from `state` to `target` (all of it, if
    unknown), for a light that is faded those of a full fade.
    """
    if kind != "motor":
        return report_within + (fade if "bri" in target and kind in ("dim", "dali") else 0.0)
    wait = report_within + (TILT_SECONDS if "tilt" in target else 0.0)
    if "level" not in target:
        return wait
    level = (state or {}).get("level")
    way = FULL if level is None else abs(target["level"] - level)
    return wait + TRAVEL_MARGIN * travel * way / FULL


def satisfies(kind: str, target: Mapping[str, Any], state: Mapping[str, Any]) -> bool:
    """Whether a report says that the target is reached, as exactly as devices can say it."""
    still = kind != "motor" or state.get("moving", "stop") == "stop"
    return still and all(_met(kind, name, wanted, state.get(name)) for name, wanted in target.items())


def judge(kind: str, target: Mapping[str, Any], heard: Heard, *, over: bool) -> Verdict:
    """The outcome as it stands; `over` when the wait has ended, after which it is never `waiting`."""
    fault = next((name for name in _FAULTS if (heard.flags or {}).get(name)), None)
    if heard.since is not None and satisfies(kind, target, heard.since):
        return Verdict(REPORTED)
    if fault is not None:
        return Verdict(REFUSED, f"it reported {_FAULTS[fault]}")
    if not over:
        return Verdict(WAITING)
    if not heard.available:
        return Verdict(UNREACHABLE, "it cannot be reached")
    if heard.since is not None:
        return Verdict(DIFFERENT, _difference(kind, target, heard.since))
    if heard.before is not None and target and satisfies(kind, target, heard.before):
        return Verdict(REPORTED, "it was so before and did not report again")
    return Verdict(SILENT, "it reported nothing in time")


def _difference(kind: str, target: Mapping[str, Any], state: Mapping[str, Any]) -> str:
    wrong = [name for name, wanted in target.items() if not _met(kind, name, wanted, state.get(name))]
    if not wrong:
        return "it is still moving"
    said = ", ".join(f"{name} {state.get(name, 'not')} instead of {target[name]}" for name in wrong)
    return f"it reported {said}"


def _met(kind: str, name: str, wanted: Any, said: Any) -> bool:
    if said is None:
        return False
    if kind == "onoff":
        return bool(said) == bool(wanted)
    return _CLOSE_ENOUGH.get(name, _same)(wanted, said)


def _same(wanted: Any, said: Any) -> bool:
    return bool(wanted == said)


def _within(most: float) -> Callable[[Any, Any], bool]:
    return lambda wanted, said: abs(wanted - said) <= most + 1e-9


def _bri(wanted: int, said: int) -> bool:
    return bool(wanted) == bool(said) and abs(wanted - said) <= _BRI_OFF_BY


def _ct(wanted: int, said: int) -> bool:
    return said > 0 and abs(1e6 / wanted - 1e6 / said) <= _MIRED_OFF_BY


_CLOSE_ENOUGH: dict[str, Callable[[Any, Any], bool]] = {
    "bri": _bri,
    "ct": _ct,
    "level": _within(_LEVEL_OFF_BY),
    "tilt": _within(_TILT_OFF_BY),
    "target_temperature": _within(_DEGREES_OFF_BY),
    "boost_temperature": _within(_DEGREES_OFF_BY),
    **dict.fromkeys(COLOURS, _within(_COLOUR_OFF_BY)),
}
