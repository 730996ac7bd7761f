"""The tables between our words and OctoPrint's."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest

from services.gateway.dialects.octoprint import errors, translate, translate_files
from shared.contracts.printers import Heater, PrinterState, PrinterStatus, PrinterTemperature
from shared.errors import (
    Broken,
    Conflict,
    Expired,
    Forbidden,
    Invalid,
    JobError,
    NotFound,
    OutcomeUnknown,
    OutOfSpace,
    Refused,
    TooLarge,
    Unavailable,
)

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
S = PrinterStatus


def state(status: PrinterStatus, **changes: object) -> PrinterState:
    given = {"name": "", "owner": "one", "sd_ready": True, "at": NOW, "version": 1, **changes}
    return PrinterState(state=status, **given)  # type: ignore[arg-type]


# Seen at the real server by polling /api/printer through several jobs; all other flags are false.
SEEN = {
    S.PRINTING: {"operational", "printing", "sdReady"},
    S.PAUSING: {"operational", "pausing", "printing", "sdReady"},
    S.PAUSED: {"operational", "paused", "sdReady"},
    S.OPERATIONAL: {"operational", "ready", "sdReady"},
    S.CANCELLING: {"cancelling", "operational", "printing", "sdReady"},
    S.RESUMING: {"operational", "printing", "resuming", "sdReady"},
    S.STARTING: {"operational", "printing", "sdReady"},
    S.FINISHING: {"finishing", "operational", "printing", "sdReady"},
    S.OFFLINE: {"closedOrError", "sdReady"},
    S.ERROR: {"closedOrError", "error", "sdReady"},
    S.OFFLINE_AFTER_ERROR: {"closedOrError", "error", "sdReady"},
    S.CONNECTING: {"sdReady"},
    S.OPENING: {"sdReady"},
    S.DETECTING: {"sdReady"},
}


@pytest.mark.parametrize("status", list(PrinterStatus))
def test_the_flags_of_each_state(status: PrinterStatus) -> None:
    shown = msgspec.to_builtins(translate.flags(state(status)))
    assert len(shown) == 11
    assert {name for name, value in shown.items() if value} == SEEN[status]


def test_a_heater_that_the_printer_does_not_have_is_not_shown() -> None:
    heaters = {name: Heater(actual=20.0, target=0.0) for name in ("tool0", "bed", "chamber")}
    reading = PrinterTemperature(heaters=heaters, at=NOW, version=1)
    assert set(translate.temperatures(state(S.OPERATIONAL), reading)) == {"tool0", "bed"}
    bare = state(S.OPERATIONAL, heated_bed=False, heated_chamber=True)
    assert set(translate.temperatures(bare, reading)) == {"tool0", "chamber"}
    assert translate.history_entry(bare, reading)["time"] == int(NOW.timestamp())


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Invalid("x"), 400),
        (Invalid("x", code="invalid_type"), 415),
        (Forbidden("x"), 403),
        (Forbidden("x", code="locked_out", detail={"retry_after": 3}), 429),
        (NotFound("x"), 404),
        (Conflict("x"), 409),
        (Refused("x"), 409),
        (TooLarge("x"), 413),
        (Expired("x"), 503),
        (Unavailable("x"), 503),
        (OutcomeUnknown("x"), 503),
        (OutOfSpace("x"), 507),
        (Broken("x"), 500),
    ],
)
def test_each_error_has_its_status(error: JobError, status: int) -> None:
    assert errors.status_of(error) == status
    assert errors.reply_of(error).status == status


def test_every_error_class_has_a_status() -> None:
    waiting, known = [JobError], []
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        known.append(kind)
    from_shared = [kind for kind in known if kind.__module__ == "shared.errors" and kind is not JobError]
    assert set(from_shared) == set(errors.STATUS)


@pytest.mark.parametrize("name", ["a.gcode", "A.GCODE", "a.gco", "a.g", "a b.tar.gcode", "ü.gcode", "a.gcode "])
def test_machine_code_is_known_by_its_extension(name: str) -> None:
    translate_files.check_type(name)


@pytest.mark.parametrize("name", ["a.stl", "gcode", ".gcode", "a.gcode.exe", "a.gcode\x00.exe", "", "a."])
def test_everything_else_is_no_machine_code(name: str) -> None:
    with pytest.raises(Invalid):
        translate_files.check_type(name)
