"""Pause, resume, restart and cancel on a real line."""

from __future__ import annotations

from shared.contracts.printers import PrinterStatus as S
from shared.settings import PrinterScripts

HEAD = b"M140 S50\nM104 S200\nG28\nG90\nM82\nG92 E0\nM106 S128\nG1 X20 Y20 Z0.4 E1 F1800\n"


def _file(at, moves: int = 400, run: str = "run-1"):
    body = b"".join(b"G1 X%d.5 Y%d E%.3f\n" % (20 + i % 50, 20 + i % 30, 1 + i / 100) for i in range(moves))
    return at.file(content=HEAD + body, run=run)


async def _paused(connected, **settings):
    at = await connected("--move-ms", "2", "--speed", "50", rx_buffer=128, **settings)
    source = _file(at)
    at.session.start(source)
    await at.until_line(150)
    at.session.pause()
    assert at.session.status is S.PAUSING
    await at.until_status(S.PAUSED)
    return at, source


async def test_a_pause_parks_and_a_resume_restores_what_the_print_relies_on(connected):
    at, source = await _paused(connected)
    place = at.session.progress
    modal = at.session.modal
    at.session.resume()
    await at.until_status(S.PRINTING)
    assert (await at.end()).outcome == "done"
    commands = at.commands()
    assert at.moves() == [text for text in at.wanted(source) if text.startswith("G1")]
    last = commands.index(source.path.read_bytes().decode().splitlines()[place.line - 1])
    parking, coming_back = commands[last + 1 :], []
    coming_back = parking[parking.index("G1 X10 Y190 F6000") :]
    assert parking[: parking.index("G1 X10 Y190 F6000")] == [
        "M400",
        "M105",
        "M83",
        "G1 E-2 F1800",
        "G90",
        "G1 Z10.4 F600",
    ]
    assert "G1 Z0.4 F600" in coming_back
    after = coming_back[: coming_back.index(at.wanted(source)[at.wanted(source).index(commands[last]) + 1])]
    assert after[-4:] == [f"G92 E{_e_of(commands[last])}", "M106 S128", "G1 F1800", "M82"]
    assert modal.x == 10
    assert modal.z == 10.4


def _e_of(line: str) -> str:
    return f"{float(line.rpartition(' E')[2]):.3f}".rstrip("0").rstrip(".")


async def test_the_time_of_a_pause_is_not_print_time(connected):
    at, _ = await _paused(connected)
    before = at.session.progress.print_time
    await at.until(lambda: True)
    assert at.session.progress.print_time == before


async def test_heaters_that_were_changed_in_the_pause_are_heated_again(connected):
    at, _ = await _paused(connected)
    at.session.send(["M104 S0", "M106 S10"])
    await at.until(lambda: at.session.modal.targets["tool0"] == 0)
    at.session.resume()
    assert (await at.end()).outcome == "done"
    commands = at.commands()
    off = commands.index("M104 S0")
    assert commands[off:].index("M104 T0 S200") < commands[off:].index("M109 T0 S200")
    assert "M106 S128" in commands[off:]


async def test_own_scripts_are_filled_and_sent(connected):
    scripts = PrinterScripts(pause=["M117 at {x} {y} {z}", "M117 {nonsense}"], resume=["M117 back", "; only a comment"])
    at, _ = await _paused(connected, gcode=scripts)
    at.session.resume()
    assert (await at.end()).outcome == "done"
    said = [text for text in at.commands() if text.startswith("M117")]
    assert said[0].startswith("M117 at ")
    assert said[1:] == ["M117 back"]


async def test_a_cancel_runs_the_script_and_leaves_the_printer_usable(connected):
    at = await connected("--move-ms", "2", "--speed", "50", rx_buffer=128)
    at.session.start(_file(at))
    await at.until_line(150)
    line = at.session.progress.line
    at.session.cancel()
    assert at.session.status is S.CANCELLING
    end = await at.end()
    assert (end.outcome, end.reason) == ("cancelled", None)
    assert line <= end.line < line + 50  # what was in the window and the printer's buffers
    assert at.session.status is S.OPERATIONAL
    assert at.commands()[-6:] == ["M104 S0", "M140 S0", "M107", "M84", "M400", "M105"]
    again = _file(at, 50, run="run-2")
    at.session.start(again)
    assert (await at.end()).run == "run-2"


async def test_a_cancel_does_not_wait_for_a_heater(connected):
    at = await connected("--speed", "1")
    at.session.start(at.file(content=b"M109 S250\nG1 X1 E1\n"))
    await at.until(lambda: at.printer.control({"read": "temperatures"}) is not None and at.session.status is S.PRINTING)
    at.session.cancel()
    end = await at.end(5)
    assert end.outcome == "cancelled"
    assert at.moves() == []


async def test_a_pause_can_be_cancelled(connected):
    at, _ = await _paused(connected)
    at.session.cancel()
    assert (await at.end()).outcome == "cancelled"
    assert at.session.status is S.OPERATIONAL


async def test_a_restart_begins_again_without_a_cancelling_state(connected):
    at, source = await _paused(connected)
    again = _file(at, 60, run="run-2")
    at.session.restart(again)
    assert at.session.status in (S.STARTING, S.PRINTING)
    await at.until(lambda: len(at.recorder.ends) == 2)
    first, second = at.recorder.ends
    assert (first.run, first.outcome, first.reason) == (source.run, "cancelled", "restarted")
    assert (second.run, second.outcome) == ("run-2", "done")
    assert S.CANCELLING not in at.recorder.statuses
    assert at.commands()[-62:-2][-60:] == at.wanted(again)[-60:]


async def test_the_printer_may_ask_for_pause_resume_and_cancel(connected):
    at = await connected("--move-ms", "2", "--speed", "50", rx_buffer=128)
    at.session.start(_file(at, 600))
    await at.until_line(100)
    at.printer.control({"fault": "action", "action": "pause"})
    await at.until_status(S.PAUSED)
    at.printer.control({"fault": "action", "action": "resume"})
    await at.until_status(S.PRINTING)
    at.printer.control({"fault": "action", "action": "paused"})
    await at.until_status(S.PAUSED)
    at.printer.control({"fault": "action", "action": "resumed"})
    await at.until_status(S.PRINTING)
    at.printer.control({"fault": "action", "action": "cancel"})
    assert (await at.end()).outcome == "cancelled"
    at.printer.control({"fault": "action", "action": "disconnect"})
    await at.until_status(S.OFFLINE)
