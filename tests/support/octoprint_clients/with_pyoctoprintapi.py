"""Sessions of pyoctoprintapi (Home Assistant's client), unmodified, against a gateway at `url` with an admin's key.

`url` may have a path. The printer must be operational and idle, and is so again afterwards.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import aiohttp
import httpx
import pytest
from pyoctoprintapi import ApiError, OctoprintClient, PrinterOffline  # type: ignore[import-untyped]
from pyoctoprintapi.exceptions import UnauthorizedException  # type: ignore[import-untyped]

from tests.support.octoprint_clients.waiting import GCODE, WITHIN, let_in

FILE = "pyoctoprintapi.gcode"


@asynccontextmanager
async def client_of(url: str, key: str | None) -> AsyncIterator[OctoprintClient]:
    """The client as Home Assistant makes it: host, port and path."""
    parts = urlsplit(url)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True)) as session:
        client = OctoprintClient(str(parts.hostname), session, parts.port or 80, False, parts.path or "/")
        if key:
            client.set_api_key(key)
        yield client


async def is_set_up(url: str, key: str) -> None:
    """Home Assistant's set-up: an application key for a user, then the unique id, then what it shows."""
    name = f"Home Assistant {uuid.uuid4().hex[:8]}"
    async with client_of(url, None) as client:
        asking = asyncio.create_task(client.request_app_key(name, "admin", 20))
        await asyncio.to_thread(let_in, url, key, name)
        granted = await asking
        client.set_api_key(granted)
        discovery = await client.get_discovery_info()
        assert uuid.UUID(discovery.upnp_uuid)
        assert (await client.get_server_info()).version.startswith("1.")
        assert (await client.get_tracking_info()).enabled is False
        webcam = await client.get_webcam_info()
        assert (webcam.enabled, webcam.rotate_90, webcam.internal_snapshot_url) == (False, False, "")
        job, printer = await client.get_job_info(), await client.get_printer_info()
        assert job.state == "Operational"
        assert printer.state.flags.operational is True
        assert printer.state.flags.printing is False
    async with httpx.AsyncClient(base_url=url, headers={"X-Api-Key": key}) as admin:
        answer = await admin.post("/api/plugin/appkeys", json={"command": "revoke", "app": name})
        assert answer.status_code == 204


async def has_its_buttons(url: str, key: str) -> None:
    """Pause, resume and stop of a running print, disconnect and connect."""
    async with client_of(url, key) as client, httpx.AsyncClient(base_url=url, headers={"X-Api-Key": key}) as slicer:
        form = {"file": (FILE, GCODE)}
        made = await slicer.post("/api/files/local", files=form, data={"print": "true"})
        assert (made.status_code, made.json()["effectivePrint"]) == (201, True)
        await _until(client, lambda state: state == "Printing")
        assert (await client.get_job_info()).job.file.name == FILE
        await client.pause_job()
        await _until(client, lambda state: state == "Paused")
        await client.resume_job()
        await _until(client, lambda state: state == "Printing")
        await client.cancel_job()
        await _until(client, lambda state: state == "Operational")
        assert (await slicer.delete(f"/api/files/local/{FILE}")).status_code == 204
        await client.disconnect()
        await _until(client, lambda state: state.startswith("Offline"))
        with pytest.raises(PrinterOffline):
            await client.get_printer_info()
        await client.connect(printer_profile="_default")
        await _until(client, lambda state: state == "Operational")


async def heats(url: str, key: str) -> None:
    """Tool and bed on and off; the address of the bed has a doubled slash."""
    async with client_of(url, key) as client:
        await client.set_tool_temperature("tool0", 45)
        await client.set_bed_temperature(40, 2)
        await client.turn_tool_off("tool0")
        await client.turn_bed_off()
        shown = {heater.name: heater for heater in (await client.get_printer_info()).temperatures}
        assert shown["tool0"].offset == 0
        with pytest.raises(ApiError):
            await client.set_tool_temperature("nozzle", 45)


async def is_refused_what_there_is_not(url: str, key: str) -> None:
    """System commands, whose address has a doubled slash; a job command in the wrong state; a wrong key."""
    async with client_of(url, key) as client:
        for command in (client.shutdown, client.reboot_system, client.restart):
            with pytest.raises(ApiError, match="404"):
                await command()
        with pytest.raises(ApiError):
            await client.cancel_job()
    async with client_of(url, "wrong-key-0123456789") as stranger:
        for read in (stranger.get_printer_info, stranger.get_job_info, stranger.get_discovery_info):
            with pytest.raises(UnauthorizedException):
                await read()


async def _until(client: OctoprintClient, holds: Callable[[str], bool]) -> None:
    async with asyncio.timeout(WITHIN):
        while not holds((await client.get_job_info()).state):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
