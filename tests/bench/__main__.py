"""`python -m tests.bench [NAMES] [--rounds N] [--octoprint [FOLDER]] [--json FILE] [--whole] [--check]`.

Measures against a limit or peer in the same run, in interleaved rounds, and prints ratios. It is no test: the exit code
is 0 unless a bench could not run (2), or with `--check` a bar was missed (1).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.bench import (
    analysing,
    commands,
    faults,
    listeners,
    loads,
    memory,
    octoprint,
    planner,
    reads,
    streaming,
    unplug,
    uploads,
    visible,
    wire,
)
from tests.bench.machine import foreign_load, raise_priority
from tests.bench.rows import Row, table
from tests.bench.setup import Bench, CannotMeasure, Setup

BENCHES: dict[str, Bench] = {
    "streaming": streaming.measure,
    "wire": wire.measure,
    "faults": faults.measure,
    "unplug": unplug.measure,
    "visible": visible.measure,
    "reads": reads.measure,
    "commands": commands.measure,
    "listeners": listeners.measure,
    "loads": loads.measure,
    "uploads": uploads.measure,
    "planner": planner.measure,
    "analysing": analysing.measure,
    "memory": memory.measure,
}
CANNOT = (CannotMeasure, AssertionError, ValueError, OSError, TimeoutError)


def main(argv: Sequence[str]) -> int:
    """Run the chosen benches; the exit code."""
    chosen = _parser().parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="jobwire-bench-") as name:
        folder = Path(name)
        peer = None
        if chosen.octoprint is not None:
            peer = octoprint.install(Path(chosen.octoprint) if chosen.octoprint else folder)
        setup = Setup(folder, chosen.rounds, peer, chosen.whole)
        rows, failed = asyncio.run(_measure_all(setup, chosen.names or list(BENCHES)))
    print(table(rows))
    if chosen.json:
        chosen.json.write_text(json.dumps([row.plain() for row in rows], indent=2) + "\n")
    if failed:
        return 2
    return 1 if chosen.check and not all(row.ok for row in rows) else 0


async def _measure_all(setup: Setup, names: Sequence[str]) -> tuple[list[Row], list[str]]:
    rows: list[Row] = []
    failed: list[str] = []
    busy, priority = await foreign_load(), raise_priority()
    print(f"{setup.rounds} rounds, {os.cpu_count()} processors, {busy:.0%} busy with other things; {priority}")
    for name in names:
        started = time.monotonic()
        try:
            rows += await BENCHES[name](setup)
        except CANNOT as error:
            failed.append(name)
            print(f"{name}: could not be measured: {error}", *getattr(error, "__notes__", ()), sep="\n")
        print(f"{name}: {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)
    return rows, failed


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="just bench", description="Ratios against limits and peers of the same run.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHES)}; all without one")
    parser.add_argument("--rounds", type=int, default=5, help="interleaved rounds (5)")
    parser.add_argument(
        "--octoprint",
        nargs="?",
        const="",
        metavar="FOLDER",
        help="also against OctoPrint from PyPI, installed in FOLDER",
    )
    parser.add_argument("--whole", action="store_true", help="stream the large file of `memory` to its last line")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all values")
    parser.add_argument("--check", action="store_true", help="exit 1 when a ratio misses its bar")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
