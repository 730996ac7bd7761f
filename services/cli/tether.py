"""Ties a child process to its parent: when the parent dies, however it dies, the kernel tells the child to stop."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Callable

PR_SET_PDEATHSIG = 1  # prctl(2)


def tether() -> Callable[[], None] | None:
    """What the child does between fork and exec, or None where the system has no such tie.

    SIGTERM, not SIGKILL: the broker saves and a controller leaves its printer safe; whoever does not end by it is
    ended by the next start.
    """
    if not sys.platform.startswith("linux"):
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    parent = os.getpid()

    def tie() -> None:
        prctl(PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)
        if os.getppid() != parent:  # it died before the tie held
            os._exit(1)

    return tie
