"""/api/settings, /api/printerprofiles, /api/system/commands, and what clients ask for although it is not there."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import pytest

from shared.contracts.printers import PrinterStatus, Volume
from tests.support.database import Database
from tests.support.gateway import OPERATOR_KEY, VIEWER_KEY, RunningGateway, running_gateway

TOP_LEVEL = {
    "accessControl", "api", "appearance", "controls", "devel", "feature", "folder", "gcodeAnalysis", "plugins",
    "scripts", "serial", "server", "slicing", "system", "temperature", "terminalFilters", "webcam",
}  # fmt: skip
READ_BY_CLIENTS = {
    "feature": {
        "autoUppercaseBlacklist", "enableDragDropUpload", "fileDeleteConfirmation", "g90InfluencesExtruder",
        "keyboardControl", "modelSizeDetection", "pollWatched", "printCancelConfirmation", "printStartConfirmation",
        "rememberFileFolder", "sdSupport", "temperatureGraph", "uploadOverwriteConfirmation",
    },
    "gcodeAnalysis": {"bedZ", "runAt"},
    "temperature": {"cutoff", "profiles", "sendAutomatically", "sendAutomaticallyAfter"},
    "webcam": {
        "webcamEnabled", "streamUrl", "snapshotUrl", "flipH", "flipV", "rotate90", "bitrate", "snapshotSslValidation",
    },
}  # fmt: skip
PROFILE: dict[str, Any] = {
    "axes": {
        "e": {"inverted": False, "speed": 300}, "x": {"inverted": False, "speed": 6000},
        "y": {"inverted": False, "speed": 6000}, "z": {"inverted": False, "speed": 200},
    },
    "color": "default", "current": True, "default": True,
    "extruder": {
        "count": 1, "defaultExtrusionLength": 5, "nozzleDiameter": 0.4, "offsets": [[0.0, 0.0]], "sharedNozzle": False,
    },
    "heatedBed": True, "heatedChamber": False, "id": "_default", "model": "Virtual printer", "name": "Default",
    "resource": "http://host:8080/api/printerprofiles/_default",
    "volume": {
        "custom_box": False, "depth": 200.0, "formFactor": "rectangular", "height": 200.0, "origin": "lowerleft",
        "width": 200.0,
    },
}  # fmt: skip


async def discovery(gateway: RunningGateway, mount: str = "") -> str:
    settings = (await gateway.client.get(f"{mount}/api/settings")).json()
    return str(settings["plugins"]["discovery"]["upnpUuid"])


async def test_the_settings_have_every_member_that_clients_read(gateway: RunningGateway) -> None:
    settings = (await gateway.client.get("/api/settings")).json()
    assert set(settings) == TOP_LEVEL
    for name, members in READ_BY_CLIENTS.items():
        assert members <= set(settings[name])
    assert set(settings["plugins"]) == {"discovery", "tracking"}
    assert settings["plugins"]["discovery"].keys() == {
        "upnpUuid", "httpUsername", "httpPassword", "publicHost", "publicPort",
    }  # fmt: skip
    assert settings["plugins"]["tracking"]["enabled"] is False
    assert settings["api"]["key"] is None
    assert settings["appearance"]["name"] == "Virtual printer"
    assert settings["serial"] == {"autoconnect": True, "baudrate": 115200, "port": "VIRTUAL"}


async def test_no_folder_or_key_of_the_server_is_shown(gateway: RunningGateway) -> None:
    text = (await gateway.client.get("/api/settings")).text
    assert str(gateway.settings.data_folder) not in text
    assert set((await gateway.client.get("/api/settings")).json()["folder"].values()) == {""}


async def test_the_uuid_stays_over_restarts_and_differs_for_each_printer_and_installation(
    tmp_path: Path, database: Database
) -> None:
    seen = []
    for data in (tmp_path / "one", tmp_path / "one"):
        async with running_gateway(data, database=database) as gateway:
            await gateway.owner.state(PrinterStatus.OPERATIONAL, printer="second")
            mounts = ("", "/octoprint", "/octoprint/virtual", "/octoprint/second")
            seen.append([await discovery(gateway, mount) for mount in mounts])
    assert seen[0] == seen[1]
    root, below, virtual, second = seen[0]
    assert root == below
    assert len({root, virtual, second}) == 3
    assert all(str(uuid.UUID(one)) == one for one in seen[0])


async def test_settings_are_read_while_no_printer_can_be_reached(gateway: RunningGateway) -> None:
    before = await discovery(gateway)
    await gateway.owner.presence("lost")
    settings = (await gateway.client.get("/api/settings")).json()
    assert settings["plugins"]["discovery"]["upnpUuid"] == before
    assert (settings["serial"]["port"], settings["appearance"]["name"]) == (None, "")


@pytest.mark.parametrize(
    ("body", "member"),
    [
        ({"feature": {"sdSupport": True}}, "feature.sdSupport"),
        ({"plugins": {"psucontrol": {"on": True}}}, "plugins.psucontrol"),
        ({"api": "x"}, "api"),
        ({"webcam": {"flipH": False, "streamUrl": "http://cam"}}, "webcam.streamUrl"),
    ],
)
async def test_a_change_is_refused_by_name(gateway: RunningGateway, body: dict[str, Any], member: str) -> None:
    answer = await gateway.client.post("/api/settings", json=body)
    assert answer.status_code == 403
    assert answer.json()["error"].endswith(f": {member}")


async def test_what_changes_nothing_is_answered_with_the_settings(gateway: RunningGateway) -> None:
    settings = (await gateway.client.get("/api/settings")).json()
    for body in ({}, settings, {"feature": {"sdSupport": False}}):
        answer = await gateway.client.post("/api/settings", json=body)
        assert (answer.status_code, answer.json()) == (200, settings)
    for body in ([], "x", 5):
        assert (await gateway.client.post("/api/settings", json=body)).status_code == 400


@pytest.mark.parametrize("mount", ["", "/octoprint", "/octoprint/virtual"])
async def test_an_address_has_the_profile_of_its_printer(gateway: RunningGateway, mount: str) -> None:
    resource = f"http://host:8080{mount}/api/printerprofiles/_default"
    profile = PROFILE | {"resource": resource}
    listed = await gateway.client.get(f"{mount}/api/printerprofiles")
    assert listed.json() == {"profiles": {"_default": profile}}
    one = await gateway.client.get(f"{mount}/api/printerprofiles/_default")
    assert one.json() == profile


async def test_a_profile_shows_what_the_printer_has(gateway: RunningGateway) -> None:
    await gateway.owner.state(
        PrinterStatus.OFFLINE, printer="zeta", name="Delta", tools=2, heated_bed=False, heated_chamber=True,
        volume=Volume(width=100, depth=100, height=300.5, origin="center", form_factor="circular"),
    )  # fmt: skip
    for path, current in (
        ("/api/printerprofiles/zeta", False),
        ("/octoprint/zeta/api/printerprofiles/zeta", True),
    ):
        profile = (await gateway.client.get(path)).json()
        assert (profile["id"], profile["name"], profile["model"]) == ("zeta", "Delta", "Delta")
        assert (profile["current"], profile["default"]) == (current, False)
        assert profile["extruder"]["offsets"] == [[0.0, 0.0], [0.0, 0.0]]
        assert (profile["heatedBed"], profile["heatedChamber"]) == (False, True)
        assert profile["volume"] == {
            "custom_box": False, "depth": 100, "formFactor": "circular", "height": 300.5, "origin": "center",
            "width": 100,
        }  # fmt: skip
    assert (await gateway.client.get("/api/printerprofiles/nope")).status_code == 404


async def test_there_is_no_system_command(gateway: RunningGateway) -> None:
    commands = (await gateway.client.get("/api/system/commands")).json()
    assert commands == {"core": [], "custom": [], "plugin": []}
    assert (await gateway.client.get("/api/system/commands/core")).json() == []
    assert (await gateway.client.get("/api/system/commands/nope")).status_code == 404
    for path in ("/api/system/commands/custom/nope", "/octoprint//api/system/commands/core/shutdown"):
        answer = await gateway.client.post(path, json={})
        assert (answer.status_code, set(answer.json())) == (404, {"error"})
    operator = gateway.client_from("192.0.2.1", OPERATOR_KEY)
    assert (await operator.post("/api/system/commands/core/restart")).status_code == 403


async def test_slicing_and_timelapse_look_unused(gateway: RunningGateway) -> None:
    assert (await gateway.client.get("/api/slicing")).json() == {}
    timelapse = (await gateway.client.get("/api/timelapse")).json()
    assert timelapse == {"config": {"type": "off"}, "enabled": False, "files": []}
    more = (await gateway.client.get("/api/timelapse", params={"unrendered": "true"})).json()
    assert more == timelapse | {"unrendered": []}


@pytest.mark.parametrize("path", ["/api/users", "/api/access/users"])
async def test_accounts_are_shown_to_administrators_and_to_themselves(gateway: RunningGateway, path: str) -> None:
    users = (await gateway.client.get(path)).json()["users"]
    assert [(user["name"], user["admin"]) for user in users] == [("admin", True), ("olga", False), ("victor", False)]
    assert users[1]["groups"] == ["users"]
    assert {user["apikey"] for user in users} == {None}
    victor = gateway.client_from("192.0.2.1", VIEWER_KEY)
    assert (await victor.get(f"{path}/victor")).json() == users[2]
    assert (await victor.get(f"{path}/olga")).status_code == 403
    assert (await gateway.client.get(f"{path}/nobody")).status_code == 404
