"""/downloads: the bytes of files, and the pictures in them, also where OctoPrint's plug-in for thumbnails has them."""

from __future__ import annotations

import asyncio

from litestar import get
from litestar.types import ASGIApp

from services.gateway import thumbnails
from services.gateway.callers.identity import Identity
from services.gateway.callers.roles import Permission
from services.gateway.dialects.octoprint import translate_files
from services.gateway.dialects.octoprint.routes_common import (
    AnyRequest,
    allowed,
    ask,
    gateway_of,
    path_of,
    printer_of,
)
from services.gateway.dialects.octoprint.routes_files import read_entry
from services.gateway.dialects.octoprint.translate_files import THUMBNAIL_PLUGIN
from services.gateway.file_replies import FileReply, attachment
from services.gateway.replies import Reply
from shared.contracts import topics
from shared.contracts.files import FileRead, FileThumbnail, PrintFile, ReadFile
from shared.errors import NotFound

_NO_SNIFFING = (b"x-content-type-options", b"nosniff")
_NO_SCRIPTS = (b"content-security-policy", b"default-src 'none'; sandbox")


@get("/downloads/files/{location:str}/{path:path}", name="octoprint_download_file")
async def download_file(request: AnyRequest) -> ASGIApp:
    """The bytes of a file, as they were uploaded; found by digest, so no path of a request reaches the disk."""
    identity = await allowed(request.scope, Permission.FILES_DOWNLOAD)
    file = (await read_entry(request, identity, path_of(request.scope))).file
    if file is None:
        raise NotFound("There is no such file")
    headers = [(b"content-type", b"application/octet-stream"), attachment(file.name), _NO_SNIFFING, _NO_SCRIPTS]
    return FileReply(gateway_of(request.scope).blobs.path(file.digest), file.size, file.digest, headers)


@get("/downloads/thumbnails/{location:str}/{path:path}", name="octoprint_download_thumbnail")
async def download_thumbnail(request: AnyRequest) -> ASGIApp:
    """The picture `<path of the file>/<number>.<format>`, as a file's record refers to it."""
    identity = await allowed(request.scope, Permission.FILES_LIST)
    path, _, name = path_of(request.scope).rpartition("/")
    file = (await read_entry(request, identity, path)).file
    number = name.partition(".")[0]
    if file is None or not number.isascii() or not number.isdecimal() or int(number[:4]) >= len(file.thumbnails):
        raise NotFound("There is no such picture")
    return await _picture(request, file, file.thumbnails[int(number[:4])])


@get(f"/plugin/{THUMBNAIL_PLUGIN}/thumbnail/{{path:path}}", name="octoprint_plugin_thumbnail")
async def plugin_thumbnail(request: AnyRequest) -> ASGIApp:
    """The largest picture of a file, where clients of the plug-in PrusaSlicer Thumbnails look for it."""
    identity = await allowed(request.scope, Permission.FILES_LIST)
    for name in translate_files.names_of_picture(path_of(request.scope)):
        file = await _find(request, identity, name)
        main = translate_files.main_thumbnail(file) if file is not None else None
        if file is not None and main is not None:
            return await _picture(request, file, main)
    raise NotFound("There is no such picture")


async def _find(request: AnyRequest, identity: Identity, path: str) -> PrintFile | None:
    try:
        read: FileRead = await ask(
            request.scope, topics.READ_FILE, ReadFile(path=path), identity, printer_of(request.scope)
        )
    except NotFound:
        return None
    return read.file


async def _picture(request: AnyRequest, file: PrintFile, thumbnail: FileThumbnail) -> ASGIApp:
    path = gateway_of(request.scope).blobs.path(file.digest)
    picture = await asyncio.to_thread(thumbnails.read, path, thumbnail)
    media_type = thumbnails.MEDIA_TYPES[thumbnail.format].encode()
    headers = [(b"content-type", media_type), (b"cache-control", b"private, max-age=3600"), _NO_SNIFFING, _NO_SCRIPTS]
    return Reply(200, headers, picture)
