"""What the kernel says of a process (Linux): processor time, memory, and the priority it may have."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_NICE = -15
_REAL_TIME = 20


def cpu_seconds(pid: int) -> float:
    """User and system time of the process and all its threads, in seconds (proc(5), fields 14 and 15 of `stat`)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def resident_megabytes(pid: int) -> float:
    """Resident memory of the process in MB of a million bytes (proc(5), `VmRSS` of `status`)."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024 / 1e6
    raise ProcessLookupError(f"process {pid} has no memory any more")


def raise_priority() -> str:
    """Raise the priority of this process and all it starts, hosts and peers alike, where allowed; what was done.

    A host and its printer wait for each other, so foreign load would be measured instead of them.
    """
    try:
        os.setpriority(os.PRIO_PROCESS, 0, _NICE)
    except PermissionError:
        return "no priority"
    return f"everything at nice {_NICE}"


def keep_time(printer: int) -> str:
    """Put a printer that paces its wire or its moves by the clock above all others, where allowed; what was done."""
    try:
        os.sched_setscheduler(printer, os.SCHED_FIFO, os.sched_param(_REAL_TIME))
    except PermissionError:
        return "printer without real-time priority"
    return "printer at real-time priority"


async def foreign_load(seconds: float = 0.5) -> float:
    """The share (0..1) of all processors that others use now; print it beside the figures."""
    before, started = _busy(), time.monotonic()
    await asyncio.sleep(seconds)
    used = (_busy() - before) / _TICKS
    return min(1.0, used / ((time.monotonic() - started) * (os.cpu_count() or 1)))


def _busy() -> int:
    """Ticks of all processors since boot that were not idle (proc(5), first line of `stat`)."""
    ticks = [int(value) for value in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    return sum(ticks) - ticks[3] - ticks[4]
