"""Each role on each route: the documented table is what happens, and every route needs a key."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from litestar.handlers import HTTPRouteHandler

from services.gateway.callers.roles import PERMISSIONS, Permission, Role
from services.gateway.dialects.octoprint.routes import HANDLERS
from shared.contracts import topics
from shared.contracts.files import FileDeleted, FileList
from shared.contracts.printers import CommandDone
from shared.errors import NotFound
from tests.support.gateway import ADMIN_KEY, OPERATOR_KEY, VIEWER_KEY, RunningGateway

KEYS = {Role.ADMIN: ADMIN_KEY, Role.OPERATOR: OPERATOR_KEY, Role.VIEWER: VIEWER_KEY}
P = Permission
ROUTES: list[tuple[str, str, dict[str, Any], Permission | None]] = [
    ("GET", "/api/job", {}, P.STATUS),
    ("POST", "/api/job", {"json": {"command": "start"}}, P.PRINT),
    ("POST", "/api/control/job", {"json": {"command": "pause"}}, P.PRINT),
    ("GET", "/api/version", {}, P.STATUS),
    ("GET", "/api/server", {}, P.STATUS),
    ("GET", "/api/printer", {}, P.STATUS),
    ("GET", "/api/printer/tool", {}, P.STATUS),
    ("GET", "/api/printer/bed", {}, P.STATUS),
    ("GET", "/api/printer/chamber", {}, P.STATUS),
    ("GET", "/api/printer/sd", {}, P.STATUS),
    ("GET", "/api/control/printer/sd", {}, P.STATUS),
    ("GET", "/api/printer/error", {}, P.STATUS),
    ("GET", "/api/printer/command/custom", {}, P.CONTROL),
    ("GET", "/api/control/custom", {}, P.CONTROL),
    ("POST", "/api/printer/printhead", {"json": {"command": "jog", "x": 1}}, P.CONTROL),
    ("POST", "/api/control/printer/printhead", {"json": {"command": "home", "axes": []}}, P.CONTROL),
    ("POST", "/api/printer/tool", {"json": {"command": "target", "targets": {}}}, P.CONTROL),
    ("POST", "/api/printer/bed", {"json": {"command": "target", "target": 0}}, P.CONTROL),
    ("POST", "/api/printer/chamber", {"json": {"command": "target", "target": 0}}, P.CONTROL),
    ("POST", "/api/printer/sd", {"json": {"command": "init"}}, P.CONTROL),
    ("POST", "/api/control/printer/sd", {"json": {"command": "init"}}, P.CONTROL),
    ("POST", "/api/printer/command", {"json": {"command": "M105"}}, P.CONTROL),
    ("POST", "/api/control/printer/command", {"json": {"command": "M105"}}, P.CONTROL),
    ("POST", "/api/control/printer/heater", {"json": {"command": "temp", "temps": {}}}, P.CONTROL),
    ("POST", "/api/control/printer/feeder", {"json": {"command": "extrude", "amount": 0}}, P.CONTROL),
    ("GET", "/api/connection", {}, P.STATUS),
    ("GET", "/api/control/connection", {}, P.STATUS),
    ("POST", "/api/connection", {"json": {"command": "disconnect"}}, P.CONNECTION),
    ("POST", "/api/control/connection", {"json": {"command": "connect"}}, P.CONNECTION),
    ("GET", "/api/files", {}, P.FILES_LIST),
    ("GET", "/api/files/local", {}, P.FILES_LIST),
    ("GET", "/api/files/sdcard", {}, P.FILES_LIST),
    ("POST", "/api/files/local", {"files": {"other": ("a", b"a")}}, P.FILES_UPLOAD),
    ("GET", "/api/files/local/a.gcode", {}, P.FILES_LIST),
    ("POST", "/api/files/local/a.gcode", {"json": {"command": "select"}}, P.FILES_SELECT),
    ("DELETE", "/api/files/local/a.gcode", {}, P.FILES_DELETE),
    ("POST", "/api/files/local/a.gcode", {"json": {"command": "copy", "destination": "b"}}, P.FILES_UPLOAD),
    ("POST", "/api/files/local/a.gcode", {"json": {"command": "move", "destination": "b"}}, P.FILES_DELETE),
    ("POST", "/api/files/local/a.gcode", {"json": {"command": "analyse"}}, P.FILES_UPLOAD),
    ("POST", "/api/files/local/a.gcode", {"json": {"command": "slice"}}, P.FILES_UPLOAD),
    ("GET", "/downloads/files/local/a.gcode", {}, P.FILES_DOWNLOAD),
    ("GET", "/downloads/thumbnails/local/a.gcode", {}, P.FILES_LIST),
    ("GET", "/plugin/prusaslicerthumbnails/thumbnail/a.gcode", {}, P.FILES_LIST),
    ("POST", "/api/login", {"json": {"passive": True}}, None),
    ("POST", "/api/logout", {}, None),
    ("GET", "/api/currentuser", {}, None),
    ("POST", "/plugin/appkeys/decision/{token:str}", {"json": {"decision": True}}, None),
    ("GET", "/api/plugin/appkeys", {}, None),
    ("POST", "/api/plugin/appkeys", {"json": {"command": "revoke", "app": "none"}}, None),
    ("GET", "/api/settings", {}, P.SETTINGS_READ),
    ("POST", "/api/settings", {"json": {}}, P.SYSTEM),
    ("GET", "/api/printerprofiles", {}, P.SETTINGS_READ),
    ("GET", "/api/printerprofiles/{profile:str}", {}, P.SETTINGS_READ),
    ("GET", "/api/system/commands", {}, P.SYSTEM),
    ("GET", "/api/system/commands/{source:str}", {}, P.SYSTEM),
    ("POST", "/api/system/commands/{source:str}/{action:str}", {}, P.SYSTEM),
    ("GET", "/api/slicing", {}, P.STATUS),
    ("GET", "/api/timelapse", {}, P.STATUS),
    ("GET", "/api/users", {}, P.ACCOUNTS),
    ("GET", "/api/access/users", {}, P.ACCOUNTS),
    ("GET", "/api/users/{name:str}", {}, P.ACCOUNTS),
    ("GET", "/api/access/users/{name:str}", {}, P.ACCOUNTS),
]
# How a client without a key gets one.
OPEN = {
    ("GET", "/plugin/appkeys/probe"),
    ("POST", "/plugin/appkeys/request"),
    ("GET", "/plugin/appkeys/request/{token:str}"),
    ("GET", "/plugin/appkeys/auth/{token:str}"),
    ("POST", "/plugin/appkeys/auth/{token:str}"),
    ("GET", "/openapi.json"),
}


@pytest.fixture(autouse=True)
def _answers(gateway: RunningGateway) -> None:
    gateway.owner.answers |= {
        topics.COMMAND_PRINTER: CommandDone(),
        topics.LIST_FILES: FileList(),
        topics.READ_FILE: NotFound("no such file"),
        topics.DELETE_FILE: FileDeleted(paths=[]),
        topics.COPY_FILE: NotFound("no such file"),
        topics.MOVE_FILE: NotFound("no such file"),
        topics.ANALYSE_FILE: NotFound("no such file"),
    }


@pytest.mark.parametrize("role", list(Role))
async def test_each_role_may_do_what_its_row_says_and_nothing_else(gateway: RunningGateway, role: Role) -> None:
    client = gateway.client_from("192.0.2.1", KEYS[role])
    for method, path, request, permission in ROUTES:
        status = (await client.request(method, path, **request)).status_code
        may = permission is None or permission in PERMISSIONS[role]
        assert (status != 403) is may, (role, method, path, status)


async def test_every_route_needs_a_key(gateway: RunningGateway) -> None:
    client = gateway.client_from("192.0.2.1")
    for method, path, request, _ in ROUTES:
        assert (await client.request(method, path, **request)).status_code == 403, (method, path)


def test_the_table_knows_every_route() -> None:
    def templates(handler: HTTPRouteHandler) -> set[tuple[str, str]]:
        return {(method, path) for method in handler.http_methods for path in handler.paths}

    known = {(method, re.sub(r"/(local|sdcard)\b", "/{location:str}", path)) for method, path, _, _ in ROUTES}
    known = {(method, path.replace("/a.gcode", "/{path:path}")) for method, path in known}
    assert set().union(*(templates(handler) for handler in HANDLERS)) == known | OPEN


def test_the_documented_roles_are_the_real_ones() -> None:
    text = (Path(__file__).parents[3] / "docs" / "accounts.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\w+) \| (yes|–) \| (yes|–) \| (yes|–) \|$", text, re.MULTILINE)
    documented = {
        (Permission(name), role)
        for name, *cells in rows
        for role, cell in zip((Role.VIEWER, Role.OPERATOR, Role.ADMIN), cells, strict=True)
        if cell == "yes"
    }
    assert documented == {(permission, role) for role, permissions in PERMISSIONS.items() for permission in permissions}
