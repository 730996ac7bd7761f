"""Every line exactly once, in order: 100,000 of them through the running system, over a line that is good or bad."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.database import Database
from tests.support.gcode import print_file
from tests.support.printing import PrintRig, assert_exact
from tests.support.virtual_printer import VirtualPrinterProcess

pytestmark = pytest.mark.system
LINES = 100_000
BAD_LINE = ("--corrupt", "0.01", "--lose-ok", "0.005", "--double-ok", "0.005")
# A lost ok costs one silence; the virtual printer answers in less than a millisecond, so that a short one will do.
IMPATIENT = "timeouts.silence = 0.05"
WINDOWED = ("rx_buffer = 128", IMPATIENT)
ONE_BY_ONE = ("window = false", IMPATIENT)


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("faults", "lines"),
    [
        pytest.param((), WINDOWED, id="good line, windowed"),
        pytest.param(BAD_LINE, WINDOWED, id="bad line, windowed"),
        pytest.param(BAD_LINE, ONE_BY_ONE, id="bad line, one by one"),
    ],
)
async def test_each_line_is_executed_exactly_once_in_order(
    tmp_path: Path, database: Database, faults: tuple[str, ...], lines: tuple[str, ...]
) -> None:
    content = print_file(LINES)
    printer = VirtualPrinterProcess("--speed", "0", *faults)
    async with PrintRig(tmp_path, printer, lines=lines, environ=database.environment(tmp_path)) as rig:
        record = await rig.ended(await rig.print(content), within=840)
        assert record["status"] == "succeeded", record
        assert_exact(printer, content)
        counted = printer.counters()
        assert counted["overflowed_bytes"] == 0
        if faults:
            assert min(counted["corrupted"], counted["lost_oks"], counted["doubled_oks"]) > 200, counted
