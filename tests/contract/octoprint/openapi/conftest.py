"""A gateway on a socket in a thread of its own, so that a blocking client can ask it, with an owner who has files."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from shared.contracts import topics
from shared.contracts.files import (
    AddFile,
    AnalyseFile,
    AnalysisWanted,
    CopyFile,
    CreateFolder,
    DeleteFile,
    FileAdded,
    FileDeleted,
    FileList,
    FilePlaced,
    FileRead,
    FolderCreated,
    GcodeAnalysis,
    ListFiles,
    MoveFile,
    PrintFile,
    PrintFolder,
    ReadFile,
)
from shared.contracts.printers import CommandDone, ConnectPrinter, Heater, SelectFile, UnselectFile
from shared.errors import Conflict, Invalid, NotFound
from shared.settings import GatewaySettings
from tests.support.database import Database, module_database
from tests.support.gateway import RunningGateway, ScriptedOwner, running_gateway, served

__all__ = ["module_database"]  # a fixture

FOLDER, PATH, CONTENT = "parts", "parts/ring.gcode", b"G28\nG1 X10 Y10 E1\n"
START_WITHIN = 20.0


class OwnerOfOneFile:
    """Has `parts/ring.gcode` for ever, takes whatever else comes, and refuses as the real one does."""

    def __init__(self, owner: ScriptedOwner, digest: str) -> None:
        self._file = PrintFile(
            path=PATH, name="ring.gcode", display="ring.gcode", size=len(CONTENT), date=1795329835, hash="2b40214821",
            digest=digest, user="admin", successes=1, analysis=GcodeAnalysis(estimated_print_time=636.5),
        )  # fmt: skip
        self._folder = PrintFolder(path=FOLDER, name=FOLDER, display=FOLDER, date=1795329835, size=len(CONTENT))
        owner.answers |= {
            topics.COMMAND_PRINTER: self._command,
            topics.ADD_FILE: self._add,
            topics.CREATE_FOLDER: self._make_folder,
            topics.LIST_FILES: self._list,
            topics.READ_FILE: self._read,
            topics.DELETE_FILE: self._delete,
            topics.COPY_FILE: self._place,
            topics.MOVE_FILE: self._place,
            topics.ANALYSE_FILE: self._analyse,
        }

    def _command(self, asked: Any) -> Any:
        if isinstance(asked, SelectFile | UnselectFile) and asked.path not in (PATH, "current"):
            return NotFound("no such file")
        if isinstance(asked, ConnectPrinter) and asked.port not in (None, "VIRTUAL"):
            return Invalid("port is invalid")
        return CommandDone(run="run-1" if isinstance(asked, SelectFile) and asked.print else None)

    def _add(self, asked: AddFile) -> Any:
        if asked.no_overwrite:
            return Conflict("it is there already")
        return FileAdded(file=self._file, effective_select=asked.select, effective_print=asked.print)

    def _make_folder(self, asked: CreateFolder) -> Any:
        return FolderCreated(folder=self._folder) if asked.name == FOLDER else Conflict("it is there already")

    def _list(self, asked: ListFiles) -> FileList:
        return FileList() if asked.folder or asked.after else FileList(files=[self._file], folders=[self._folder])

    def _read(self, asked: ReadFile) -> Any:
        if asked.path == FOLDER:
            return FileRead(folder=self._folder)
        return FileRead(file=self._file) if asked.path == PATH else NotFound("no such file")

    def _delete(self, asked: DeleteFile) -> Any:
        return FileDeleted(paths=[PATH], count=1) if asked.path == PATH else NotFound("no such file")

    def _place(self, asked: CopyFile | MoveFile) -> Any:
        if asked.path != PATH:
            return NotFound("no such file")
        return FilePlaced(name="ring.gcode", file=self._file)

    def _analyse(self, asked: AnalyseFile) -> Any:
        return AnalysisWanted(digest=self._file.digest) if asked.path == PATH else NotFound("no such file")


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory, database: Database) -> Iterator[str]:
    """Where the gateway is; it believes the address that a request says it comes from."""
    data, loop = tmp_path_factory.mktemp("openapi"), asyncio.new_event_loop()
    started: asyncio.Future[str] = loop.create_future()
    ended = asyncio.Event()
    thread = threading.Thread(target=loop.run_until_complete, args=(_serve(data, database, started, ended),))
    thread.start()
    try:
        yield asyncio.run_coroutine_threadsafe(_wait(started), loop).result(START_WITHIN)
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join(START_WITHIN)


async def _wait(started: asyncio.Future[str]) -> str:
    return await asyncio.shield(started)


async def _serve(data: Path, database: Database, started: asyncio.Future[str], ended: asyncio.Event) -> None:
    limits = GatewaySettings(trusted_proxies=["127.0.0.1"])
    async with running_gateway(data, database=database, limits=limits) as running, served(running) as (host, port):
        OwnerOfOneFile(running.owner, await _store(running))
        await running.owner.temperature(
            {"tool0": Heater(actual=21.3, target=0.0), "bed": Heater(actual=20.1, target=0)}
        )
        started.set_result(f"http://{host}:{port}")
        await ended.wait()


async def _store(running: RunningGateway) -> str:
    """The digest of the file's content, which is in the blob store."""
    async with running.gateway.blobs.writer() as writer:
        await writer.write(CONTENT)
    return str(writer.digest)
