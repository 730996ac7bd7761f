"""The rows of logins, accounts and application keys; bodies as OctoPrint 1.11.8 sends them."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

from services.gateway.callers.roles import Permission
from services.gateway.dialects.octoprint import wire, wire_appkeys
from services.gateway.openapi.operations import (
    DONE,
    HTML,
    JSON,
    KEY,
    PLAIN_FORM,
    READS_JSON,
    TEXT,
    TRUTH,
    WORD,
    Answer,
    Body,
    Operation,
    Operations,
    Query,
    command,
    each,
    found,
    made,
    members,
)

_UNKNOWN = frozenset({404})
_PAGE: dict[int, Answer] = {
    200: Answer("The page.", TEXT, media=HTML),
    404: Answer("A page that says that the request has ended.", TEXT, media=HTML),
}
_REFUSED_PAGE: dict[int, Answer] = {
    403: Answer("The page again: the account is unknown, or may not decide.", TEXT, media=HTML),
    429: Answer("The page again: too many wrong passwords.", TEXT, media=HTML, headers={"Retry-After": "seconds"}),
}
_LOGIN: dict[str, Any] = {"user": TEXT, "pass": TEXT, "remember": {"anyOf": [TRUTH, WORD]}}
_PASSIVE: dict[str, Any] = {"passive": {"anyOf": [TRUTH, WORD]}}
_EITHER = members(**_LOGIN, **_PASSIVE)
_ASKED = {"app_token": "<token>", "auth_dialog": "http://host:8080/plugin/appkeys/auth/<token>"}
_APP = {"app": TEXT, "user": TEXT}

ACCOUNTS: Operations = MappingProxyType(
    {
        "login": Operation(
            tag="accounts",
            open=True,
            body=Body(
                {JSON: _EITHER, PLAIN_FORM: _EITHER},
                {"passive": {"passive": True}, "password": {"user": "admin", "pass": "…", "remember": True}},
                required=False,
            ),
            query={name: Query("As in the body.") for name in ("passive", "user", "pass", "remember")},
            answers=found(wire.Login, "Who it is, and a session for the push channel."),
            errors=KEY | {400, 413},
        ),
        "logout": Operation(tag="accounts", answers=DONE, errors=KEY),
        "read_current_user": Operation(tag="accounts", answers=found(wire.CurrentUser), errors=KEY),
        "list_users": Operation(
            tag="accounts",
            needs=Permission.ACCOUNTS,
            answers=found(members({"users": each(wire.User)})),
            errors=KEY,
        ),
        "read_user": Operation(
            tag="accounts", needs=Permission.ACCOUNTS, answers=found(wire.User), errors=KEY | _UNKNOWN
        ),
        "probe_appkeys": Operation(
            tag="application keys", open=True, answers={204: Answer("Applications can ask here for a key.")}
        ),
        "request_appkey": Operation(
            tag="application keys",
            open=True,
            body=Body({JSON: members({"app": TEXT}, user=TEXT)}, {"anybody": {"app": "My slicer"}}),
            answers=made(wire_appkeys.Asked, "It waits for a decision; `Location` is to be polled.", example=_ASKED),
            errors=READS_JSON | {429},
        ),
        "poll_appkey": Operation(
            tag="application keys",
            open=True,
            answers={
                200: Answer("The key, this once.", wire_appkeys.Granted, {"example": {"api_key": "<key>"}}),
                202: Answer(
                    "Nobody has decided.", wire_appkeys.Awaiting, {"example": {"message": "Awaiting decision"}}
                ),
            },
            errors=_UNKNOWN,
        ),
        "decide_appkey": Operation(
            tag="application keys",
            body=Body({JSON: members({"decision": {"anyOf": [TRUTH, WORD]}})}, {"allow": {"decision": True}}),
            answers=DONE,
            errors=KEY | READS_JSON | _UNKNOWN,
        ),
        "list_appkeys": Operation(
            tag="application keys",
            query={
                "all": Query("Those of all accounts, for an administrator.", WORD),
                "app": Query("Only whether this application has a key."),
                "user": Query("Whose, with `app`."),
            },
            answers=found({"anyOf": [wire_appkeys.Listing, wire_appkeys.OneKey]}, nothing={"keys": [], "pending": {}}),
            errors=KEY | _UNKNOWN | {400},
        ),
        "command_appkeys": Operation(
            tag="application keys",
            body=command(
                {"generate": _APP, "revoke": {**_APP, "key": TEXT}},
                generate={"command": "generate", "app": "My slicer"},
                revoke={"command": "revoke", "app": "My slicer"},
            ),
            answers={**found(wire_appkeys.Generated, "The new key, this once."), **DONE},
            errors=KEY | READS_JSON | _UNKNOWN,
        ),
        "read_appkey_page": Operation(tag="application keys", open=True, answers=_PAGE),
        "answer_appkey_page": Operation(
            tag="application keys",
            open=True,
            body=Body({PLAIN_FORM: members(decision=TEXT, user=TEXT, apikey=TEXT, **{"pass": TEXT})}, required=False),
            answers={**_PAGE, **_REFUSED_PAGE},
            errors=frozenset({400, 413}),
        ),
    }
)
