"""POST /api/files/local/<path>: what can be done with one file or folder."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from litestar import post
from litestar.types import ASGIApp

from services.gateway.callers.identity import Identity
from services.gateway.callers.roles import Permission
from services.gateway.dialects.octoprint import translate, translate_files
from services.gateway.dialects.octoprint.routes_common import (
    AnyRequest,
    Body,
    ask,
    caller_of,
    empty,
    json_command,
    path_of,
    printer_of,
    public_base,
)
from services.gateway.dialects.octoprint.routes_files import local, read_entry
from services.gateway.replies import json_reply
from shared.contracts import topics
from shared.contracts.files import AnalyseFile, CopyFile, FilePlaced, MoveFile
from shared.contracts.printers import CommandDone
from shared.contracts.topics import Topic
from shared.errors import Conflict, Invalid

Act = Callable[[AnyRequest, Identity, str, Body], Awaitable[ASGIApp]]


@post("/api/files/{location:str}/{path:path}", name="octoprint_command_file")
async def command_file(request: AnyRequest) -> ASGIApp:
    """Any command on a file; answered once the printer's owner has committed it."""
    identity = await caller_of(request.scope)
    local(request)
    name, body = await json_command(request, COMMANDS)
    command = COMMANDS[name]
    for permission in command.needs:
        identity.require(permission)
    return await command.act(request, identity, name, body)


async def _select(request: AnyRequest, identity: Identity, name: str, body: Body) -> ASGIApp:
    """select (with `print`) or unselect."""
    if translate.is_true(body.get("print", False)):
        identity.require(Permission.PRINT)
    command = translate.file_command(name, path_of(request.scope), body)
    live = printer_of(request.scope)
    done: CommandDone = await ask(request.scope, topics.COMMAND_PRINTER, command, identity, live)
    return empty(done.run)


async def _place(request: AnyRequest, identity: Identity, name: str, body: Body) -> ASGIApp:
    """copy and move."""
    destination = body.get("destination")
    if destination is None:
        raise Invalid("Mandatory parameters missing", code="no_destination")
    if not isinstance(destination, str):
        raise Invalid("destination is invalid", code="bad_destination")
    topic, make = _PLACING[name]
    wanted = make(path=path_of(request.scope), destination=destination)
    answer: FilePlaced = await ask(request.scope, topic, wanted, identity, printer_of(request.scope))
    placed = translate_files.placed(answer, public_base(request.scope))
    return json_reply(placed, 201, {"Location": placed.refs.resource})


async def _analyse(request: AnyRequest, identity: Identity, _: str, __: Body) -> ASGIApp:
    """The analysis begins; its result shows in the file's record."""
    wanted = AnalyseFile(path=path_of(request.scope))
    await ask(request.scope, topics.ANALYSE_FILE, wanted, identity, printer_of(request.scope))
    return empty()


async def _slice(request: AnyRequest, identity: Identity, _: str, __: Body) -> ASGIApp:
    """There is no slicer here; OctoPrint without one answers so too."""
    await read_entry(request, identity, path_of(request.scope))
    raise Invalid("Cannot slice file, no slicer available", code="invalid_type")


async def _to_card(request: AnyRequest, identity: Identity, _: str, __: Body) -> ASGIApp:
    await read_entry(request, identity, path_of(request.scope))
    raise Conflict("Can not upload to SD card, it is not used here", code="no_sd_card")


class Command(NamedTuple):
    """What a command needs, and what it does."""

    needs: tuple[Permission, ...]
    act: Act


_PLACING: Mapping[str, tuple[Topic, type[CopyFile] | type[MoveFile]]] = MappingProxyType(
    {"copy": (topics.COPY_FILE, CopyFile), "move": (topics.MOVE_FILE, MoveFile)}
)
COMMANDS: Mapping[str, Command] = MappingProxyType(
    {
        "select": Command((Permission.FILES_SELECT,), _select),
        "unselect": Command((Permission.FILES_SELECT,), _select),
        "copy": Command((Permission.FILES_UPLOAD,), _place),
        "move": Command((Permission.FILES_UPLOAD, Permission.FILES_DELETE), _place),
        "analyse": Command((Permission.FILES_UPLOAD,), _analyse),
        "slice": Command((Permission.FILES_UPLOAD,), _slice),
        "uploadSd": Command((Permission.FILES_UPLOAD,), _to_card),
    }
)
