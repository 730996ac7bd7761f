"""The services as child processes: their commands, environment and readiness, the same units that compose runs."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from pathlib import Path

from services.cli.child import Ready, Unit, plain_environ
from services.cli.exits import CommandError
from services.cli.output import Output, readable
from services.cli.probes import http_get, reason_of
from shared.settings import PrinterSettings, Settings

SERVICES = ("printer_controller", "load_controller", "scheduler", "gateway")
VIRTUAL_PRINTER = "services.printer_controller.virtual_printer"
MIGRATE_WITHIN = 120.0
LONGEST_SOCKET_PATH = 100  # sun_path of unix(7) holds 108 bytes
PATIENCE = {"printer_controller": 6.0, "load_controller": 5.0, "scheduler": 3.0, "gateway": 3.0}


def module(service: str, *arguments: str) -> tuple[str, ...]:
    """The command that runs a service with this very Python."""
    return (sys.executable, "-m", f"services.{service}", *arguments)


def service_unit(service: str, environ: Mapping[str, str], ops_port: int, settings: Settings) -> Unit:
    """One service; ready when its `/readyz` says so, and the gateway only when its own port answers too."""
    own = {**environ, "JOBWIRE_OPS_PORT": str(ops_port)}
    ready = _ready(settings.ops_host, ops_port)
    if service == "gateway":
        ready = _and_listening(ready, _reachable(settings.gateway.host), settings.gateway.port)
    return Unit(service, module(service), own, ready, PATIENCE[service], ops_port)


def virtual_printer_unit(settings: Settings, environ: Mapping[str, str]) -> Unit:
    """The virtual printer at the end of a pseudo terminal; ready when its link leads to a device."""
    link = settings.virtual_link

    async def ready() -> str | None:
        return None if link.exists() else f"{link} does not exist"

    return Unit(
        "virtual_printer",
        (sys.executable, "-m", VIRTUAL_PRINTER, *virtual_printer_options(settings)),
        plain_environ(environ),
        ready,
        patience=0.5,
        before=lambda: link.unlink(missing_ok=True),
    )


def virtual_printer_options(settings: Settings) -> list[str]:
    """The command line that makes the virtual printer what the settings say about it and its printer."""
    virtual = settings.virtual_printer
    printer = next(each for each in settings.printer if each.port == str(settings.virtual_link))
    control = settings.run_folder / "virtual-printer.control"
    options = ["--pty", str(settings.virtual_link), "--speed", str(virtual.speed), "--baudrate", str(virtual.baudrate)]
    if len(str(control)) < LONGEST_SOCKET_PATH:
        options += ["--control", str(control)]
    if virtual.log is not None:
        options += ["--log", virtual.log]
    return [*options, *_machine(printer), *virtual.options]


def _machine(printer: PrinterSettings) -> list[str]:
    switches = {"--no-heated-bed": not printer.heated_bed, "--heated-chamber": printer.heated_chamber}
    return ["--tools", str(printer.tools), *(switch for switch, on in switches.items() if on)]


async def migrate(service: str, environ: Mapping[str, str], output: Output) -> None:
    """Bring one service's database up to date. Raises `CommandError` with the last lines when that fails."""
    process = await asyncio.create_subprocess_exec(
        *module(service, "migrate"), env=dict(environ), stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    try:
        raw, _ = await asyncio.wait_for(process.communicate(), MIGRATE_WITHIN)
    except TimeoutError:
        raise CommandError(f"the database of {service} was not migrated within {MIGRATE_WITHIN:.0f} s") from None
    finally:
        if process.returncode is None:
            process.kill()
    lines = raw.decode(errors="replace").splitlines()
    for line in lines:
        output.child(service, line)
    if process.returncode:
        reason = readable(lines[-1])[1] if lines else f"exit code {process.returncode}"
        raise CommandError(f"the database of {service} could not be migrated: {reason}")


def _reachable(host: str) -> str:
    """The address under which this machine reaches what listens on `host`."""
    return {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104


def gateway_url(settings: Settings) -> str:
    """The address for people on this machine."""
    host = _reachable(settings.gateway.host)
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.gateway.port}"


def _ready(host: str, port: int) -> Ready:
    async def ready() -> str | None:
        return await why_not_ready(host, port)

    return ready


async def why_not_ready(host: str, port: int) -> str | None:
    """None when the service's `/readyz` answers 200, else what it says."""
    try:
        status, body = await http_get(_reachable(host), port, "/readyz")
    except OSError as error:
        return f"/readyz does not answer ({reason_of(error)})"
    return None if status == 200 else f"/readyz says {status}: {body.strip()[:300]}"


def _and_listening(ready: Ready, host: str, port: int) -> Ready:
    async def both() -> str | None:
        reason = await ready()
        if reason is not None:
            return reason
        try:
            async with asyncio.timeout(2.0):
                _, writer = await asyncio.open_connection(host, port)
        except OSError as error:
            return f"port {port} does not answer ({reason_of(error)})"
        writer.close()
        return None

    return both


def absolute(path: str | Path) -> str:
    """The same path for every child, wherever it runs."""
    return str(Path(path).absolute())
