"""/api/files: list, read and delete."""

from __future__ import annotations

import asyncio

from litestar import delete, get
from litestar.types import ASGIApp

from services.gateway.callers.identity import Identity
from services.gateway.callers.roles import Permission
from services.gateway.dialects.octoprint import translate, translate_files, wire_files
from services.gateway.dialects.octoprint.listings import Listing
from services.gateway.dialects.octoprint.routes_common import (
    AnyRequest,
    allowed,
    ask,
    empty,
    gateway_of,
    path_of,
    printer_of,
    public_base,
    query_of,
)
from services.gateway.dialects.octoprint.translate_files import LOCAL, SD_CARD
from services.gateway.file_replies import MadeReply
from services.gateway.replies import json_reply
from shared.contracts import topics
from shared.contracts.files import DeleteFile, FileList, FileRead, ListFiles, ReadFile
from shared.errors import NotFound


@get("/api/files", name="octoprint_list_files")
async def list_files(request: AnyRequest) -> ASGIApp:
    """All files of all places; the SD card has none."""
    return await _listing(request)


@get("/api/files/{location:str}", name="octoprint_list_location")
async def list_location(request: AnyRequest) -> ASGIApp:
    """The files of one place."""
    if location_of(request) == SD_CARD:
        await allowed(request.scope, Permission.FILES_LIST)
        return json_reply(wire_files.FileListing(files=[]))
    return await _listing(request)


@get("/api/files/{location:str}/{path:path}", name="octoprint_read_file")
async def read_file(request: AnyRequest) -> ASGIApp:
    """One file, or one folder with what is in it."""
    identity = await allowed(request.scope, Permission.FILES_LIST)
    read = await read_entry(request, identity, path_of(request.scope))
    if read.file is not None:
        return json_reply(translate_files.file_entry(read.file, public_base(request.scope)))
    if read.folder is None:
        raise NotFound("There is no such file")
    return await MadeReply(_listing_of(request, identity).folder(read.folder)).begin()


@delete("/api/files/{location:str}/{path:path}", status_code=200, name="octoprint_delete_file")
async def delete_file(request: AnyRequest) -> ASGIApp:
    """Remove a file, or a folder with all in it."""
    identity = await allowed(request.scope, Permission.FILES_DELETE)
    local(request)
    live = printer_of(request.scope)
    await ask(request.scope, topics.DELETE_FILE, DeleteFile(path=path_of(request.scope)), identity, live)
    return empty()


async def read_entry(request: AnyRequest, identity: Identity, path: str) -> FileRead:
    """The file or folder of that path, from its owner. Raises `NotFound`."""
    local(request)
    read: FileRead = await ask(
        request.scope, topics.READ_FILE, ReadFile(path=path), identity, printer_of(request.scope)
    )
    return read


def location_of(request: AnyRequest) -> str:
    """`local` or `sdcard`. Raises `NotFound` for any other place."""
    location = str(request.scope["path_params"]["location"])
    if location not in (LOCAL, SD_CARD):
        raise NotFound(f"There is no place {location!r}")
    return location


def local(request: AnyRequest) -> None:
    """There is no SD card to read from: everything on it is not found."""
    if location_of(request) != LOCAL:
        raise NotFound("There is no SD card")


async def _listing(request: AnyRequest) -> ASGIApp:
    identity = await allowed(request.scope, Permission.FILES_LIST)
    listing = _listing_of(request, identity)
    free, total = await asyncio.to_thread(gateway_of(request.scope).blobs.space)
    return await MadeReply(listing.whole(free, total)).begin()


def _listing_of(request: AnyRequest, identity: Identity) -> Listing:
    """`filter` may ask for models: none are kept here. `force` changes nothing: nothing is cached."""
    live, query = printer_of(request.scope), query_of(request.scope)

    async def ask_page(wanted: ListFiles) -> FileList:
        page: FileList = await ask(request.scope, topics.LIST_FILES, wanted, identity, live)
        return page

    return Listing(
        ask_page,
        public_base(request.scope),
        recursive=translate.is_true(query.get("recursive", "")),
        files=query.get("filter", "") in ("", "machinecode", "gcode"),
    )
