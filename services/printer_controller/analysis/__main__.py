"""`python -m services.printer_controller.analysis PATH`: what a file says, as JSON on standard output.

The process is as polite as it can be and ends by itself when it takes too long, even if nobody is left to stop it.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import resource
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from services.printer_controller.analysis.reading import read
from shared.errors import JobError

POLITE = 15  # of 19
LONGEST = 600  # seconds of processor time


def main(argv: Sequence[str]) -> int:
    """0 and the `FileAnalysis`, or 1 and one sentence on standard error."""
    parser = argparse.ArgumentParser(prog="analysis", description="Say what a print file holds.")
    parser.add_argument("path", type=Path)
    parser.add_argument("--nice", type=int, default=POLITE, help="how far below the other processes")
    parser.add_argument("--processor-seconds", type=int, default=LONGEST, help="end after so many")
    options = parser.parse_args(argv)
    os.nice(options.nice)
    _yield_to_all()
    resource.setrlimit(resource.RLIMIT_CPU, (options.processor_seconds, options.processor_seconds + 1))
    try:
        analysis = read(options.path)
    except JobError as error:
        return _complain(error.message)
    except OSError as error:
        return _complain(f"the file cannot be read: {error.strerror}")
    sys.stdout.buffer.write(msgspec.json.encode(analysis))
    return 0


def _yield_to_all() -> None:
    """Where there is such a thing, run only when nobody else wants the processor: niceness alone delays a print."""
    if hasattr(os, "SCHED_IDLE"):
        with contextlib.suppress(OSError):
            os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))


def _complain(sentence: str) -> int:
    sys.stderr.write(sentence + "\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
