"""Has the contents of print files analysed in the background: new ones first, then those that nobody looked at yet.

One at a time, in a process far below the others: a print under way is not disturbed, so nothing waits for its end.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from services.printer_controller import analyses, file_names
from services.printer_controller.analysis.result import FileAnalysis
from services.printer_controller.analysis.runner import AnalysisRunner, Outcome
from services.printer_controller.printers import Printer, Shop
from services.printer_controller.writing import Writing
from shared.errors import JobError

LOG = logging.getLogger(__name__)

AT_ONCE = 100  # digests of the backlog that wait at once
PAUSE = 30.0  # seconds before a failing database is asked again


class Analysing:
    """`want` and `forget` are called after a commit; what comes of it is stored, told, and shown by the printers."""

    def __init__(
        self,
        shop: Shop,
        printers: Iterable[Printer],
        make_runner: Callable[[Callable[[str, Outcome], Any]], AnalysisRunner] = AnalysisRunner,
    ) -> None:
        self._shop = shop
        self._printers = printers
        self._runner = make_runner(self._finished)
        self._runner.began = self._began
        self._looking = asyncio.Event()  # there may be more of the backlog to order
        self._begun_anew = asyncio.Event()  # some wish gave way or could not be kept: look from the beginning

    def want(self, digest: str) -> None:
        """Analyse this content next."""
        if self._runner.want(digest, self._shop.blobs.path(digest)) is not None:
            self._begun_anew.set()

    def forget(self, digests: Iterable[str]) -> None:
        """No file has these contents any more."""
        for digest in digests:
            self._runner.forget(digest)

    async def run(self, stopping: asyncio.Event) -> None:
        """Analyse until `stopping`; no process outlives it."""
        stop = asyncio.create_task(stopping.wait())
        work = [asyncio.create_task(each) for each in (self._runner.run(), self._keep_ordering())]
        try:
            await asyncio.wait((stop, *work), return_when=asyncio.FIRST_COMPLETED)
            for task in work:
                if task.done():
                    task.result()  # raises: this work never ends by itself
        finally:
            stop.cancel()
            for task in work:
                task.cancel()
            await asyncio.gather(stop, *work, return_exceptions=True)

    async def _keep_ordering(self) -> None:
        after = ""
        while True:
            try:
                async with self._shop.store.reading() as tx:
                    found = await analyses.missing(tx, after, AT_ONCE)
            except JobError as error:
                LOG.warning("cannot look for files to analyse: %s", error)
                await self._shop.clock.sleep(PAUSE)
                continue
            here = await asyncio.to_thread(self._those_here, found)
            for digest in here:
                self.want(digest)
            after = found[-1] if found else ""
            if here or not found:
                event = self._looking if found else self._begun_anew
                await event.wait()
                event.clear()

    def _those_here(self, digests: list[str]) -> list[str]:
        """The others lie on another host."""
        return [digest for digest in digests if self._shop.blobs.exists(digest)]

    async def _began(self, digest: str) -> None:
        async with self._shop.writing() as writing:
            for path in await analyses.paths(writing.tx, digest):
                data = {"name": file_names.last(path), "path": path, "origin": "local"}
                await writing.event("file_analysis_began", path, data)

    async def _finished(self, digest: str, outcome: Outcome) -> None:
        result, reason = (outcome, None) if isinstance(outcome, FileAnalysis) else (None, outcome.reason)
        try:
            async with self._shop.writing() as writing:
                kept = await self._keep(writing, digest, result, reason)
        except JobError as error:
            LOG.warning("an analysis could not be kept: %s", error)
            self._begun_anew.set()
            kept = False
        if kept and result is not None:
            for printer in self._printers:
                printer.learnt(digest, result)
        if not self._runner.waiting:
            self._looking.set()

    async def _keep(self, writing: Writing, digest: str, result: FileAnalysis | None, reason: str | None) -> bool:
        """Store it and tell of every file that has this content; False when none has it any more."""
        paths = await analyses.paths(writing.tx, digest)
        if not paths:
            return False
        await analyses.store(writing.tx, digest, result, reason)
        shown = msgspec.to_builtins(analyses.summary_of(result).analysis) if result is not None else None
        for path in paths:
            data = {"name": file_names.last(path), "path": path, "origin": "local", "result": shown, "reason": reason}
            await writing.event("file_analysed", path, data)
        return True
