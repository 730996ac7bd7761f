"""Sessions of octorest, unmodified, against a gateway at `url` (the root: octorest keeps no path) with an admin's key.

Each function blocks: call it in a thread when the gateway runs in the same process. The printer must be operational and
idle, and is so again afterwards.
"""

from __future__ import annotations

import io
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from octorest import OctoRest, WorkflowAppKeyRequestResult  # type: ignore[import-untyped]

from tests.support.octoprint_clients.waiting import GCODE, let_in, until

FILE = "octorest.gcode"


def looks_around(url: str, key: str) -> None:
    """Everything octorest reads that a gateway has."""
    client = OctoRest(url=url, apikey=key)
    assert client.version["text"].startswith("OctoPrint ")
    assert client.state() == "Operational"
    assert client.printer(exclude=["sd"], history=True, limit=2)["state"]["flags"]["ready"] is True
    assert set(client.job_info()) >= {"job", "progress", "state"}
    assert isinstance(client.files(recursive=True)["files"], list)
    assert client.printer_profile()["id"] == "_default"
    assert list(client.printer_profiles()["profiles"]) == ["_default"]
    settings = client.settings()
    assert uuid.UUID(settings["plugins"]["discovery"]["upnpUuid"])
    assert client.settings({"webcam": settings["webcam"]}) == settings
    assert client.system_commands() == {"core": [], "custom": [], "plugin": []}
    assert client.source_system_commands("core") == []
    assert client.slicers() == {}
    assert client.timelapses()["files"] == []
    assert "admin" in [user["name"] for user in client.users()["users"]]
    assert client.user("admin")["admin"] is True


def is_refused_what_there_is_not(url: str, key: str) -> None:
    """A wrong key, a system command, a setting, a file that is not there: each an error that octorest shows."""
    with pytest.raises(RuntimeError, match="403"):
        OctoRest(url=url, apikey="wrong-key-0123456789")
    client = OctoRest(url=url, apikey=key)
    with pytest.raises(RuntimeError, match="404"):
        client.execute_system_command("core", "shutdown")
    with pytest.raises(RuntimeError, match="Settings are made in"):
        client.settings({"feature": {"sdSupport": True}})
    with pytest.raises(RuntimeError, match="404"):
        client.files_info("local", "there-is-no-such.gcode")
    with pytest.raises(RuntimeError, match="409"):
        client.cancel()


def prints_a_file(url: str, key: str) -> None:
    """Upload, select and start, pause, resume, cancel, delete; each step is seen before the next."""
    client = OctoRest(url=url, apikey=key)
    made = client.upload((FILE, io.BytesIO(GCODE)))
    assert (made["done"], made["files"]["local"]["path"]) == (True, FILE)
    assert client.files_info("local", FILE)["size"] == len(GCODE)
    client.select(FILE, print=True)
    until(lambda: client.state() == "Printing", "printing")
    assert client.job_info()["job"]["file"]["name"] == FILE
    client.pause()
    until(lambda: client.state() == "Paused", "paused")
    client.resume()
    until(lambda: client.state() == "Printing", "printing again")
    client.toggle()
    until(lambda: client.state() == "Paused", "paused again")
    client.cancel()
    until(lambda: client.state() == "Operational", "cancelled")
    client.delete(FILE)
    assert FILE not in [file["path"] for file in client.files()["files"]]


def connects_again(url: str, key: str) -> None:
    """Disconnect and connect."""
    client = OctoRest(url=url, apikey=key)
    client.disconnect()
    until(lambda: client.state() == "Closed", "disconnected")
    with pytest.raises(RuntimeError, match="409"):
        client.printer()
    client.connect()
    until(lambda: client.state() == "Operational", "connected")


def works_by_hand(url: str, key: str) -> None:
    """Jog, home, rates, temperatures with offsets, tool, filament, card, lines; nothing of it is refused."""
    client = OctoRest(url=url, apikey=key)
    client.jog(x=10, y=-5, z=0.5)
    client.home(["x", "y"])
    client.home()
    client.feedrate(105)
    client.feedrate(1.0)
    client.flowrate(95)
    client.flowrate(1.0)
    client.tool_target(45)
    client.tool_target({"tool0": 40})
    client.tool_offset([5])
    client.tool_select(0)
    client.bed_target(40)
    client.bed_offset(-2)
    until(lambda: client.tool()["tool0"]["offset"] == 5, "the offset of the tool shows")
    assert client.bed(history=True, limit=1)["bed"]["offset"] == -2
    assert set(client.tool(history=True, limit=1)) == {"tool0", "history"}
    client.tool_offset(0)
    client.bed_offset(0)
    client.extrude(1)
    client.retract(1)
    assert client.sd() == {"ready": client.printer()["sd"]["ready"]}
    client.sd_init()
    client.sd_refresh()
    client.sd_release()
    client.gcode("M117 one\nM117 two")
    client.gcode(["M104 S0", "M140 S0"])
    client.fake_ack()
    assert client.custom_control_request() == {"controls": []}
    with pytest.raises(RuntimeError, match="does not have a heated chamber"):
        client.chamber_target(30)
    with pytest.raises(RuntimeError, match="factor is invalid"):
        client.feedrate(300)
    with pytest.raises(RuntimeError, match="amount is invalid"):
        client.extrude("much")
    assert client.state() == "Operational"


def gets_a_key(url: str, key: str) -> None:
    """The way of application keys, from the probe to the first request with the new key."""
    client = OctoRest(url=url)
    name = f"octorest {uuid.uuid4().hex[:8]}"
    with ThreadPoolExecutor(1) as pool:
        asking = pool.submit(client.try_get_api_key, name, "admin", 20)
        let_in(url, key, name)
        result, granted = asking.result(timeout=30)
    assert result is WorkflowAppKeyRequestResult.GRANTED
    client.load_api_key(granted)
    assert client.state() == "Operational"
    OctoRest(url=url, apikey=key).session.post(
        f"{url}/api/plugin/appkeys", json={"command": "revoke", "app": name}
    ).raise_for_status()
