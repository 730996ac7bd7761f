"""Contents are analysed once, in the background; what comes of it is kept, told, shown, and forgotten when unused."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from services.printer_controller import sweeping
from services.printer_controller.analysing import Analysing
from services.printer_controller.analysis.result import Filament, FileAnalysis, Mark, Slicer, Thumbnail
from services.printer_controller.analysis.runner import NotAnalysed, Outcome
from services.printer_controller.models import AnalysisRow
from shared.contracts import topics
from shared.contracts.files import AddFile, AnalyseFile, CopyFile, DeleteFile, PrintFile, ReadFile
from shared.contracts.messages import Caller
from shared.contracts.printers import SelectFile, SendGcode, StartPrint
from shared.contracts.runs import RunStatus
from shared.errors import Conflict, Invalid, NotFound
from tests.support.clock import eventually

ADMIN = Caller(name="root", via="octoprint", role="admin")
FOUND = FileAnalysis(
    estimated_print_time=600.0,
    estimated_by="slicer",
    filament={"tool0": Filament(1000.0, 2.4)},
    slicer=Slicer("PrusaSlicer", "2.9"),
    thumbnails=(Thumbnail(16, 16, "png", 10, 90, 60),),
    marks=(Mark(0, 600.0), Mark(10, 0.0)),
    commands={"G28": 1, "M500": 7, "M997": 3},
)


class FakeRunner:
    """A runner that finishes what the test says, when it says so."""

    def __init__(self, finished: Callable[[str, Outcome], Awaitable[None]]) -> None:
        self.finished = finished
        self.wanted: list[str] = []
        self.forgotten: set[str] = set()
        self.waiting: tuple[str, ...] = ()

    def want(self, key: str, path: Path) -> None:
        assert path.name == key
        self.wanted.append(key)

    def forget(self, key: str) -> None:
        self.forgotten.add(key)

    async def run(self) -> None:
        await asyncio.Event().wait()


@pytest.fixture
def runner(rig: Any) -> FakeRunner:
    made: list[FakeRunner] = []

    def make(finished: Callable[[str, Outcome], Awaitable[None]]) -> Any:
        made.append(FakeRunner(finished))
        return made[0]

    rig.fleet.analysing = Analysing(rig.shop, rig.fleet, make)
    return made[0]


@asynccontextmanager
async def running(analysing: Analysing) -> AsyncIterator[None]:
    """The service's coroutine, ended in order."""
    stopping = asyncio.Event()
    task = asyncio.create_task(analysing.run(stopping))
    yield
    stopping.set()
    await task


async def file_at(rig: Any, path: str) -> PrintFile:
    found: PrintFile = (await rig.ask(topics.READ_FILE, ReadFile(path=path))).file
    return found


async def test_an_upload_is_analysed_and_its_record_job_and_event_say_so(rig: Any, runner: FakeRunner) -> None:
    added = await rig.upload(select=True)
    assert runner.wanted == [added.file.digest]
    assert rig.bus.last(topics.PRINTER_JOB, printer="mk3").estimated_print_time is None
    await runner.finished(added.file.digest, FOUND)
    file = await file_at(rig, "part.gcode")
    assert file.analysis is not None
    assert (file.analysis.estimated_print_time, file.analysis.slicer) == (600.0, "PrusaSlicer 2.9")
    assert [(each.width, each.start, each.end) for each in file.thumbnails] == [(16, 10, 90)]
    job = rig.bus.last(topics.PRINTER_JOB, printer="mk3")
    assert (job.estimated_print_time, job.filament["tool0"].length) == (600.0, 1000.0)
    (event,) = rig.events("file_analysed")
    assert (event.data["path"], event.data["reason"]) == ("part.gcode", None)
    assert event.data["result"]["estimatedPrintTime"] == 600.0


async def test_the_same_content_is_analysed_once_whatever_its_names(rig: Any, runner: FakeRunner) -> None:
    added = await rig.upload()
    await runner.finished(added.file.digest, FOUND)
    again = await rig.upload(name="again.gcode", select=True)
    await rig.ask(topics.COPY_FILE, CopyFile(path="part.gcode", destination="copy.gcode"))
    assert len(runner.wanted) == 1
    assert again.file.analysis is not None
    assert (await file_at(rig, "copy.gcode")).analysis is not None
    assert rig.bus.last(topics.PRINTER_JOB, printer="mk3").estimated_print_time == 600.0


