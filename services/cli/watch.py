"""`jobwire watch`: follows topics and prints them, so that nobody needs the broker's own tools."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import aiomqtt

from services.cli import data_folder
from services.cli.broker_access import SERVICES, read_accounts
from services.cli.exits import CommandError, Exit
from services.cli.output import Output
from services.cli.probes import BrokerAddress
from shared.settings import Settings
from shared.settings_loading import read_tree

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 10.0
CONNECT_WITHIN = 5.0


@dataclass(frozen=True)
class Watching:
    """What to follow and when to end; `within` in seconds."""

    filters: list[str]
    as_json: bool = False
    count: int | None = None
    within: float | None = None


def broker_of(settings: Settings, environ: Mapping[str, str]) -> BrokerAddress:
    """A configured broker, else that of the system that runs on this data folder, else the default one."""
    if "url" in read_tree(Settings, environ, None).get("broker", {}):
        return BrokerAddress.parse(settings.broker.url)
    running = (data_folder.read_state(settings.data_folder) or {}).get("broker")
    if running is None:
        return BrokerAddress.parse(settings.broker.url)
    if running["kind"] == "given":
        return BrokerAddress.parse(running["url"])
    accounts = read_accounts(Path(running["accounts"]))
    host = "127.0.0.1" if running["host"] == "0.0.0.0" else running["host"]  # noqa: S104
    if accounts is None:
        return BrokerAddress(host, running["port"])
    return BrokerAddress(host, running["port"], SERVICES, accounts.services)


async def watch(address: BrokerAddress, watching: Watching) -> Exit:
    """Print messages until Ctrl-C, `count` or `within`. Raises `CommandError` when the broker cannot be reached."""
    try:
        async with asyncio.timeout(watching.within):
            await _follow(address, watching)
    except TimeoutError:
        return Exit.TIMED_OUT
    return Exit.DONE


async def _follow(address: BrokerAddress, watching: Watching) -> None:
    left, pause, connected = watching.count, FIRST_PAUSE, False
    while left is None or left > 0:
        try:
            async with client_of(address) as client:
                connected, pause = True, FIRST_PAUSE
                for each in watching.filters:
                    await client.subscribe(each, qos=1)
                async for message in client.messages:
                    print(shown(message, as_json=watching.as_json), flush=True)
                    left = None if left is None else left - 1
                    if left == 0:
                        return
        except aiomqtt.MqttError as error:
            if not connected:
                where = f"{address.host}:{address.port}"
                raise CommandError(f"the broker at {where} cannot be reached ({error})", Exit.NOT_REACHABLE) from None
            Output().say(f"the broker went away ({error}); trying again in {pause:.1f} s")
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)


def client_of(address: BrokerAddress) -> aiomqtt.Client:
    """A client for the broker, not yet connected."""
    return aiomqtt.Client(
        address.host,
        address.port,
        username=address.user,
        password=address.password,
        protocol=aiomqtt.ProtocolVersion.V5,
        timeout=CONNECT_WITHIN,
        tls_params=aiomqtt.TLSParameters() if address.tls else None,
    )


def shown(message: aiomqtt.Message, *, as_json: bool) -> str:
    """One line: `topic payload`, or a JSON object."""
    raw = message.payload
    text = raw.decode(errors="backslashreplace") if isinstance(raw, bytes | bytearray) else str(raw)
    if not as_json:
        return f"{message.topic} {text}"
    return json.dumps({"topic": str(message.topic), "payload": _parsed(text), "retained": bool(message.retain)})


def _parsed(text: str) -> object:
    try:
        parsed: object = json.loads(text)
    except ValueError:
        return text
    return parsed
