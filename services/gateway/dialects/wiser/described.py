"""The rows of the Wiser API's OpenAPI document: who may call each route, what it takes, what it answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

import msgspec

from services.gateway.callers.roles import Permission
from services.gateway.dialects.wiser import translate_info, wire, wire_house
from services.gateway.openapi.document import SCHEMAS, Description
from services.gateway.openapi.operations import BYTES, JSON, TEXT, Answer, Body, Operation, Operations, Shape, each
from shared.contracts.flags import Condition, Flag
from shared.contracts.house import Room, Scene

_ANY: Shape = {"type": "object"}
_NOTHING: Shape = {"type": "array", "maxItems": 0}
_STATE: Shape = {"type": "object", "properties": {"id": {"type": "integer"}, "state": _ANY}}
_RUN = {"X-Run-Id": "the run that was begun"}
_ATTRIBUTES: Shape = {
    "type": "object",
    "properties": {
        "bri": {"type": "integer", "minimum": 0, "maximum": 10000},
        "ct": {"type": "integer", "minimum": 1000, "maximum": 20000},
        **{name: {"type": "integer", "minimum": 0, "maximum": 255} for name in ("red", "green", "blue", "white")},
        "level": {"type": "integer", "minimum": 0, "maximum": 10000, "description": "0 is open"},
        "tilt": {"type": "integer", "minimum": 0, "maximum": 9},
    },
    "additionalProperties": False,
}
_STATES = {"target_states": [{"load": 1, "bri": 10000}, {"load": 2, "bri": 10000}]}
_CONTROL = {"button_ctrl": {"event": "click", "button": "on", "loads": [1, 2]}}
_PRESSED = {"button": 6, "id": 6, "device": "0000b001", "channel": 0}
_TIMER = {"enabled": True, "job": 20, "when": {"every": "Mon,Wed", "at": "ss:-15"}}
_ABOUT = """\
The API of a Wiser-by-Feller gateway, version 5.1, for the loads of the house. A token goes into `Authorization:
Bearer`. Every answer is `{"data": …, "status": "success"}`, every error `{"message": "…", "status": "error"}`, both
with status 200 unless `wiser.strict_statuses` is set. The WebSocket is at `/api`."""


class Error(msgspec.Struct):
    """Every error."""

    message: str
    status: str = "error"


def _said(shape: Shape, headers: Mapping[str, str] | None = None, **examples: Any) -> Mapping[int, Answer]:
    success = {
        "type": "object",
        "properties": {"data": shape, "status": {"const": "success"}},
        "required": ["data", "status"],
    }
    shown = {name: {"data": value, "status": "success"} for name, value in examples.items()}
    return {200: Answer("As asked, or why not.", {"anyOf": [success, Error]}, shown, headers=headers or {})}


def _looks(tag: str, shape: Shape, **examples: Any) -> Operation:
    return Operation(tag=tag, answers=_said(shape, **examples), needs=Permission.STATUS)


def _acts(tag: str, shape: Shape, body: Shape | None = None, **examples: Any) -> Operation:
    content = Body({JSON: body}, examples) if body is not None else None
    return Operation(tag=tag, answers=_said(shape), needs=Permission.CONTROL, body=content)


def _kept(tag: str, noun: str, shape: Shape, bodies: Mapping[str, Shape], **examples: Any) -> dict[str, Operation]:
    """The rows of what clients make, read, change and remove; `bodies` by the verb in the route's name."""
    rows = {
        f"list_{noun}s": _looks(tag, each(shape)),
        f"read_{noun}": _looks(tag, shape),
        f"delete_{noun}": _acts(tag, shape),
    }
    return rows | {f"{verb}_{noun}": _acts(tag, shape, body, **examples) for verb, body in bodies.items()}


def _open(tag: str, shape: Shape, body: Shape | None = None, **examples: Any) -> Operation:
    content = Body({JSON: body}, examples) if body is not None else None
    return Operation(tag=tag, answers=_said(shape), open=True, body=content)


_JOB_BODIES = {"create": wire.JobBody, "replace": wire.JobBody, "amend": wire.JobChange}
_RUNS = Operation(tag="jobs", answers=_said(wire.JobShown, _RUN), needs=Permission.CONTROL)

