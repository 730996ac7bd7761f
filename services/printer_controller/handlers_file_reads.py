"""What the controller answers when somebody only looks at files."""

from __future__ import annotations

from typing import Any

from services.printer_controller import file_lists, file_names, files, runs
from services.printer_controller.fleet import Fleet
from shared.bus import NOT_MINE, Delivery
from shared.contracts.files import BlobUse, FileList, FileRead

MOST_DIGESTS = 1000  # in one question


async def list_files(fleet: Fleet, delivery: Delivery) -> FileList | Any:
    """A page of files and folders."""
    asked = delivery.message
    if not await fleet.serves(asked.printer):
        return NOT_MINE
    folder, after = file_names.stored_path(asked.folder), asked.after
    async with fleet.shop.store.reading() as tx:
        return await file_lists.page(tx, folder, recursive=asked.recursive, after=after, limit=asked.limit)


async def read_file(fleet: Fleet, delivery: Delivery) -> FileRead | Any:
    """One file or folder."""
    asked = delivery.message
    if not await fleet.serves(asked.printer):
        return NOT_MINE
    path = file_names.stored_path(asked.path)
    async with fleet.shop.store.reading() as tx:
        return await file_lists.read(tx, await files.named(tx, path))


async def read_blob_use(fleet: Fleet, delivery: Delivery) -> BlobUse | Any:
    """Which of the digests a file or a print under way still needs; more than a thousand are all said to be in use."""
    if delivery.message.owner not in ("", fleet.shop.owner):
        return NOT_MINE
    digests: list[str] = delivery.message.digests
    if len(digests) > MOST_DIGESTS:
        return BlobUse(in_use=digests)
    async with fleet.shop.store.reading() as tx:
        used = await files.digests_in_use(tx, digests) | await runs.digests_in_use(tx, digests)
    return BlobUse(in_use=[digest for digest in digests if digest in used])