async def test_a_content_that_cannot_be_analysed_says_why_and_is_not_tried_again(rig: Any, runner: FakeRunner) -> None:
    added = await rig.upload()
    await runner.finished(added.file.digest, NotAnalysed("it took too long"))
    file = await file_at(rig, "part.gcode")
    assert (file.analysis, file.not_analysed) == (None, "it took too long")
    assert rig.events("file_analysed")[0].data["reason"] == "it took too long"
    async with running(Analysing(rig.shop, rig.fleet, lambda _: runner)):  # type: ignore[arg-type,return-value]
        await asyncio.sleep(0.05)
    assert len(runner.wanted) == 1


async def test_an_analysis_can_be_ordered_again(rig: Any, runner: FakeRunner) -> None:
    added = await rig.upload()
    await runner.finished(added.file.digest, NotAnalysed("no"))
    assert (await rig.ask(topics.ANALYSE_FILE, AnalyseFile(path="PART.gcode"))).digest == added.file.digest
    assert len(runner.wanted) == 2
    await runner.finished(added.file.digest, FOUND)
    assert (await file_at(rig, "part.gcode")).analysis is not None
    with pytest.raises(NotFound):
        await rig.ask(topics.ANALYSE_FILE, AnalyseFile(path="nope.gcode"))


async def test_an_analysis_ends_with_the_last_file_of_its_content(rig: Any, runner: FakeRunner) -> None:
    added = await rig.upload()
    await rig.ask(topics.COPY_FILE, CopyFile(path="part.gcode", destination="copy.gcode"))
    await rig.ask(topics.DELETE_FILE, DeleteFile(path="part.gcode"))
    assert runner.forgotten == set()
    await rig.upload(name="copy.gcode", content=b"G1 X9\n")
    assert runner.forgotten == {added.file.digest}
    await runner.finished(added.file.digest, FOUND)
    assert rig.events("file_analysed") == []
    assert await rig.row(AnalysisRow, added.file.digest) is None


async def test_what_is_known_of_contents_that_are_gone_is_swept(rig: Any, runner: FakeRunner) -> None:
    added = await rig.upload()
    await runner.finished(added.file.digest, FOUND)
    turn = asyncio.create_task(sweeping._turn(rig.shop))
    await rig.clock.until_asleep()
    assert await rig.row(AnalysisRow, added.file.digest) is not None
    await rig.ask(topics.DELETE_FILE, DeleteFile(path="part.gcode"))
    await rig.clock.advance(sweeping.EVERY)
    await turn
    turn = asyncio.create_task(sweeping._turn(rig.shop))
    await rig.clock.until_asleep()
    assert await rig.row(AnalysisRow, added.file.digest) is None
    turn.cancel()


async def test_files_without_an_analysis_are_ordered_at_the_start(rig: Any, runner: FakeRunner) -> None:
    first, second = await rig.upload(), await rig.upload(name="b.gcode", content=b"G1 X9\n")
    gone = await rig.upload(name="c.gcode", content=b"G1 X10\n")
    rig.shop.blobs.delete(gone.file.digest)
    await runner.finished(first.file.digest, FOUND)
    runner.wanted.clear()
    async with running(rig.fleet.analysing):
        await eventually(lambda: runner.wanted)
    assert runner.wanted == [second.file.digest]


async def test_the_real_process_reads_what_was_uploaded(rig: Any) -> None:
    async with running(rig.fleet.analysing):
        await rig.upload(content=b"; estimated printing time (normal mode) = 1m 2s\nG28\nM500\n", select=True)
        await eventually(lambda: rig.events("file_analysed"), within=20.0)
    assert rig.bus.last(topics.PRINTER_JOB, printer="mk3").estimated_print_time == 62.0


# --- what is never sent ----------------------------------------------------------------------------------------------


@pytest.fixture
async def denied(rig: Any, runner: FakeRunner) -> Any:
    """A file of alice's whose analysis has found commands that are never sent, selected."""
    added = await rig.upload(select=True)
    await runner.finished(added.file.digest, FOUND)
    return rig