ROWS: Operations = MappingProxyType(
    {
        "read_document": Operation(tag="about", answers={200: Answer("The document.", _ANY)}, open=True),
        **_kept("jobs", "job", wire.JobShown, _JOB_BODIES, target_states=_STATES, button_ctrl=_CONTROL),
        "remove_loads": _acts("jobs", each({"type": "integer"}), wire.LoadsBody, example={"loads": [1, 2]}),
        "run_job": _RUNS,
        "run_job_button": _RUNS,
        "list_loads": _looks("loads", each(wire.LoadShown)),
        "list_load_states": _looks("loads", each(_STATE), example=[{"id": 2, "state": {"bri": 10000}}]),
        "read_load": _looks("loads", wire.LoadShown),
        "read_load_state": _looks("loads", _STATE),
        "change_load": _acts("loads", wire.LoadShown, wire.LoadChange, example={"name": "Spots"}),
        "set_load": _acts("loads", _ANY, _ATTRIBUTES, light={"bri": 5000}, blind={"level": 10000, "tilt": 4}),
        "control_load": _acts("loads", _ANY, wire.ControlBody, example={"button": "up", "event": "click"}),
        "control_load_by_path": _acts("loads", _ANY),
        "ping_load": _acts("loads", wire.PingBody),
        "ping_load_so": _acts("loads", wire.PingBody, wire.PingBody, example={"time_ms": 2000}),
        "list_hvac_groups": _looks("heating", each(_ANY)),
        "list_hvac_group_states": _looks("heating", each(_STATE)),
        "read_hvac_group": _looks("heating", _ANY),
        "read_hvac_group_state": _looks("heating", _STATE),
        "set_hvac_group": _acts("heating", _ANY, wire.HvacTarget, example={"target_temperature": 21.5}),
        **_kept(
            "smart buttons", "button", _ANY,
            {"create": wire_house.SmartButtonBody, "link": wire_house.SmartButtonChange},
        ),
        "program_buttons": _acts("smart buttons", wire_house.ProgramBody, wire_house.ProgramBody),
        "await_press": _looks("smart buttons", _ANY, example=_PRESSED),
        **_kept(
            "timers", "timer", _ANY, dict.fromkeys(("create", "replace", "amend"), wire_house.TimerBody), example=_TIMER
        ),
        **_kept("system", "flag", Flag, {"create": wire_house.FlagBody, "amend": wire_house.FlagChange}),
        **_kept(
            "system", "condition", Condition,
            {"create": wire_house.ConditionBody, "amend": wire_house.ConditionChange},
        ),
        **_kept("names", "scene", Scene, dict.fromkeys(("create", "replace", "amend"), wire_house.SceneBody)),
        **_kept("names", "room", Room, dict.fromkeys(("create", "amend"), wire_house.RoomBody)),
        "read_site": _open("names", _ANY),
        "write_site": _acts("names", _ANY, _ANY, example={"name": "Home"}),
        "amend_site": _acts("names", _ANY, _ANY, example={"name": "Home"}),
        "list_scripts": _looks("scripts", each(_ANY)),
        "write_script": Operation(
            tag="scripts", answers=_said(_ANY), needs=Permission.CONTROL, body=Body({BYTES: TEXT}, {}, required=False)
        ),
        "delete_script": _acts("scripts", _ANY),
        "start_script": _acts("scripts", _ANY),
        "stop_script": _acts("scripts", _ANY),
        "list_script_crons": _looks("scripts", each(_ANY)),
        "link_script_cron": _acts("scripts", _ANY, wire_house.CronBody, example={"entry": "*/5 * * * *"}),
        "unlink_script_cron": _acts("scripts", _ANY),
        "claim_account": _open("account", _ANY, wire_house.ClaimBody, example={"user": "apiuser"}),
        "read_account": _looks("account", _ANY, example={"user": "apiuser"}),
        "amend_account": Operation(tag="account", answers=_said(_ANY), body=Body({JSON: _ANY})),
        "delete_account": Operation(tag="account", answers=_said(_ANY)),
        "read_info": _open("about", _ANY),
        "read_debug_info": _open("about", _ANY),
        "read_health": _looks("about", _ANY),
        "read_signal": _looks("about", _ANY, example={"rssi": translate_info.RSSI}),
        "read_network": _looks("about", _ANY),
        "read_time": _looks("about", _ANY),
        "list_devices": _looks("about", each(_ANY)),
        "read_device": _looks("about", _ANY),
        "list_nothing": _looks("about", _NOTHING),
    }
)  # fmt: skip


def schemas(structs: Iterable[type[msgspec.Struct]]) -> Mapping[str, Any]:
    """The schemas of these structs, and of all that are in them, by name."""
    _, found = msgspec.json.schema_components(list(dict.fromkeys(structs)), ref_template=SCHEMAS + "{name}")
    return found


DESCRIPTION = Description(
    info=MappingProxyType({"title": "The Wiser API, by Jobwire", "version": translate_info.API, "description": _ABOUT}),
    prefix="wiser_",
    rows=ROWS,
    unlisted=Operation(tag="others", answers=_said(_ANY)),
    schemas=schemas,
    security=MappingProxyType({"bearer": {"type": "http", "scheme": "bearer"}}),
)
