"""By hand on a real line: offsets of a print's temperatures, a broken-off wait, moves in a pause, a lost `ok`."""

from __future__ import annotations

from shared.contracts.printers import PrinterStatus as S
from shared.settings import PrinterTimeouts


async def test_offsets_move_the_targets_of_a_file_until_the_line_is_closed(connected):
    at = await connected("--speed", "0", rx_buffer=128)
    at.session.offset_temperatures({"tool0": 10.0, "bed": -5.0})
    at.session.start(at.file(content=b"M104 S200\nM140 S60\nM104 T0 S0\nG1 X1 E1\n"))
    assert (await at.end()).outcome == "done"
    at.session.send(["M104 S180"])
    await at.until(lambda: "M104 S180" in at.commands())
    heating = [text for text in at.commands() if text.startswith(("M104", "M140"))]
    assert heating == ["M104 S210", "M140 S55", "M104 T0 S0", "M104 S180"]
    await at.until(lambda: bool(at.recorder.heaters) and at.recorder.heaters["tool0"].offset == 10.0)
    await at.session.disconnect()
    assert at.session.offsets == {}


async def test_offsets_that_come_during_a_print_count_from_the_next_line(connected):
    at = await connected("--move-ms", "2", "--speed", "50", rx_buffer=128)
    moves = b"".join(b"G1 X%d E%d\n" % (20 + i % 50, i + 1) for i in range(400))
    at.session.start(at.file(content=b"M104 S200\n" + moves + b"M104 S210\n"))
    await at.until_line(100)
    at.session.offset_temperatures({"tool0": -20.0})
    assert (await at.end()).outcome == "done"
    assert [text for text in at.commands() if text.startswith("M104")] == ["M104 S200", "M104 S190"]
    assert len(at.moves()) == 400


async def test_a_wait_for_heat_is_broken_off_past_what_waits(connected):
    at = await connected("--speed", "1")
    at.session.send(["M109 S250", "M117 after"])
    await at.until(lambda: "250" in str(at.printer.control({"read": "temperatures"})))
    assert "M117 after" not in at.commands()
    at.session.send(["M108"])
    await at.until(lambda: "M117 after" in at.commands(), 5)
    assert at.session.counters.resends == 0


async def test_extruding_in_a_pause_leaves_the_print_as_it_was(connected):
    at = await connected("--move-ms", "2", "--speed", "50", rx_buffer=128)
    head = b"M83\nG90\nG1 X20 Y20 Z0.4 F1800\n"
    at.session.start(at.file(content=head + b"".join(b"G1 X%d E0.1\n" % (20 + i % 50) for i in range(300))))
    await at.until_line(100)
    at.session.pause()
    await at.until_status(S.PAUSED)
    at.session.send(["G91", "M83", "G1 E5 F300", "M82", "G90"], keep_modes=True)
    await at.until(lambda: "G1 E5 F300" in at.commands())
    at.session.resume()
    assert (await at.end()).outcome == "done"
    commands = at.commands()
    by_hand = commands.index("G1 E5 F300")
    assert commands[by_hand : by_hand + 4] == ["G1 E5 F300", "M82", "G90", "M83"]
    assert at.session.modal.extruder_relative is True


async def test_a_lost_ok_is_found_at_once_when_somebody_says_so(connected):
    patient = PrinterTimeouts(silence=60.0, temperature=60.0, dead=120.0)
    at = await connected("--speed", "0", timeouts=patient)
    await at.until(lambda: at.session.status is S.OPERATIONAL)
    at.printer.control({"fault": "lose_ok", "every": 1, "count": 1})
    at.session.send(["M117 lost", "M117 next"])
    await at.until(lambda: "M117 lost" in at.commands())
    assert "M117 next" not in at.commands()
    assert at.session.find_lost_ok()
    await at.until(lambda: "M117 next" in at.commands(), 5)
    assert at.session.counters.recovered_oks == 1
    assert at.commands().count("M117 lost") == 1


async def test_a_position_that_was_asked_for_and_that_of_a_pause_are_told(connected):
    at = await connected("--move-ms", "100", "--speed", "50", rx_buffer=128)
    at.session.send(["G28", "G1 X5 Y6 Z7 F1200", "M400", "M114"])
    await at.until(lambda: "position_reported" in at.recorder.names())
    told = at.recorder.told("position_reported")
    assert (told["x"], told["y"], told["z"], told["t"], told["f"]) == (5.0, 6.0, 7.0, 0, 1200.0)
    at.session.start(at.file(content=b"G90\nG1 Z0.4 F1800\n" + b"".join(b"G1 X%d\n" % (i % 50) for i in range(1000))))
    await at.until_line(50)
    assert at.session.modal.z == 0.4
    await at.until(lambda: at.session.counters.lines > 50)  # counted a quarter of a second late
    at.session.pause()
    await at.until_status(S.PAUSED)
    place = at.recorder.told("print_paused")["at"]
    assert (place["z"], place["f"]) == (0.4, 1800.0)
    at.session.cancel()
    await at.end()


async def test_a_pause_or_resume_that_comes_after_the_end_changes_nothing(connected):
    at = await connected("--move-ms", "1", "--speed", "50", rx_buffer=128)
    at.session.start(at.file(content=b"G1 X1\n"))
    await at.end()
    for turn in (at.session.pause, at.session.resume, at.session.cancel):
        turn()
        assert at.session.status is S.OPERATIONAL
    at.session.start(at.file(content=b"G1 X2\n"))
    assert (await at.end()).outcome == "done"
