"""What an hvac group is, taken together from its valves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from services.load_controller.rules.attributes import GROUP

_MEANS = {"ambient_temperature": 1, "heating_cooling_level": 0}


def group_state(members: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """One state from those of its loads: ambient and level are means, targets those of the first that has one.

    A flag is set when it is set on any of them. Attributes that no load reported are absent.
    """
    state: dict[str, Any] = {}
    for name, digits in _MEANS.items():
        values = [member[name] for member in members if member.get(name) is not None]
        if values:
            mean = round(sum(values) / len(values), digits)
            state[name] = mean if digits else int(mean)
    for name in (*GROUP, "unit"):
        first = next((member[name] for member in members if member.get(name) is not None), None)
        if first is not None:
            state[name] = first
    flags: dict[str, int] = {}
    for member in members:
        for flag, value in (member.get("flags") or {}).items():
            flags[flag] = max(flags.get(flag, 0), value)
    if flags:
        state["flags"] = flags
    return state
