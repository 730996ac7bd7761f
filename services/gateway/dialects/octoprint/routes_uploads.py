"""POST /api/files/<location>: a new file, or a new folder."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import msgspec
from litestar import post
from litestar.types import ASGIApp

from services.gateway.callers.identity import Identity
from services.gateway.callers.roles import Permission
from services.gateway.dialects.octoprint import translate_files
from services.gateway.dialects.octoprint.routes_common import (
    AnyRequest,
    allowed,
    ask,
    gateway_of,
    printer_of,
    public_base,
)
from services.gateway.dialects.octoprint.translate_files import LOCAL
from services.gateway.live_view import Live
from services.gateway.public_address import header
from services.gateway.replies import Reply, json_reply
from services.gateway.uploads import StoredBlob, Upload, is_true, receive
from shared.contracts import topics
from shared.contracts.files import AddFile, CreateFolder, FileAdded, FolderCreated
from shared.errors import Invalid, NotFound, TooLarge

_LARGEST_USERDATA = 8 * 1024
_FORM_AROUND = 64 * 1024  # what a form may have besides the file: fields, headers, boundaries


@post("/api/files/{location:str}", request_max_body_size=None, name="octoprint_upload_file")
async def upload_file(request: AnyRequest) -> ASGIApp:
    """Store a file (and select or print it), or make a folder; 201 once the owner has committed it."""
    identity = await allowed(request.scope, Permission.FILES_UPLOAD)
    if request.scope["path_params"]["location"] != LOCAL:
        raise NotFound("Files can only be stored locally")
    live = printer_of(request.scope)  # without an owner nothing is stored
    gateway = gateway_of(request.scope)
    limit = gateway.settings.max_upload
    upload = await receive(
        _limited(request, limit + _FORM_AROUND),
        header(request.scope, b"content-type"),
        gateway.blobs,
        limit=limit,
        check_name=translate_files.check_type,
    )
    userdata = _userdata(upload)
    if upload.file is not None:
        return await _add_file(request, upload, upload.file, userdata, identity, live)
    if upload.fields.get("foldername"):
        return await _create_folder(request, upload, identity, live)
    raise Invalid("No file to upload and no folder to create", code="no_file")


async def _add_file(
    request: AnyRequest,
    upload: Upload,
    blob: StoredBlob,
    userdata: dict[str, Any] | None,
    identity: Identity,
    live: Live,
) -> Reply:
    fields, arriving = upload.fields, gateway_of(request.scope).arriving
    name = fields.get("filename") or blob.name
    translate_files.check_type(name)
    wanted = AddFile(
        name=name, folder=fields.get("path", ""), digest=blob.digest, size=blob.size, hash=blob.sha1,
        select=is_true(fields, "select") and identity.may(Permission.FILES_SELECT),
        print=is_true(fields, "print") and identity.may(Permission.PRINT),
        no_overwrite=is_true(fields, "noOverwrite"), userdata=userdata,
    )  # fmt: skip
    arriving.add(blob.digest)
    try:
        added: FileAdded = await ask(request.scope, topics.ADD_FILE, wanted, identity, live)
    finally:
        arriving.discard(blob.digest)
    answer = translate_files.uploaded(added, public_base(request.scope))
    headers = {"Location": answer.files[LOCAL].refs.resource}
    return json_reply(answer, 201, headers | ({"X-Run-Id": added.run} if added.run else {}))


async def _create_folder(request: AnyRequest, upload: Upload, identity: Identity, live: Live) -> Reply:
    wanted = CreateFolder(name=upload.fields["foldername"], folder=upload.fields.get("path", ""))
    created: FolderCreated = await ask(request.scope, topics.CREATE_FOLDER, wanted, identity, live)
    answer = translate_files.folder_made(created.folder, public_base(request.scope))
    return json_reply(answer, 201, {"Location": answer.folder.refs.resource})


async def _limited(request: AnyRequest, limit: int) -> AsyncIterator[bytes]:
    """The body as it arrives, refused by its announced length or at the first byte too many."""
    announced = header(request.scope, b"content-length")
    if announced.isdecimal() and int(announced) > limit:
        raise TooLarge("The upload is larger than this server accepts")
    received = 0
    async for chunk in request.stream():
        received += len(chunk)
        if received > limit:
            raise TooLarge("The upload is larger than this server accepts")
        yield chunk


def _userdata(upload: Upload) -> dict[str, Any] | None:
    """What the uploader gave along, kept with the file. Raises `Invalid` unless it is a JSON object."""
    text = upload.fields.get("userdata")
    if text is None:
        return None
    if len(text) > _LARGEST_USERDATA:
        raise TooLarge(f"userdata can have at most {_LARGEST_USERDATA} characters")
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError):
        raise Invalid("userdata contains invalid JSON", code="bad_userdata") from None
