"""Sessions of slicers and plug-ins as they write them on the wire, with the spellings that a gateway can trip over."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from tests.support import push
from tests.support.octoprint_clients import multipart
from tests.support.octoprint_clients.waiting import GCODE
from tests.support.printing import until_state
from tests.support.stack import Stack

pytestmark = pytest.mark.system

CURL = "------------------------d74496d66958873e"
QT = "boundary_.oOo._MjY0NTE0NjU0OQ=="


@pytest.mark.parametrize("mount", ["", "/octoprint/second"])
async def test_prusaslicer_tests_the_host_then_uploads_and_prints(stack: Stack, mount: str) -> None:
    async with stack.client(prefix=mount) as slicer:
        version = (await slicer.get("/api/version")).json()
        assert version["api"]
        assert version["text"].startswith("OctoPrint")
        parts = [("print", None, b"true"), ("path", None, b"slicer"), ("file", "ring.gcode", GCODE)]
        asked, status, head = await _upload_as_curl(stack, f"{mount}/api/files/local", stack.key, parts)
        assert (asked, status) == (True, 201)
        assert f"location: {stack.url}{mount}/api/files/local/slicer/ring.gcode" in head.lower()
        await until_state(slicer, "Printing")
        assert (await slicer.post("/api/job", json={"command": "cancel"})).status_code == 204
        await until_state(slicer, "Operational")
        assert (await slicer.delete("/api/files/local/slicer")).status_code == 204


async def test_an_upload_with_a_wrong_key_need_not_be_sent(stack: Stack) -> None:
    parts = [("print", None, b"false"), ("path", None, b""), ("file", "ring.gcode", GCODE)]
    assert (await _upload_as_curl(stack, "/api/files/local", "wrong-key-0123456789", parts))[:2] == (False, 403)


@pytest.mark.parametrize("mount", ["", "/octoprint/second"])
async def test_cura_logs_in_uploads_follows_and_toggles(stack: Stack, mount: str) -> None:
    """Qt quotes the boundary and says `application/json` of every request, also of a GET."""
    headers = {"X-Api-Key": stack.key, "Content-Type": "application/json", "User-Agent": "Cura/5.9 OctoPrintPlugin"}
    async with httpx.AsyncClient(base_url=f"{stack.url}{mount}", headers=headers) as cura:
        who = (await cura.post("/api/login", content=b'{"passive": true}')).json()
        assert (who["name"], who["admin"], len(who["session"]) > 20) == ("admin", True, True)
        settings = (await cura.get("/api/settings")).json()
        assert (settings["feature"]["sdSupport"], settings["webcam"]["streamUrl"]) == (False, "")
        assert (await cura.get("/api/printerprofiles")).json()["profiles"]["_default"]["volume"]["width"] > 0
        assert (await cura.get("/api/printer")).json()["state"]["flags"]["operational"] is True
        parts = [("select", None, b"true"), ("print", None, b"true"), ("file", "cura.gcode", GCODE)]
        made = await cura.post(
            "/api/files/local",
            content=multipart.body(QT, parts, file_type="text/plain"),
            headers={"Content-Type": f'multipart/form-data; boundary="{QT}"'},
        )
        assert (made.status_code, made.json()["effectivePrint"]) == (201, True)
        await until_state(cura, "Printing")
        place = made.headers["Location"].partition("api/")[2]  # it cuts there
        assert (await cura.get(f"/api/{place}")).json()["path"] == "cura.gcode"
        for wanted in ("Paused", "Printing"):  # without an action both times
            assert (await cura.post("/api/job", content=b'{"command": "pause"}')).status_code == 204
            await until_state(cura, wanted)
        assert (await cura.post("/api/job", content=b'{"command": "cancel"}')).status_code == 204
        shown = await until_state(cura, "Operational")
        assert shown["job"]["file"]["name"] == "cura.gcode"
        assert set(shown["progress"].values()) == {None}
        assert (await cura.delete(f"/api/{place}")).status_code == 204


async def test_an_old_client_logs_in_by_form_listens_by_streaming_and_doubles_slashes(stack: Stack) -> None:
    """The key in the query, in a form and in an odd header; a second file part for the name; members in lower case."""
    async with (
        httpx.AsyncClient(base_url=stack.url, headers={"x-api-KEY": stack.key}) as client,
        push.streamed(("127.0.0.1", stack.port)) as listening,
    ):
        login = await client.post("/api/login", data={"passive": "True"})
        assert login.headers["content-type"] == "application/json"
        assert (await listening.login(f"{login.json()['name']}:{login.json()['session']}"))[-1] == "timelapse"
        assert (
            await client.post(
                f"{stack.url}//api//connection", json={"command": "connect", "printerprofile": "_default"}
            )
        ).status_code == 204
        parts = [("filename", "", b"old.gcode"), ("file", "old.gcode", GCODE)]
        made = await client.post(
            f"{stack.url}//api/files/local",
            content=multipart.body(CURL, parts),
            headers={"Content-Type": f"multipart/form-data; boundary={CURL}"},
        )
        assert (made.status_code, made.json()["files"]["local"]["path"]) == (201, "old.gcode")
        select = {"command": "select", "print": "yes"}
        assert (await client.post("/api//files/local/old.gcode", json=select)).status_code == 204
        await _told(listening, "Printing")
        bed = {"command": "target", "target": 40}
        assert (await client.post("/api//printer/bed", json=bed)).status_code == 204
        assert (await client.post("/api/control/job", json={"command": "cancel"})).status_code == 204
        await _told(listening, "Operational")
        assert (await client.delete("/api/files/local/old.gcode")).status_code == 204


@pytest.mark.parametrize("way", ["query", "form", "bearer", "Bearer:"])
async def test_a_key_comes_as_each_client_sends_it(stack: Stack, way: str) -> None:
    async with httpx.AsyncClient(base_url=stack.url) as client:
        if way == "query":
            answer = await client.get("/api/job", params={"apikey": stack.key})
        elif way == "form":
            answer = await client.post("/api/login", data={"passive": "true", "apikey": stack.key})
        else:
            answer = await client.get("/api/job", headers={"Authorization": f"{way} {stack.key}"})
        assert answer.status_code == 200, answer.text
    assert stack.key not in stack.output()


async def _told(listening: push.PushClient, state: str) -> None:
    """Wait for a `current` that shows the state."""
    async with asyncio.timeout(20):
        while True:
            message = await listening.heard()
            if isinstance(message, dict) and message.get("current", {}).get("state", {}).get("text") == state:
                return


async def _upload_as_curl(stack: Stack, path: str, key: str, parts: list[multipart.Part]) -> tuple[bool, int, str]:
    """Send the head with `Expect: 100-continue`, the body only when it is asked for; whether it was, status, head."""
    body = multipart.body(CURL, parts)
    reader, writer = await asyncio.open_connection("127.0.0.1", stack.port)
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{stack.port}\r\nUser-Agent: PrusaSlicer/2.9.0\r\nAccept: */*\r\n"
        f"X-Api-Key: {key}\r\nContent-Length: {len(body)}\r\nContent-Type: multipart/form-data; boundary={CURL}\r\n"
        "Expect: 100-continue\r\n\r\n"
    )
    try:
        writer.write(head.encode())
        async with asyncio.timeout(10):
            first = await reader.readuntil(b"\r\n\r\n")
            asked = first.startswith(b"HTTP/1.1 100 ")
            if asked:
                writer.write(body)
                first = await reader.readuntil(b"\r\n\r\n")
        return asked, int(first[9:12]), first.decode()
    finally:
        writer.close()
