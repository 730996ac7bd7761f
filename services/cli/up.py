"""`jobwire up`: the whole system from one command, and all of it gone again after one Ctrl-C."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec

from services.cli import broker as brokers
from services.cli import data_folder, ports
from services.cli.broker import Broker
from services.cli.exits import Exit
from services.cli.hints import ready_lines
from services.cli.output import CHILD_FORMAT, Output
from services.cli.services import SERVICES, absolute, gateway_url, migrate, service_unit, virtual_printer_unit
from services.cli.supervisor import Supervisor
from shared.settings import Settings, load_settings
from shared.settings_loading import CONFIG, Tree, read_tree

READY_WITHIN = 60.0
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# Set by the launcher itself, so not to be handed on from its own environment.
OWN_VARIABLES = ("JOBWIRE_BROKER_URL", "JOBWIRE_BROKER_URL_FILE", "JOBWIRE_OPS_PORT")


@dataclass(frozen=True)
class Plan:
    """What will run: settings with absolute folders and real ports, the broker, and the children's environment."""

    settings: Settings
    broker: Broker
    environ: Mapping[str, str]


def up(environ: Mapping[str, str], *, own_broker: bool = False, quiet: bool = False) -> Exit:
    """Run until a signal comes. `own_broker` leaves a configured `broker.url` aside. Raises `CommandError`."""
    given = read_tree(Settings, environ, None)
    settings = _placed(load_settings(environ))
    output = Output(quiet=quiet, as_json=settings.log_format == "json")
    data_folder.prepare(settings.data_folder)
    with data_folder.lock(settings.data_folder):
        data_folder.end_leftovers(settings.data_folder, output.say)
        plan = _plan(settings, given, environ, own_broker=own_broker, output=output)
        return asyncio.run(System(plan, output, quiet=quiet).run())


def _placed(settings: Settings) -> Settings:
    """The settings with an absolute data folder, so that every child means the same one."""
    data = absolute(settings.data)
    printers = [
        msgspec.structs.replace(printer, port="VIRTUAL") if printer.port == str(settings.virtual_link) else printer
        for printer in settings.printer
    ]
    return msgspec.structs.replace(settings, data=data, printer=printers)


def _plan(
    settings: Settings,
    given: Tree,
    environ: Mapping[str, str],
    *,
    own_broker: bool,
    output: Output,
) -> Plan:
    host = settings.gateway.host
    port = ports.require_free(host, settings.gateway.port, "choose another with --port (or JOBWIRE_GATEWAY_PORT)")
    settings = msgspec.structs.replace(settings, gateway=msgspec.structs.replace(settings.gateway, port=port))
    asked = given.get("broker", {})
    if "url" in asked and not own_broker:
        broker = brokers.given(settings.broker.url)
    else:
        chosen = "port" in asked
        broker = brokers.own(
            settings.data_folder, settings.broker, settings.load, port_is_chosen=chosen, say=output.say
        )
    return Plan(settings, broker, child_environ(environ, settings, broker.url))


def child_environ(environ: Mapping[str, str], settings: Settings, broker_url: str) -> dict[str, str]:
    """What every child inherits: the caller's environment, and the places and ports that were decided here."""
    kept = {name: value for name, value in environ.items() if name not in OWN_VARIABLES}
    return {
        **kept,
        **({CONFIG: absolute(environ[CONFIG])} if environ.get(CONFIG) else {}),
        "JOBWIRE_DATA": settings.data,
        "JOBWIRE_INSTANCE": settings.instance,
        "JOBWIRE_BROKER_URL": broker_url,
        "JOBWIRE_GATEWAY_PORT": str(settings.gateway.port),
        "PYTHONUNBUFFERED": "1",
        **CHILD_FORMAT,
    }


class System:
    """The running children of one plan."""

    def __init__(self, plan: Plan, output: Output, *, quiet: bool) -> None:
        self._plan = plan
        self._output = output
        self._quiet = quiet
        self._supervisor = Supervisor(output, self._note)
        self._stop = asyncio.Event()
        self._since = datetime.now(UTC)

    async def run(self) -> Exit:
        """Start everything, say so, wait for a signal, stop everything."""
        self._listen_to_signals()
        starting = asyncio.ensure_future(self._start())
        stopped = asyncio.ensure_future(self._stop.wait())
        try:
            await asyncio.wait([starting, stopped], return_when=asyncio.FIRST_COMPLETED)
            if starting.done():
                starting.result()
                self._say_ready()
                await stopped
            self._output.say("stopping")
        finally:
            for task in (starting, stopped):
                task.cancel()
            await asyncio.gather(starting, stopped, return_exceptions=True)
            await self._supervisor.stop()
            if any(child.pid is not None for child in self._supervisor.children.values()):
                self._note()
            else:
                data_folder.forget_state(self._plan.settings.data_folder)
        return Exit.DONE

    def _listen_to_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in STOP_SIGNALS:
            loop.add_signal_handler(number, self._on_signal)

    def _on_signal(self) -> None:
        if self._stop.is_set():
            self._supervisor.hasten()
        self._stop.set()

    async def _start(self) -> None:
        deadline = time.monotonic() + READY_WITHIN
        plan, supervisor = self._plan, self._supervisor
        if plan.broker.unit is None:
            await brokers.require_given(plan.broker.address)
        else:
            await supervisor.ready(supervisor.start(plan.broker.unit), deadline)
        await asyncio.gather(*(migrate(service, plan.environ, self._output) for service in SERVICES))
        if plan.settings.uses_virtual_printer:
            unit = virtual_printer_unit(plan.settings, plan.environ)
            await supervisor.ready(supervisor.start(unit), deadline)
        children = [
            supervisor.start(service_unit(service, plan.environ, port, plan.settings))
            for service, port in zip(SERVICES, _ops_ports(plan.settings), strict=True)
        ]
        for child in children:
            await supervisor.ready(child, deadline)

    def _say_ready(self) -> None:
        url = gateway_url(self._plan.settings)
        lines = [] if self._quiet else ready_lines(self._plan.settings, self._plan.broker.shown, url)
        with contextlib.suppress(OSError):  # nobody reads: no reason to stop
            print(f"jobwire ready {url}", *lines, sep="\n", flush=True)

    def _note(self) -> None:
        """Keep `run/up.json` true, for `jobwire status` and for the start after a kill."""
        units: dict[str, Any] = {
            name: {"pid": child.pid, "born": child.born, "ops_port": child.unit.ops_port, "ends": child.ends}
            for name, child in self._supervisor.children.items()
        }
        state = {
            "pid": os.getpid(),
            "since": self._since.isoformat(),
            "url": gateway_url(self._plan.settings),
            "ops_host": self._plan.settings.ops_host,
            "broker": self._plan.broker.shown,
            "units": units,
        }
        data_folder.write_state(self._plan.settings.data_folder, state)


def _ops_ports(settings: Settings) -> list[int]:
    """One port per service: from `ops_port` on, or any free ones."""
    if settings.ops_port:
        return [settings.ops_port + number for number in range(len(SERVICES))]
    return [ports.any_free(settings.ops_host) for _ in SERVICES]
