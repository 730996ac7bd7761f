"""How every service runs: settings, logs, tables, bus, outbox and its own coroutines, started and stopped in order.

A service is a function `start(service)` that registers its handlers and returns coroutines which run until
`service.stopping` is set. A coroutine that ends or fails before that ends the process, so that whoever watches over it
starts it anew: nothing is half alive.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvloop

from shared import log
from shared.build import version
from shared.bus import Bus
from shared.clock import Clock, SystemClock
from shared.errors import Conflict, JobError
from shared.metrics import ServiceMetrics
from shared.relay import OutboxRelay
from shared.settings import Settings, SettingsError, load_settings
from shared.store import Store

LOG = logging.getLogger(__name__)

DONE, FAILED, WRONG_USE = 0, 1, 2


@dataclass
class Service:
    """What a service is made of. `ready_checks` answer why the service cannot work now, or None."""

    name: str
    settings: Settings
    clock: Clock
    bus: Bus
    store: Store | None
    stopping: asyncio.Event
    metrics: ServiceMetrics
    relay: OutboxRelay | None = None
    ready_checks: list[Callable[[], str | None]] = field(default_factory=list)

    @property
    def base(self) -> str:
        """The first part of every topic."""
        return self.settings.broker.base


Start = Callable[[Service], Awaitable[Sequence[Coroutine[Any, Any, Any]]]]


def run_service(name: str, start: Start, *, argv: Sequence[str], migrations: Path | None = None) -> int:
    """Run the service `name` until SIGTERM or SIGINT; answers the exit code for `sys.exit`.

    0: stopped in order; 1: something failed, and the log says what; 2: wrong settings or use, or tables that do not
    fit, with one sentence on standard error. With `migrations` the service has a store, and `argv` `["migrate"]`
    brings its tables up to date and ends.
    """
    if argv and argv[0] in ("-h", "--help"):
        sys.stdout.write(_usage(name, migrations))
        return DONE
    if argv and (list(argv) != ["migrate"] or migrations is None):
        return _complain(f"{name}: unknown argument {argv[0]!r}; see --help")
    try:
        settings = load_settings(os.environ)
        log.set_up(name, settings.log_level, form=settings.log_format)
        if argv and migrations is not None:
            _migrate(settings, name, migrations)
            return DONE
        return _run(name, settings, start, migrations)
    except (SettingsError, Conflict) as error:
        return _complain(f"{name}: {error}")
    except JobError as error:
        return _complain(f"{name}: {error}", FAILED)
    except asyncio.CancelledError:
        return FAILED  # asked to stop for the second time
    except Exception:
        LOG.critical("%s ends: a bug", name, exc_info=True)
        return FAILED


def _run(name: str, settings: Settings, start: Start, migrations: Path | None) -> int:
    from shared.service_life import Life

    return uvloop.run(Life(name, settings, migrations).run(start))


def make_service(name: str, settings: Settings, *, stored: bool, clock: Clock | None = None) -> Service:
    """The parts of a service, not yet connected to anything. Must be called inside a running event loop."""
    clock = clock or SystemClock()
    broker = settings.broker
    bus = Bus(
        url=broker.url,
        client_id=f"{broker.base.replace('/', '-')}-{name}-{settings.instance}",
        base=broker.base,
        service=name,
        instance=settings.instance,
        version=version(),
        clock=clock,
    )
    store = Store.open(settings, name) if stored else None
    days = settings.retention.inbox_days
    relay = OutboxRelay(store, bus, clock, owner=settings.instance, inbox_days=days) if store else None
    metrics = ServiceMetrics(name, settings.instance)
    return Service(name, settings, clock, bus, store, asyncio.Event(), metrics, relay)


def _migrate(settings: Settings, name: str, migrations: Path) -> None:
    from shared.migrate import migrate  # Alembic stays out of the memory of a running service

    migrate(settings, name, migrations)


def _complain(sentence: str, code: int = WRONG_USE) -> int:
    sys.stderr.write(f"{sentence}\n")
    return code


def _usage(name: str, migrations: Path | None) -> str:
    command = f"python -m services.{name}"
    migrate = f"  {command} migrate   make or update its tables, then end\n" if migrations is not None else ""
    return (
        f"The Jobwire service {name}.\n\n  {command}           run until SIGTERM or Ctrl-C\n{migrate}\n"
        "Settings come from the file that JOBWIRE_CONFIG names and from JOBWIRE_* (see docs/operating.md).\n"
    )
