"""GET of the parts of /api/printer: temperatures of tools, bed and chamber with their history, and the card."""

from __future__ import annotations

import pytest

from shared.contracts.printers import Heater, PrinterStatus
from tests.support.gateway import VIEWER_KEY, RunningGateway

HEATERS = {
    "tool0": Heater(actual=214.9, target=220.0, offset=10),
    "tool1": Heater(actual=25.3),
    "bed": Heater(actual=50.2, target=70.0, offset=-2.5),
    "chamber": Heater(actual=30.0, target=40.0),
}
TOOLS = {
    "tool0": {"actual": 214.9, "target": 220.0, "offset": 10},
    "tool1": {"actual": 25.3, "target": None, "offset": 0},
}
BED = {"bed": {"actual": 50.2, "target": 70.0, "offset": -2.5}}
CHAMBER = {"chamber": {"actual": 30.0, "target": 40.0, "offset": 0}}


@pytest.mark.parametrize(("part", "shown"), [("tool", TOOLS), ("bed", BED), ("chamber", CHAMBER)])
async def test_a_part_shows_its_heaters_and_their_offsets(gateway: RunningGateway, part: str, shown: object) -> None:
    await gateway.owner.state(PrinterStatus.OPERATIONAL, tools=2, heated_chamber=True)
    await gateway.owner.temperature(HEATERS)
    client = gateway.client_from("192.0.2.1", VIEWER_KEY)
    for mount in ("", "/octoprint", "/octoprint/virtual"):
        assert (await client.get(f"{mount}/api/printer/{part}")).json() == shown
    assert (await client.get("/api/printer")).json()["temperature"] == TOOLS | BED | CHAMBER


@pytest.mark.parametrize(("part", "names"), [("tool", {"tool0", "tool1"}), ("bed", {"bed"}), ("chamber", {"chamber"})])
async def test_a_history_has_times_and_no_offsets(gateway: RunningGateway, part: str, names: set[str]) -> None:
    await gateway.owner.state(PrinterStatus.OPERATIONAL, tools=2, heated_chamber=True)
    for _ in range(3):
        await gateway.owner.temperature(HEATERS)
    answer = await gateway.client.get(f"/api/printer/{part}", params={"history": "true", "limit": "2"})
    history = answer.json()["history"]
    assert [set(entry) for entry in history] == [names | {"time"}] * 2
    assert all(set(entry[name]) == {"actual", "target"} for entry in history for name in names)


@pytest.mark.parametrize("part", ["tool", "bed", "chamber"])
async def test_an_offline_printer_has_no_temperatures(gateway: RunningGateway, part: str) -> None:
    await gateway.owner.state(PrinterStatus.OFFLINE)
    answer = await gateway.client.get(f"/api/printer/{part}")
    assert (answer.status_code, answer.json()) == (409, {"error": "Printer is not operational"})


async def test_a_printer_without_bed_or_chamber_says_so(gateway: RunningGateway) -> None:
    await gateway.owner.state(PrinterStatus.OPERATIONAL, heated_bed=False)
    for part in ("bed", "chamber"):
        answer = await gateway.client.get(f"/api/printer/{part}")
        assert (answer.status_code, answer.json()) == (409, {"error": f"Printer does not have a heated {part}"})


async def test_the_card_is_shown_in_every_state_at_both_names(gateway: RunningGateway) -> None:
    for path in ("/api/printer/sd", "/api/control/printer/sd"):
        assert (await gateway.client.get(path)).json() == {"ready": True}
    await gateway.owner.state(PrinterStatus.OFFLINE, sd_ready=False)
    assert (await gateway.client.get("/api/printer/sd")).json() == {"ready": False}


async def test_there_are_no_custom_controls(gateway: RunningGateway) -> None:
    for path in ("/api/printer/command/custom", "/api/control/custom"):
        assert (await gateway.client.get(path)).json() == {"controls": []}


async def test_the_error_that_the_printer_is_in_can_be_read(gateway: RunningGateway) -> None:
    assert (await gateway.client.get("/api/printer/error")).json() == {"error": "", "reason": ""}
    await gateway.owner.state(PrinterStatus.ERROR, error="the printer reports: MINTEMP")
    assert (await gateway.client.get("/api/printer/error")).json()["error"] == "the printer reports: MINTEMP"
