"""The rows of settings, system commands and what is not here; and the push channel, which has no routes of its own."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

from services.gateway.callers.roles import Permission
from services.gateway.dialects.octoprint.push.answers import Info
from services.gateway.openapi.operations import (
    JSON,
    KEY,
    PRINTER,
    READS_JSON,
    TEXT,
    WORD,
    Answer,
    Body,
    Operation,
    Operations,
    Query,
    each,
    found,
    members,
)

_OBJECT = {"type": "object"}
_NOTHING: dict[str, Any] = {"core": [], "custom": [], "plugin": []}
_SETTINGS = members(
    {
        "appearance": _OBJECT,
        "feature": _OBJECT,
        "plugins": members({"discovery": members({"upnpUuid": {"type": "string", "format": "uuid"}})}),
        "temperature": _OBJECT,
        "webcam": _OBJECT,
    }
)

SURROUNDINGS: Operations = MappingProxyType(
    {
        "read_settings": Operation(
            tag="settings", needs=Permission.SETTINGS_READ, answers=found(_SETTINGS), errors=KEY | PRINTER
        ),
        "write_settings": Operation(
            tag="settings",
            needs=Permission.SYSTEM,
            body=Body({JSON: _OBJECT}, {"unchanged": {"feature": {"sdSupport": False}}}),
            answers=found(_SETTINGS, "The settings; the body changed nothing."),
            errors=KEY | PRINTER | READS_JSON,
        ),
        "list_system_commands": Operation(
            tag="system",
            needs=Permission.SYSTEM,
            answers=found(members({"core": each({}), "custom": each({}), "plugin": each({})}), none=_NOTHING),
            errors=KEY,
        ),
        "list_source_commands": Operation(
            tag="system", needs=Permission.SYSTEM, answers=found(each({}), none=[]), errors=KEY | {404}
        ),
        "run_system_command": Operation(tag="system", needs=Permission.SYSTEM, answers={}, errors=KEY | {404}),
        "list_slicers": Operation(tag="server", needs=Permission.STATUS, answers=found(_OBJECT, none={}), errors=KEY),
        "list_timelapses": Operation(
            tag="server",
            needs=Permission.STATUS,
            query={"unrendered": Query("Whether the member `unrendered` comes as well.", WORD)},
            answers=found(
                members({"config": _OBJECT, "enabled": {"type": "boolean"}, "files": each({})}, unrendered=each({}))
            ),
            errors=KEY,
        ),
        "read_document": Operation(
            tag="server", open=True, answers=found(members({"openapi": TEXT, "paths": _OBJECT}), "This document.")
        ),
    }
)

_FRAMES = "SockJS frames: `o`, `h`, `a[…]`, `c[…]`."
# By path and method.
PUSH = MappingProxyType(
    {
        ("/sockjs/info", "get"): ("What this push channel can.", Operation(tag="push", open=True, answers=found(Info))),
        ("/sockjs/websocket", "get"): (
            'Plain WebSocket: `connected`, then `{"auth": "<name>:<session>"}` from /api/login, then `history`, '
            "`current` and `event`.",
            Operation(tag="push", open=True, answers={101: Answer("A WebSocket.")}, errors=frozenset({400})),
        ),
        ("/sockjs/{server}/{session}/websocket", "get"): (
            "The same in SockJS frames.",
            Operation(tag="push", open=True, answers={101: Answer("A WebSocket.")}, errors=frozenset({400})),
        ),
        ("/sockjs/{server}/{session}/xhr", "post"): (
            "One frame, as soon as there is one.",
            Operation(tag="push", open=True, answers={200: Answer(_FRAMES, TEXT, media="application/javascript")}),
        ),
        ("/sockjs/{server}/{session}/xhr_streaming", "post"): (
            "Frames as they come, until 128 KiB were sent.",
            Operation(tag="push", open=True, answers={200: Answer(_FRAMES, TEXT, media="application/javascript")}),
        ),
        ("/sockjs/{server}/{session}/xhr_send", "post"): (
            "What a client says, in a session that it polls.",
            Operation(
                tag="push",
                open=True,
                body=Body({JSON: each(TEXT)}, {"login": ['{"auth": "<name>:<session>"}']}),
                answers={204: Answer("It was heard.")},
                errors=frozenset({400, 404, 413}),
            ),
        ),
    }
)
