"""A gateway on a socket whose owner plays along: it keeps files and goes through the states of a print."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from pathlib import Path
from typing import Any

import pytest

from services.printer_controller import temperatures
from shared.contracts import topics
from shared.contracts.files import AddFile, DeleteFile, FileAdded, FileDeleted, FileList, FileRead, PrintFile, ReadFile
from shared.contracts.printers import (
    CancelPrint,
    CommandDone,
    ConnectPrinter,
    DisconnectPrinter,
    Heater,
    OffsetTemperatures,
    PausePrint,
    PrinterStatus,
    SelectFile,
)
from shared.errors import Conflict, NotFound
from tests.support.database import Database
from tests.support.gateway import RunningGateway, ScriptedOwner, running_gateway, served

_S = PrinterStatus
ROOM = {name: Heater(actual=21.3, target=0.0) for name in ("tool0", "bed")}
_TURNS = {("toggle", _S.PRINTING): _S.PAUSED, ("toggle", _S.PAUSED): _S.PRINTING}
_ACTIONS = {"pause": _S.PAUSED, "resume": _S.PRINTING}


class PlayingOwner:
    """Answers for one printer, as its controller would."""

    def __init__(self, owner: ScriptedOwner) -> None:
        self._owner = owner
        self._status = _S.OPERATIONAL
        self._files: dict[str, PrintFile] = {}
        self._heaters = ROOM
        self._telling: set[asyncio.Task[None]] = set()
        owner.answers |= {
            topics.COMMAND_PRINTER: self._command,
            topics.ADD_FILE: self._add,
            topics.READ_FILE: self._read,
            topics.DELETE_FILE: self._delete,
            topics.LIST_FILES: lambda _: FileList(files=list(self._files.values())),
        }

    def _command(self, asked: Any) -> CommandDone | Conflict:
        if isinstance(asked, OffsetTemperatures):
            self._heaters = temperatures.with_offsets(self._heaters, asked.offsets)
            self._soon(self._owner.temperature(self._heaters))
        if isinstance(asked, CancelPrint) and self._status not in (_S.PRINTING, _S.PAUSED):
            return Conflict("Printer is neither printing nor paused, 'cancel' command cannot be performed")
        if isinstance(asked, SelectFile):
            self._tell(_S.PRINTING if asked.print else self._status, asked.path)
        elif isinstance(asked, PausePrint):
            self._tell(_ACTIONS.get(asked.action) or _TURNS[asked.action, self._status])
        elif isinstance(asked, CancelPrint | ConnectPrinter):
            self._tell(_S.OPERATIONAL)
        elif isinstance(asked, DisconnectPrinter):
            self._tell(_S.OFFLINE)
        return CommandDone()

    def _add(self, asked: AddFile) -> FileAdded:
        path = f"{asked.folder}/{asked.name}" if asked.folder else asked.name
        file = PrintFile(
            path=path, name=asked.name, display=asked.name, size=asked.size, date=1, hash=asked.hash,
            digest=asked.digest,
        )  # fmt: skip
        self._files[path] = file
        if asked.print:
            self._tell(_S.PRINTING, path)
        return FileAdded(file=file, effective_select=asked.select, effective_print=asked.print)

    def _read(self, asked: ReadFile) -> FileRead | NotFound:
        file = self._files.get(asked.path)
        return FileRead(file=file) if file else NotFound("no such file")

    def _delete(self, asked: DeleteFile) -> FileDeleted:
        del self._files[asked.path]
        return FileDeleted(paths=[asked.path])

    def _tell(self, status: PrinterStatus, path: str | None = None) -> None:
        """Publish soon, as a printer does: after the answer."""
        self._status = status
        self._soon(self._publish(status, path))

    def _soon(self, telling: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(telling)
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)

    async def _publish(self, status: PrinterStatus, path: str | None) -> None:
        await self._owner.state(status)
        if path is not None:
            await self._owner.job(path)


@pytest.fixture
async def gateway(tmp_path: Path, database: Database) -> AsyncIterator[RunningGateway]:
    async with running_gateway(tmp_path, database=database) as running:
        PlayingOwner(running.owner)
        await running.owner.temperature(ROOM)
        yield running


@pytest.fixture
async def url(gateway: RunningGateway) -> AsyncIterator[str]:
    """Where the gateway is."""
    async with served(gateway) as (host, port):
        yield f"http://{host}:{port}"
