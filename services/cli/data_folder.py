"""The data folder of a running system: made private, locked against a second start, with a note of what runs."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from services.cli.exits import CommandError, Exit

LEFTOVER_GRACE = 7.0


def prepare(data: Path) -> None:
    """Make the folder and its `run` part, for this user alone. Raises `CommandError` when that is not possible."""
    try:
        for folder in (data, data / "run"):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            if folder.stat().st_uid == os.geteuid():
                folder.chmod(0o700)
    except OSError as error:
        raise CommandError(
            f"the data folder {data} cannot be made ({error.strerror or error}); choose another with --data",
            Exit.WRONG_USE,
        ) from None


def lock(data: Path) -> IO[str]:
    """Hold the folder as long as the file is open; the lock ends with the process, however it ends."""
    path = data / "run" / "up.lock"
    try:
        file = path.open("a+")
    except OSError as error:
        raise CommandError(f"{path} cannot be opened ({error.strerror or error})", Exit.WRONG_USE) from None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        pid = (read_state(data) or {}).get("pid", "unknown")
        raise CommandError(
            f"jobwire already runs on {data} (process {pid}); stop it first or choose another folder with --data",
            Exit.WRONG_USE,
        ) from None
    return file


def is_locked(data: Path) -> bool:
    """Whether a `jobwire up` holds the folder now."""
    try:
        with (data / "run" / "up.lock").open() as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def write_state(data: Path, state: dict[str, Any]) -> None:
    """Replace `run/up.json`: ports and process ids of what runs, and no secret."""
    write_private(data / "run" / "up.json", json.dumps(state, indent=2) + "\n")


def forget_state(data: Path) -> None:
    """Nothing runs any more, so `run/up.json` says nothing."""
    with contextlib.suppress(OSError):
        (data / "run" / "up.json").unlink()


def read_state(data: Path) -> dict[str, Any] | None:
    """What `write_state` wrote last, or None."""
    try:
        state = json.loads((data / "run" / "up.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return state if isinstance(state, dict) else None


def write_private(path: Path, text: str) -> None:
    """Replace a file in one step; only its owner can read it."""
    part = path.with_name(path.name + ".part")
    part.unlink(missing_ok=True)
    with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    part.replace(path)


def born(pid: int) -> str | None:
    """What tells a process from a later one with the same id: its start in ticks since boot (proc(5), field 22)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return None


def end_leftovers(data: Path, say: Callable[[str], None]) -> None:
    """End the children of a `jobwire up` that was killed; they were told to end with it, this waits and insists."""
    units: dict[str, Any] = (read_state(data) or {}).get("units", {})
    left = {name: unit["pid"] for name, unit in units.items() if unit.get("pid") and _is_same(unit)}
    if not left:
        return
    say(f"ending what an earlier start left behind: {', '.join(left)}")
    for number, grace in ((signal.SIGTERM, LEFTOVER_GRACE), (signal.SIGKILL, 2.0)):
        deadline = time.monotonic() + grace
        for pid in left.values():
            _signal(pid, number)
        while left and time.monotonic() < deadline:
            left = {name: pid for name, pid in left.items() if _is_same(units[name])}
            time.sleep(0.02)


def _is_same(unit: dict[str, Any]) -> bool:
    return unit.get("born") is not None and born(unit["pid"]) == unit["born"] and not _is_zombie(unit["pid"])


def _is_zombie(pid: int) -> bool:
    try:
        return (
            Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[0] == "Z"
        )
    except (OSError, IndexError):
        return False


def _signal(pid: int, number: int) -> None:
    try:
        os.killpg(pid, number)
    except (ProcessLookupError, PermissionError):
        return
