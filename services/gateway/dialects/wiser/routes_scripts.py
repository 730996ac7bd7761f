"""/api/scripts: small programs of the house's owner. They are stored always, and run where the setting allows it."""

from __future__ import annotations

import re
from typing import Any

from litestar import delete, get, patch, post
from litestar.types import ASGIApp, Scope

from services.gateway.callers.identity import Identity
from services.gateway.dialects.wiser.routes_common import AnyRequest, actor, ask, body_of, reader, success, word_of
from services.gateway.dialects.wiser.wire_house import CronBody
from shared.contracts import load_topics
from shared.contracts.house import (
    DeleteScript,
    LinkScript,
    ReadScripts,
    Script,
    ScriptRequest,
    Scripts,
    StartScript,
    StopScript,
    WriteScript,
)
from shared.errors import Invalid, TooLarge

ONE = "/api/scripts/{script:str}"
LARGEST = 256 * 1024  # bytes
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}")


@get("/api/scripts", name="wiser_list_scripts")
async def list_scripts(request: AnyRequest) -> ASGIApp:
    """All scripts."""
    scripts = await _scripts(request.scope, ReadScripts(), await reader(request.scope))
    return success([_shown(each) for each in scripts])


@post(ONE, name="wiser_write_script", status_code=200)
async def write_script(request: AnyRequest) -> ASGIApp:
    """Store a script; the body is its text, whatever the content type says. One of that name is replaced."""
    caller, name = await actor(request.scope), _name(request.scope)
    content = await request.body()
    if len(content) > LARGEST:
        raise TooLarge(f"a script has at most {LARGEST} bytes")
    try:
        text = content.decode()
    except UnicodeDecodeError:
        raise Invalid("a script is text in UTF-8", code="bad_script") from None
    return success(_shown((await _scripts(request.scope, WriteScript(name=name, text=text), caller))[0]))


@delete(ONE, name="wiser_delete_script", status_code=200)
async def delete_script(request: AnyRequest) -> ASGIApp:
    """Stop and remove it."""
    caller = await actor(request.scope)
    return success(_shown((await _scripts(request.scope, DeleteScript(name=_name(request.scope)), caller))[0]))


@get(f"{ONE}/start", name="wiser_start_script")
async def start_script(request: AnyRequest) -> ASGIApp:
    """Call its `onStart`."""
    caller = await actor(request.scope)
    await _scripts(request.scope, StartScript(name=_name(request.scope)), caller)
    return success({})


@get(f"{ONE}/stop", name="wiser_stop_script")
async def stop_script(request: AnyRequest) -> ASGIApp:
    """Call its `onStop`."""
    caller = await actor(request.scope)
    await _scripts(request.scope, StopScript(name=_name(request.scope)), caller)
    return success({})


@get("/api/scripts/cron", name="wiser_list_script_crons")
async def list_script_crons(request: AnyRequest) -> ASGIApp:
    """The scripts that run by a cron entry."""
    scripts = await _scripts(request.scope, ReadScripts(), await reader(request.scope))
    return success([_cron(each) for each in scripts if each.cron])


@patch(f"{ONE}/cron", name="wiser_link_script_cron")
async def link_script_cron(request: AnyRequest) -> ASGIApp:
    """Call its `onCronEvent` by a cron entry."""
    caller = await actor(request.scope)
    body = await body_of(request, CronBody)
    link = LinkScript(name=_name(request.scope), entry=body.entry)
    return success(_cron((await _scripts(request.scope, link, caller))[0]))


@delete(f"{ONE}/cron", name="wiser_unlink_script_cron", status_code=200)
async def unlink_script_cron(request: AnyRequest) -> ASGIApp:
    """And no longer."""
    caller = await actor(request.scope)
    return success(_cron((await _scripts(request.scope, LinkScript(name=_name(request.scope)), caller))[0]))


async def _scripts(scope: Scope, request: ScriptRequest, caller: Identity) -> list[Script]:
    found: Scripts = await ask(scope, load_topics.SCRIPTS, request, caller)
    return found.scripts


def _name(scope: Scope) -> str:
    name = word_of(scope, "script")
    if not _NAME.fullmatch(name) or name == "cron":
        raise Invalid("a script's name is letters, digits, '_', '-' and '.', at most 64", code="bad_name")
    return name


def _shown(script: Script) -> dict[str, Any]:
    return {"name": script.name, "size": script.size}


def _cron(script: Script) -> dict[str, Any]:
    return {"name": script.name, "entry": script.cron}
