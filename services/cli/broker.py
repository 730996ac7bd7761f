"""Which broker the system uses: a given one, or our own Mosquitto as a child."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from services.cli import ports
from services.cli.broker_access import DEVICES, SERVICES, Accounts
from services.cli.broker_config import EVERYWHERE, LOOPBACK, Listening, write_config
from services.cli.child import Unit, plain_environ
from services.cli.exits import CommandError, Exit
from services.cli.mosquitto_program import MosquittoProgram, find_or_unpack_mosquitto, user_cache
from services.cli.probes import NOT_ALLOWED, UNSUPPORTED_VERSION, BrokerAddress, broker_answers, reason_of
from shared.load_settings import LoadSettings
from shared.settings import BrokerSettings

GIVEN_WITHIN = 15.0
Shown = dict[str, str | int | bool | None]
Say = Callable[[str], None]


@dataclass(frozen=True)
class Broker:
    """The broker in use. `url` (with the password) goes to the services only; `unit` is None for one that was given."""

    url: str
    shown: Shown
    unit: Unit | None = None

    @property
    def address(self) -> BrokerAddress:
        """Where it is and as whom our services connect."""
        return BrokerAddress.parse(self.url)


def given(url: str) -> Broker:
    """An existing broker."""
    parts = urlsplit(url)
    bare = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
    address = BrokerAddress.parse(url)
    return Broker(url, {"kind": "given", "url": bare, "host": address.host, "port": address.port, "user": address.user})


def own(
    data: Path, settings: BrokerSettings, loads: Sequence[LoadSettings] = (), *, port_is_chosen: bool, say: Say
) -> Broker:
    """Our own Mosquitto, with its files in `data`/broker. Raises `CommandError` when it cannot run here."""
    folder = data / "broker"
    folder.mkdir(mode=0o700, exist_ok=True)
    program = find_or_unpack_mosquitto(user_cache(), program=settings.program, fallback=folder / "program", say=say)
    accounts = Accounts.kept_in(folder / "accounts.json")
    listening = replace(_listening(settings, port_is_chosen=port_is_chosen, say=say), loads=tuple(loads))
    config = write_config(folder, listening, accounts, plugin=program.sqlite_plugin)
    url = f"mqtt://{SERVICES}:{accounts.services}@{LOOPBACK}:{listening.port}"
    shown: Shown = {
        "kind": "mosquitto",
        "program": str(program.path),
        "version": ".".join(str(part) for part in program.version),
        "host": listening.host,
        "port": listening.port,
        "websocket_port": listening.websocket_port,
        "anonymous": listening.anonymous,
        "user": DEVICES,
        "accounts": str(folder / "accounts.json"),
    }
    return Broker(url, shown, _unit(program, config, url))


def _unit(program: MosquittoProgram, config: Path, url: str) -> Unit:
    address = BrokerAddress.parse(url)

    async def ready() -> str | None:
        return await why_not_ready(address)

    command = (str(program.path), "-c", str(config))
    return Unit("broker", command, {**plain_environ(os.environ), **program.env}, ready, patience=1.5)


def _listening(settings: BrokerSettings, *, port_is_chosen: bool, say: Say) -> Listening:
    host = EVERYWHERE if settings.expose else LOOPBACK
    if port_is_chosen or settings.expose:
        port = ports.require_free(host, settings.port, "choose another with --broker-port (or JOBWIRE_BROKER_PORT)")
    else:
        port = ports.next_free(host, settings.port)
        if port != settings.port:
            say(f"port {settings.port} is in use; the broker listens on {port}")
    if settings.websocket_port is not None:
        ports.require_free(host, settings.websocket_port, "choose another broker.websocket_port")
    return Listening(port, settings.base, host, settings.websocket_port, settings.lets_anonymous_in)


async def why_not_ready(address: BrokerAddress) -> str | None:
    """None when the broker lets us in with MQTT 5, else what it says."""
    try:
        code = await broker_answers(address)
    except OSError as error:
        return f"no answer from {address.host}:{address.port} ({reason_of(error)})"
    return None if code == 0 else f"it refuses us (reason code {code})"


async def require_given(address: BrokerAddress) -> None:
    """Wait for an existing broker. Raises `CommandError`: not reachable in 15 s, refused, or without MQTT 5."""
    deadline = time.monotonic() + GIVEN_WITHIN
    where = f"the broker at {address.host}:{address.port}"
    while True:
        try:
            code = await broker_answers(address)
        except OSError as error:
            if time.monotonic() > deadline:
                reason = f"{where} cannot be reached ({reason_of(error)})"
                raise CommandError(reason, Exit.NOT_REACHABLE) from None
            await asyncio.sleep(0.3)
            continue
        if code == 0:
            return
        if code in UNSUPPORTED_VERSION:
            raise CommandError(f"{where} does not speak MQTT 5", Exit.REFUSED)
        reason = "user name or password" if code in NOT_ALLOWED else f"reason code {code}"
        raise CommandError(f"{where} refuses us ({reason}); check broker.url", Exit.REFUSED)