async def test_a_file_that_is_never_sent_is_refused_with_its_line_and_command(denied: Any) -> None:
    sentence = r"^line 3 of the file cannot be printed: M997 is on this printer's deny list$"
    for command in (StartPrint(), SelectFile(path="part.gcode", print=True)):
        for caller in (None, ADMIN):
            with pytest.raises(Conflict, match=sentence) as refused:
                await denied.command(command, caller=caller)
            assert refused.value.code == "denied_command"
    assert denied.session.calls == []
    assert (await denied.command(SelectFile(path="part.gcode"))).run is None


async def test_what_an_administrator_uploads_is_sent(rig: Any, runner: FakeRunner) -> None:
    content = b"G28\nG1 X1\n"
    request = AddFile(name="part.gcode", digest="", size=len(content), hash="", caller=ADMIN, select=True)
    async with rig.shop.blobs.writer() as blob:
        await blob.write(content)
    request.digest = blob.digest
    await rig.ask(topics.ADD_FILE, request)
    await runner.finished(blob.digest, FOUND)
    assert (await rig.command(StartPrint())).run is not None
    sources = [call for call in rig.session.calls if call[0] == "start"]
    assert len(sources) == 1


async def test_the_same_upload_by_somebody_else_is_not_trusted(denied: Any) -> None:
    await denied.upload(name="part.gcode")
    with pytest.raises(Conflict, match="deny list"):
        await denied.command(StartPrint())


async def test_an_upload_that_is_to_be_printed_stays_good_and_says_that_it_is_not(denied: Any) -> None:
    added = await denied.upload(name="other.gcode", select=True, print=True)
    assert (added.effective_select, added.effective_print, added.run) == (True, False, None)
    (event,) = denied.events("print_refused")
    assert (event.data["path"], event.data["code"]) == ("other.gcode", "denied_command")
    assert denied.session.calls == []


async def test_before_the_analysis_the_print_itself_is_told_what_is_never_sent(rig: Any, runner: FakeRunner) -> None:
    sources: list[Any] = []
    begin = rig.session._begin

    def watched(source: Any) -> None:
        sources.append(source)
        begin(source)

    rig.session._begin = watched
    await rig.upload(select=True)
    run = (await rig.command(StartPrint())).run
    assert b"M997" in sources[0].denied
    assert rig.run(run).status is RunStatus.ACCEPTED


@pytest.mark.parametrize("lines", [["M500"], ["M117 hello", "m997"], ["G28 M502"]])
async def test_lines_of_others_are_refused_and_those_of_administrators_sent(rig: Any, lines: list[str]) -> None:
    for caller in (None, Caller(name="mqtt", via="mqtt")):
        with pytest.raises(Conflict, match="deny list"):
            await rig.command(SendGcode(lines=lines), caller=caller)
    assert rig.session.calls == []
    await rig.command(SendGcode(lines=lines), caller=ADMIN)
    assert rig.session.calls == [("send", *lines)]


# --- what is no G-code -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("content", [b"GCDE\x01\x00\x00\x00rest", b"PK\x03\x04zipped", b"\x1f\x8bzipped"])
async def test_what_is_no_text_is_refused_with_a_sentence(rig: Any, content: bytes) -> None:
    with pytest.raises(Invalid, match="upload") as refused:
        await rig.upload(content=content)
    assert refused.value.code == "invalid_type"
    with pytest.raises(NotFound):
        await file_at(rig, "part.gcode")


async def test_nothing_becomes_a_file_whose_content_is_not_here_and_whole(rig: Any) -> None:
    async with rig.shop.blobs.writer() as blob:
        await blob.write(b"G28\n")
    for digest, size in (("a" * 64, 4), (blob.digest, 3), (blob.digest, 5), (blob.digest, -1)):
        with pytest.raises(Invalid):
            await rig.ask(topics.ADD_FILE, AddFile(name="x.gcode", digest=digest, size=size, hash=""))
    with pytest.raises(NotFound):
        await file_at(rig, "x.gcode")


async def test_what_an_uploader_gives_along_is_kept_and_goes_with_the_next_upload(rig: Any) -> None:
    await rig.upload(userdata={"order": [1, {"a": None}]})
    assert (await file_at(rig, "part.gcode")).userdata == {"order": [1, {"a": None}]}
    assert rig.events("file_added")[0].data["userdata"] == {"order": [1, {"a": None}]}
    await rig.upload()
    assert (await file_at(rig, "part.gcode")).userdata is None
