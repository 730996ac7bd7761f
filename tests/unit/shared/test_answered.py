"""What was decided by a state in memory is decided once, also when the process that decided it was killed."""

from __future__ import annotations

import errno
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from shared.answered import Answered
from shared.bus import NOT_MINE, Delivery
from shared.contracts import topics
from shared.contracts.printers import CommandDone, PausePrint
from shared.decide import decide_by_state
from shared.errors import Conflict, JobError, OutOfSpace, Unavailable

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def delivery(message_id: str | None = "m1") -> Delivery:
    return Delivery(topics.COMMAND_PRINTER, {}, b"", PausePrint(id=message_id), id=message_id)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "answered" / "controller.jsonl"


class Handler:
    """Answers, or refuses."""

    def __init__(self, answer: Any) -> None:
        self.answer, self.calls = answer, 0

    async def __call__(self, tx: None, message: Any) -> Any:
        assert tx is None
        self.calls += 1
        if isinstance(self.answer, JobError):
            raise self.answer
        return self.answer


@pytest.mark.parametrize("killed", [False, True])
async def test_a_repeat_gets_the_first_answer_and_is_not_decided(path: Path, killed: bool) -> None:
    answered, second = Answered(path), Handler(CommandDone(run="r2"))
    first = await decide_by_state(answered, delivery(), Handler(CommandDone(run="r1")), now=NOW)
    again = await decide_by_state(Answered(path) if killed else answered, delivery(), second, now=NOW)
    assert (first, again, second.calls) == (CommandDone(run="r1"), CommandDone(run="r1"), 0)


@pytest.mark.parametrize("killed", [False, True])
async def test_a_refusal_is_final_for_its_message(path: Path, killed: bool) -> None:
    answered, willing = Answered(path), Handler(CommandDone())
    with pytest.raises(Conflict):
        await decide_by_state(answered, delivery(), Handler(Conflict("not now", code="busy")), now=NOW)
    with pytest.raises(Conflict) as repeated:
        await decide_by_state(Answered(path) if killed else answered, delivery(), willing, now=NOW)
    assert (repeated.value.code, willing.calls) == ("busy", 0)


async def test_without_an_id_and_for_another_owner_nothing_is_kept(path: Path) -> None:
    answered, handler = Answered(path), Handler(CommandDone())
    for _ in range(2):
        await decide_by_state(answered, delivery(None), handler, now=NOW)
    assert await decide_by_state(answered, delivery(), Handler(NOT_MINE), now=NOW) is NOT_MINE
    assert (handler.calls, answered.find("m1")) == (2, None)


async def test_an_answer_of_none_is_remembered_too(path: Path) -> None:
    await decide_by_state(Answered(path), delivery(), Handler(None), now=NOW)
    assert await decide_by_state(Answered(path), delivery(), Handler(CommandDone()), now=NOW) is None


def test_of_many_the_newest_are_known_and_the_files_stay_small(path: Path) -> None:
    answered = Answered(path, keep=10)
    for number in range(33):
        answered.note(f"m{number}", CommandDone(run=str(number)), NOW)
    for known in (answered, Answered(path, keep=10)):
        assert [number for number in range(33) if known.find(f"m{number}")] == list(range(25, 33))
    assert sum(len(each.read_bytes().splitlines()) for each in path.parent.iterdir()) <= 10


def test_a_line_cut_short_by_a_power_cut_harms_no_other(path: Path) -> None:
    Answered(path).note("m1", None, NOW)
    with path.open("ab") as file:
        file.write(b'{"id":"m2","ref')
    Answered(path).note("m3", None, NOW)
    known = Answered(path)
    assert [bool(known.find(message)) for message in ("m1", "m2", "m3")] == [True, False, True]


@pytest.mark.parametrize(("number", "kind"), [(errno.ENOSPC, OutOfSpace), (errno.EIO, Unavailable)])
async def test_what_cannot_be_written_is_not_answered(
    path: Path, monkeypatch: pytest.MonkeyPatch, number: int, kind: type[JobError]
) -> None:
    answered = Answered(path)
    answered.note("m0", None, NOW)

    def fails(*_: Any) -> int:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as broken:
        broken.setattr(os, "write", fails)
        with pytest.raises(kind):
            await decide_by_state(answered, delivery(), Handler(CommandDone()), now=NOW)
    assert answered.find("m1") is None
    assert await decide_by_state(answered, delivery(), Handler(CommandDone(run="r")), now=NOW) == CommandDone(run="r")


async def test_a_folder_that_cannot_be_used_is_said(tmp_path: Path) -> None:
    (tmp_path / "answered").write_text("a file")
    with pytest.raises(Unavailable):
        await decide_by_state(Answered(tmp_path / "answered" / "c.jsonl"), delivery(), Handler(CommandDone()), now=NOW)


def test_a_line_that_a_full_disk_cut_short_is_taken_back(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answered, write = Answered(path), os.write
    answered.note("m0", None, NOW)
    whole = path.read_bytes()
    with monkeypatch.context() as full:
        full.setattr(os, "write", lambda file, line: write(file, line[:7]))
        with pytest.raises(OutOfSpace):
            answered.note("m1", None, NOW)
    assert path.read_bytes() == whole
