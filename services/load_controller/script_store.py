"""Scripts: stored always, executed only where the settings allow it."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from sqlalchemy import delete

from services.load_controller import keeping, script_cron
from services.load_controller.asking import Asked
from services.load_controller.controller import Controller
from services.load_controller.models import ScriptRow
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
from shared.errors import Conflict, Invalid, NotFound, TooLarge

MOST = 200
LARGEST = 256 * 1024  # bytes
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}")


async def write(asked: Asked, request: WriteScript) -> Scripts:
    """Store a text; one of that name is replaced, and keeps its cron entry."""
    if not _NAME.fullmatch(request.name):
        raise Invalid(
            f"{request.name[:64]!r} cannot be a script's name: letters, digits, '_', '-' and '.', at most 64",
            code="bad_name",
        )
    size = len(request.text.encode())
    if size > LARGEST:
        raise TooLarge(f"a script has at most {LARGEST // 1024} KiB", code="too_large")
    house, before = asked.house, asked.house.scripts.get(request.name)
    if before is None and len(house.scripts) >= MOST:
        raise Conflict(f"there are {MOST} scripts already", code="too_many_scripts")
    script = Script(name=request.name, size=size, cron=before.cron if before is not None else None)
    await asked.tx.merge(ScriptRow(name=script.name, text=request.text, size=size, cron=script.cron))
    asked.after(lambda: house.texts.update({script.name: request.text}))
    return _kept(asked, script)


async def link(asked: Asked, request: LinkScript) -> Scripts:
    """Give it a cron entry, or take it away."""
    script, entry = find(asked.controller, request.name), request.entry
    if entry is not None:
        script_cron.check(entry)
    text = asked.house.texts[script.name]
    await asked.tx.merge(ScriptRow(name=script.name, text=text, size=script.size, cron=entry))
    return _kept(asked, msgspec.structs.replace(script, cron=entry))


async def remove(asked: Asked, request: DeleteScript) -> Scripts:
    """It is gone; jobs that name it report so."""
    script, house = find(asked.controller, request.name), asked.house
    await asked.tx.execute(delete(ScriptRow).where(keeping.key(ScriptRow.name) == script.name))
    asked.after(lambda: house.scripts.pop(script.name, None))
    asked.after(lambda: house.texts.pop(script.name, None))
    return Scripts(scripts=[_shown(asked.controller, script)])


CHANGES: dict[type[ScriptRequest], Callable[[Asked, Any], Awaitable[Scripts]]] = {
    WriteScript: write,
    LinkScript: link,
    DeleteScript: remove,
}


async def start(controller: Controller, request: StartScript) -> Scripts:
    """Begin it; a script that fails at once is refused with its error."""
    script = find(controller, request.name)
    error = await controller.scripting.start(script.name, controller.house.texts[script.name])
    return _after_act(controller, script, error)


async def stop(controller: Controller, request: StopScript) -> Scripts:
    """End it."""
    script = find(controller, request.name)
    return _after_act(controller, script, await controller.scripting.stop(script.name))


ACTS: dict[type[ScriptRequest], Callable[[Controller, Any], Awaitable[Scripts]]] = {
    StartScript: start,
    StopScript: stop,
}


def read(controller: Controller, request: ReadScripts) -> Scripts:
    """By name; with its text when asked for."""
    house = controller.house
    if request.name is None:
        return Scripts(scripts=[_shown(controller, house.scripts[name]) for name in sorted(house.scripts)])
    script = find(controller, request.name)
    return Scripts(scripts=[_shown(controller, script)], text=house.texts[script.name] if request.with_text else None)


def find(controller: Controller, name: str) -> Script:
    """The script of that name. Raises `NotFound`."""
    found = controller.house.scripts.get(name)
    if found is None:
        raise NotFound(f"script {name[:64]!r} not found", code="no_such_script")
    return found


def _kept(asked: Asked, script: Script) -> Scripts:
    asked.after(lambda: asked.house.scripts.update({script.name: script}))
    return Scripts(scripts=[_shown(asked.controller, script)])


def _shown(controller: Controller, script: Script) -> Script:
    return msgspec.structs.replace(script, running=controller.scripting.is_running(script.name))


def _after_act(controller: Controller, script: Script, error: str | None) -> Scripts:
    if error is not None:
        raise Conflict(error, code="script_failed")
    return Scripts(scripts=[_shown(controller, script)])
