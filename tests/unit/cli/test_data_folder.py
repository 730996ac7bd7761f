"""The data folder: private, for one system at a time, and swept after a system that was killed."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from services.cli import data_folder
from services.cli.exits import CommandError


@pytest.fixture
def data(tmp_path: Path) -> Path:
    data_folder.prepare(tmp_path / "data")
    return tmp_path / "data"


def test_the_folder_is_for_its_owner_alone(data: Path) -> None:
    assert data.stat().st_mode & 0o777 == 0o700
    assert (data / "run").stat().st_mode & 0o777 == 0o700


def test_a_second_start_on_the_same_folder_is_refused_until_the_first_ended(data: Path) -> None:
    with data_folder.lock(data):
        data_folder.write_state(data, {"pid": 4711})
        assert data_folder.is_locked(data)
        with pytest.raises(CommandError, match=r"already runs on .* \(process 4711\)") as refused:
            data_folder.lock(data)
        assert refused.value.exit == 2
    assert not data_folder.is_locked(data)
    data_folder.lock(data).close()


def test_a_private_file_is_replaced_whole_and_read_by_its_owner_alone(data: Path) -> None:
    for text in ("one", "two"):
        data_folder.write_private(data / "secret", text)
    assert (data / "secret").read_text() == "two"
    assert (data / "secret").stat().st_mode & 0o777 == 0o600


def test_a_state_that_cannot_be_read_is_no_state(data: Path) -> None:
    assert data_folder.read_state(data) is None
    (data / "run" / "up.json").write_text("{half")
    assert data_folder.read_state(data) is None


def test_a_child_left_behind_is_ended_and_a_stranger_with_its_number_is_not(data: Path) -> None:
    left, stranger = (subprocess.Popen(["sleep", "60"], start_new_session=True) for _ in range(2))
    try:
        units = {
            "gateway": {"pid": left.pid, "born": data_folder.born(left.pid)},
            "broker": {"pid": stranger.pid, "born": "1"},
            "never": {"pid": None, "born": None},
        }
        data_folder.write_state(data, {"units": units})
        said: list[str] = []
        data_folder.end_leftovers(data, said.append)
        assert said == ["ending what an earlier start left behind: gateway"]
        assert left.wait(2) == -signal.SIGTERM
        assert stranger.poll() is None
    finally:
        for process in (left, stranger):
            process.kill()
            process.wait(5)


def test_our_own_start_is_known() -> None:
    assert data_folder.born(os.getpid()) == data_folder.born(os.getpid()) is not None
    assert data_folder.born(2**22 + 1) is None
