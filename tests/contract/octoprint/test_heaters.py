"""Heaters that are not there and temperatures that make no sense: refused in OctoPrint's words, and nothing is sent."""

from __future__ import annotations

from typing import Any

import pytest

from shared.contracts.printers import PrinterStatus
from tests.support.gateway import RunningGateway

TOOL, BED, CHAMBER = "/api/printer/tool", "/api/printer/bed", "/api/printer/chamber"
EARLY = "/api/control/printer/heater"
BAD_JSON = "The browser (or proxy) sent a request that this server could not understand."

NO_TEMPERATURE = {
    "negative": "-1",
    "a little below zero": "-0.0001",
    "hotter than any printer": "1000.5",
    "a billion": "1e9",
    "more than a float": "1" + "0" * 400,
    "text": '"60"',
    "empty text": '""',
    "a line": '"60\\nM112"',
    "null": "null",
    "a switch": "true",
    "a list": "[60]",
    "an object": '{"target": 60}',
}
NO_OFFSET = {name: value for name, value in NO_TEMPERATURE.items() if not name.startswith(("negative", "a little"))} | {
    "too far below": "-50.1",
    "too far above": "50.1",
}
NO_JSON = ["NaN", "Infinity", "-Infinity", "1e999", "0x3c", "6,5"]
TARGETS = [
    (TOOL, '{"command": "target", "targets": {"tool0": %s}}', "targets contains invalid value"),
    (BED, '{"command": "target", "target": %s}', "target is invalid"),
    (CHAMBER, '{"command": "target", "target": %s}', "target is invalid"),
    (EARLY, '{"command": "temp", "temps": {"hotend": %s}}', "Not a number for hotend"),
    (EARLY, '{"command": "temp", "temps": {"bed": %s}}', "Not a number for bed"),
]
OFFSETS = [
    (TOOL, '{"command": "offset", "offsets": {"tool0": %s}}', "offsets contains invalid value"),
    (BED, '{"command": "offset", "offset": %s}', "offset is invalid"),
    (CHAMBER, '{"command": "offset", "offset": %s}', "offset is invalid"),
    (EARLY, '{"command": "offset", "offsets": {"bed": %s}}', "The offset of bed is not in the range of -50 to 50"),
]


async def refusal(gateway: RunningGateway, path: str, body: str) -> tuple[int, Any]:
    """Status and error of a body that no client library would send; the owner must not have been asked."""
    answer = await gateway.client.post(path, content=body, headers={"Content-Type": "application/json"})
    assert gateway.owner.commands() == []
    return answer.status_code, answer.json()["error"]


@pytest.fixture(autouse=True)
async def _heated(gateway: RunningGateway) -> None:
    await gateway.owner.state(PrinterStatus.OPERATIONAL, heated_chamber=True, tools=2)


async def test_a_target_that_makes_no_sense_is_refused(gateway: RunningGateway) -> None:
    for path, body, text in TARGETS:
        for what, value in NO_TEMPERATURE.items():
            assert await refusal(gateway, path, body % value) == (400, text), (path, what)


async def test_an_offset_that_makes_no_sense_is_refused(gateway: RunningGateway) -> None:
    for path, body, text in OFFSETS:
        for what, value in NO_OFFSET.items():
            assert await refusal(gateway, path, body % value) == (400, text), (path, what)


async def test_what_json_does_not_know_as_a_number_is_no_json(gateway: RunningGateway) -> None:
    for path, body, _ in (*TARGETS, *OFFSETS):
        for value in NO_JSON:
            assert await refusal(gateway, path, body % value) == (400, BAD_JSON), (path, value)


@pytest.mark.parametrize("name", ["tool2", "tool-1", "tool", "tool00", "TOOL0", "bed", "chamber", "", "tool0\\nM112"])
async def test_a_tool_that_is_not_there_is_refused(gateway: RunningGateway, name: str) -> None:
    for command, member, good in (("target", "targets", "200"), ("offset", "offsets", "5")):
        body = f'{{"command": "{command}", "{member}": {{"tool0": {good}, "{name}": {good}}}}}'
        assert await refusal(gateway, TOOL, body) == (400, f"{member} contains invalid tool")
    selected = f'{{"command": "select", "tool": "{name}"}}'
    assert await refusal(gateway, TOOL, selected) == (400, "tool is invalid")


async def test_a_bed_or_chamber_that_is_not_there_is_a_conflict_whatever_is_asked(gateway: RunningGateway) -> None:
    await gateway.owner.state(PrinterStatus.OPERATIONAL, heated_bed=False, heated_chamber=False)
    for path, heater in ((BED, "heated bed"), (CHAMBER, "heated chamber")):
        for body in (
            '{"command": "target", "target": 60}',
            '{"command": "offset", "offset": 5}',
            "{",
            '{"target": NaN}',
        ):
            assert await refusal(gateway, path, body) == (409, f"Printer does not have a {heater}")
        assert (await gateway.client.get(path)).status_code == 409


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (TOOL, {"command": "target", "targets": {"tool0": 0, "tool1": 1000}}),
        (TOOL, {"command": "target", "targets": {}}),
        (TOOL, {"command": "offset", "offsets": {"tool1": -50, "tool0": 50}}),
        (BED, {"command": "target", "target": 0}),
        (CHAMBER, {"command": "offset", "offset": -0.5}),
    ],
)
async def test_the_ends_of_the_ranges_are_allowed(gateway: RunningGateway, path: str, body: Any) -> None:
    assert (await gateway.client.post(path, json=body)).status_code == 204
