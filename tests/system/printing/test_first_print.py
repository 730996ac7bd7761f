"""What a new user does: upload, print, follow, and find the whole print in the printer's own log."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.gcode import print_file, sent_lines, sliced_file
from tests.support.printing import PrintRig, difference, job, statuses
from tests.support.virtual_printer import VirtualPrinterProcess

if TYPE_CHECKING:
    from tests.system.printing.conftest import Running

pytestmark = pytest.mark.system
HOST_WORDS = ("M105", "M110", "M115", "M155", "M400", "M21", "M20", "M27", "M114", "M111")


async def test_an_uploaded_file_prints_to_its_last_line_and_is_followed_on_mqtt(running: Running) -> None:
    content = print_file(150)
    run = await running.printing(content)
    record = await running.ended(run)
    assert statuses(running.heard, run) == ["accepted", "running", "succeeded"]
    assert record["printer"] == "printer"
    assert record["progress"]["completion"] == 100
    running.assert_exact(content)
    shown = await job(running.client)
    assert (shown["state"], shown["progress"]["completion"]) == ("Operational", 100)
    events = {message.topic.rpartition("/")[2] for message in running.heard.messages if "/event/" in message.topic}
    assert events, "a print without an event"


async def test_progress_and_temperatures_are_published_at_their_pace(running: Running) -> None:
    since = len(running.heard.messages)
    run = await running.printing(print_file(250))
    await running.ended(run)
    started, ended = (running.heard.on(f"jobwire/run/{run}")[at].at for at in (0, -1))
    printed = [message for message in running.heard.messages[since:] if started <= message.at <= ended]
    seconds = ended - started
    samples = {name: sum(m.topic.endswith(f"/{name}") for m in printed) for name in ("job", "temperature")}
    assert samples["job"] >= 2, "progress is published while printing"
    assert samples["job"] <= 2 * seconds + 8, f"at most twice a second, beside changes of state: {samples}"
    assert samples["temperature"] <= seconds + 2, f"at most once a second: {samples}"


@pytest.mark.timeout(240)
async def test_a_file_of_five_megabytes_from_a_slicer_is_executed_command_by_command(tmp_path: Path) -> None:
    content = sliced_file(tmp_path) or print_file(190_000)
    assert len(content) >= 5_000_000
    with_answers = VirtualPrinterProcess("--speed", "0")
    async with PrintRig(tmp_path / "system", with_answers, lines=["rx_buffer = 128"]) as rig:
        record = await rig.ended(await rig.print(content), within=180)
        assert record["status"] == "succeeded", record
        executed = [text for _, text in rig.printer.executed() if text.split()[0] not in HOST_WORDS]
        wanted = [line for line in sent_lines(content) if line.split()[0] not in HOST_WORDS]
        parted = difference(executed, wanted)
        assert not parted, parted
