"""The rows of what a person does with a printer by hand: heat, move, extrude, send lines; and what is read of it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from services.gateway.callers.roles import Permission
from services.gateway.openapi.operations import (
    JSON,
    KEY,
    PRINTER,
    READS_JSON,
    STATE,
    TEXT,
    TOUCHED,
    TRUTH,
    WORD,
    Body,
    Operation,
    Operations,
    Query,
    Shape,
    by_name,
    command,
    each,
    found,
    members,
)

_NUMBER: Shape = {"type": "number"}
_MAYBE: Shape = {"type": ["number", "null"]}
_DEGREES: Shape = {"type": "number", "minimum": 0, "description": "degrees Celsius"}
_OFFSET: Shape = {"type": "number", "minimum": -50, "maximum": 50, "description": "degrees Celsius"}
_TOOL = {"type": "string", "pattern": "^tool\\d+$"}
_HISTORY = {
    "history": Query("Whether the latest temperatures come as well.", WORD),
    "limit": Query("How many of them.", {"type": "integer", "minimum": 1}),
}
_HEATER = members({"actual": _MAYBE, "target": _MAYBE}, offset=_NUMBER)
_PAST = each(by_name({"anyOf": [members({"actual": _MAYBE, "target": _MAYBE}), _NUMBER]}))
READINGS: Shape = {"type": "object", "properties": {"history": _PAST}, "additionalProperties": _HEATER}
_TOOLS = {"tool0": {"actual": 214.8, "offset": 0, "target": 215.0}}
_ERRORS = KEY | PRINTER | READS_JSON | STATE


def _controls(commands: Mapping[str, Mapping[str, Shape]], **examples: Any) -> Operation:
    return Operation(
        tag="by hand",
        needs=Permission.CONTROL,
        body=command(commands, **examples),
        answers=TOUCHED,
        errors=_ERRORS,
    )


def _temperature(**examples: Any) -> Operation:
    return Operation(
        tag="printer",
        needs=Permission.STATUS,
        query=_HISTORY,
        answers=found(READINGS, **examples),
        errors=KEY | PRINTER | STATE,
    )


_ONE_HEATER: Mapping[str, Mapping[str, Shape]] = {"target": {"target": _DEGREES}, "offset": {"offset": _OFFSET}}
_EXTRUDE: Mapping[str, Shape] = {"amount": _NUMBER, "speed": _NUMBER}
_FACTOR: Mapping[str, Shape] = {"factor": _NUMBER}

BY_HAND: Operations = MappingProxyType(
    {
        "read_tool": _temperature(one_tool=_TOOLS),
        "read_bed": _temperature(example={"bed": {"actual": 60.1, "offset": 0, "target": 60.0}}),
        "read_chamber": _temperature(),
        "read_sd": Operation(
            tag="printer", needs=Permission.STATUS, answers=found(members({"ready": TRUTH})), errors=KEY | PRINTER
        ),
        "read_custom_controls": Operation(
            tag="printer", needs=Permission.CONTROL, answers=found(members({"controls": each({})})), errors=KEY
        ),
        "read_printer_error": Operation(
            tag="printer",
            needs=Permission.STATUS,
            answers=found(members({"error": TEXT, "reason": TEXT}), none={"error": "", "reason": ""}),
            errors=KEY | PRINTER,
        ),
        "command_print_head": _controls(
            {
                "jog": {"x": _NUMBER, "y": _NUMBER, "z": _NUMBER, "absolute": TRUTH, "speed": _NUMBER},
                "home": {"axes": each({"enum": ["x", "y", "z"]})},
                "feedrate": _FACTOR,
            },
            jog={"command": "jog", "x": 10, "y": -5, "z": 0.02},
            home={"command": "home", "axes": ["x", "y"]},
            feedrate={"command": "feedrate", "factor": 105},
        ),
        "command_tool": _controls(
            {
                "target": {"targets": {"type": "object", "propertyNames": _TOOL, "additionalProperties": _DEGREES}},
                "offset": {"offsets": {"type": "object", "propertyNames": _TOOL, "additionalProperties": _OFFSET}},
                "select": {"tool": _TOOL},
                "extrude": _EXTRUDE,
                "flowrate": _FACTOR,
            },
            target={"command": "target", "targets": {"tool0": 220}},
            offset={"command": "offset", "offsets": {"tool0": 10}},
            select={"command": "select", "tool": "tool0"},
            extrude={"command": "extrude", "amount": 5},
            flowrate={"command": "flowrate", "factor": 95},
        ),
        "command_bed": _controls(
            _ONE_HEATER, target={"command": "target", "target": 75}, offset={"command": "offset", "offset": -5}
        ),
        "command_chamber": _controls(_ONE_HEATER, target={"command": "target", "target": 50}),
        "command_early_heater": _controls(
            {"temp": {"temps": by_name(_DEGREES)}, "offset": {"offsets": by_name(_OFFSET)}},
            temp={"command": "temp", "temps": {"hotend": 210, "bed": 60}},
        ),
        "command_early_feeder": _controls({"extrude": _EXTRUDE}, example={"command": "extrude", "amount": 5}),
        "command_sd": _controls({"init": {}, "refresh": {}, "release": {}}, init={"command": "init"}),
        "command_lines": Operation(
            tag="by hand",
            needs=Permission.CONTROL,
            body=Body(
                {
                    JSON: {
                        "anyOf": [
                            members({"command": TEXT}, parameters=by_name({})),
                            members({"commands": each(TEXT)}, parameters=by_name({})),
                            members({"script": TEXT}),
                        ]
                    }
                },
                {"one": {"command": "M106"}, "several": {"commands": ["M18", "M106 S0"]}},
            ),
            answers=TOUCHED,
            errors=_ERRORS,
        ),
    }
)
