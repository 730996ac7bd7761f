"""What a gateway says of itself and of the machine it runs on."""

from __future__ import annotations

import os
import resource
import socket
from datetime import datetime
from typing import Any

from shared.build import version

API = "5.1"  # from 6 on, clients ask for sensors, buttons and groups as well
FIRMWARE = "5.1.31"
RSSI = -1  # dBm; from -1 to -49 is good
_KIBI = 1024


def hostname() -> str:
    """The first label of the machine's name."""
    return socket.gethostname().split(".")[0]


def info(identity: str) -> dict[str, Any]:
    """`identity` is a UUID that stays the same for this installation."""
    digits = identity.replace("-", "")
    return {
        "product": "Jobwire",
        "instance_id": int(digits[:7], 16),
        "sn": digits[:12],
        "api": API,
        "sw": FIRMWARE,
        "boot": version(),
        "hw": "virtual",
        "hostname": hostname(),
    }


def debug(now: datetime, uptime: int) -> dict[str, Any]:
    """What `/api/info/debug` has beside it."""
    return {"jobwire": version(), "uptime": uptime, "utc": _iso(now)}


def time(now: datetime, uptime: int) -> dict[str, Any]:
    """The time, and seconds since the start."""
    return {"utc": _iso(now), "uptime": uptime}


def health(uptime: int, *, flash: tuple[int, int], sockets: int) -> dict[str, Any]:
    """Memory and disk in KiB; `flash` is the disk, its free and total bytes; `sockets` are open WebSockets."""
    page = os.sysconf("SC_PAGE_SIZE")
    return {
        "reboot_cause": "power_on",
        "uptime": uptime,
        "mem_size": os.sysconf("SC_PHYS_PAGES") * page // _KIBI,
        "mem_free": os.sysconf("SC_AVPHYS_PAGES") * page // _KIBI,
        "flash_size": flash[1] // _KIBI,
        "flash_free": flash[0] // _KIBI,
        "sockets": sockets,
        "wlan_rssi": RSSI,
        "wlan_resets": 0,
        "max_tasks": os.cpu_count() or 1,
        "mem_used": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
    }


def _iso(now: datetime) -> str:
    return now.replace(tzinfo=None).isoformat(timespec="seconds")
