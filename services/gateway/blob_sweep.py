"""Removes the blobs that nobody needs: the gateway keeps the bytes, the printers' owners say what is in use.

Each controller that is or was known has to say so for itself: one that is away may need what no other one knows of.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Iterable

from services.gateway.gateway import Gateway
from services.gateway.owners import ONLINE
from shared.bus import Delivery
from shared.contracts import topics
from shared.contracts.files import BlobUse, ReadBlobUse
from shared.errors import JobError
from shared.pauses import first_of, jittered, pause

_log = logging.getLogger(__name__)

GRACE = 600.0  # seconds that a blob may lie unused: an upload becomes a file well within
BATCH = 200
FILE_REMOVED = "file_removed"
_EVERY = 900.0
_AFTER_DELETION = 5.0  # several deletions make one sweep
_BETWEEN_BATCHES = 0.2


class BlobSweep:
    """One pass each quarter of an hour, and one soon after a file was deleted."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._wanted = asyncio.Event()

    def follow(self) -> None:
        """Subscribe to deletions; call once, before the bus runs."""
        self._gateway.bus.follow(topics.EVENT, self._on_removed, service=topics.PRINTER_CONTROLLER, name=FILE_REMOVED)

    async def run(self, stopping: asyncio.Event) -> None:
        """Sweep until the service stops. A pass that fails is repeated the next time; nothing is deleted on doubt."""
        clock = self._gateway.clock
        while not await self._pause(stopping):
            self._wanted.clear()
            if await pause(clock, stopping, jittered(_AFTER_DELETION)):
                return
            try:
                removed = await self.sweep(stopping)
            except (JobError, OSError) as error:
                _log.info("no sweep of unused files now: %s", error)
            else:
                if removed:
                    _log.info("removed %d files that nobody needs any more", removed)

    async def sweep(self, stopping: asyncio.Event) -> int:
        """One pass over all blobs, in batches; how many were removed. Raises `Unavailable` without an answer."""
        blobs = self._gateway.blobs
        await asyncio.to_thread(blobs.sweep)
        owners = self._gateway.view.owners()
        away = sorted(owner for owner, state in owners.items() if state != ONLINE)
        if away or not owners:
            _log.info("no sweep of unused files: %s", f"{', '.join(away)} cannot be asked" if away else "nobody to ask")
            return 0
        old = await asyncio.to_thread(self._old)
        removed = 0
        for start in range(0, len(old), BATCH):
            batch = old[start : start + BATCH]
            unused = set(batch)
            for owner in owners:
                use: BlobUse = await self._gateway.bus.ask(
                    topics.READ_BLOB_USE, ReadBlobUse(digests=batch, owner=owner)
                )
                unused -= set(use.in_use)
            removed += await asyncio.to_thread(self._remove, unused)
            if await pause(self._gateway.clock, stopping, _BETWEEN_BATCHES):
                break
        return removed

    async def _pause(self, stopping: asyncio.Event) -> bool:
        """Wait for the next pass; whether the service stops."""
        await first_of(pause(self._gateway.clock, stopping, jittered(_EVERY)), self._wanted.wait())
        return stopping.is_set()

    def _old(self) -> list[str]:
        return sorted(digest for digest in self._gateway.blobs.digests() if self._is_old(digest))

    def _is_old(self, digest: str) -> bool:
        """An upload of the same bytes makes the blob young again, so a look right before removing it is enough."""
        if digest in self._gateway.arriving:
            return False
        try:
            written = self._gateway.blobs.path(digest).stat().st_mtime
        except FileNotFoundError:
            return False
        return self._gateway.clock.now().timestamp() - written > GRACE

    def _remove(self, digests: Iterable[str]) -> int:
        removed = 0
        for digest in digests:
            with contextlib.suppress(JobError):
                removed += self._is_old(digest) and self._gateway.blobs.delete(digest)
        return removed

    async def _on_removed(self, _: Delivery) -> None:
        self._wanted.set()
