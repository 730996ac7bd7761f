"""One life of a service's process: begun, watched over, and ended in order within nine seconds."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
from collections.abc import Coroutine, Mapping, Sequence
from pathlib import Path
from typing import Any

from shared import ops
from shared.errors import JobError
from shared.metrics import CONTENT_TYPE
from shared.revisions import require_newest
from shared.service import DONE, FAILED, Service, Start, make_service
from shared.settings import Settings, SettingsError

LOG = logging.getLogger(__name__)

ALL_WITHIN = 9.0  # seconds for an orderly stop
OWN_WITHIN = 6.0  # of these for the service's own coroutines to end by themselves
HANDLERS_WITHIN = 1.0  # for the requests that are being handled
DRAIN_WITHIN = 3.0  # for what is in the outbox
CLOSE_WITHIN = 1.5  # for the bus
SCRAPE_WITHIN = 1.0  # for a number that the event loop has to be asked for

Task = asyncio.Task[Any]


class Ended(Exception):
    """A coroutine ended before the service was stopped."""


class Life:
    """Everything between the settings and the exit code."""

    def __init__(self, name: str, settings: Settings, migrations: Path | None) -> None:
        self._name, self._settings, self._migrations = name, settings, migrations
        self._started = False
        self._was_connected = False
        self._died: str | None = None

    async def run(self, start: Start) -> int:
        """The exit code. Raises `SettingsError` or `JobError` when the service could not even begin."""
        service = make_service(self._name, self._settings, stored=self._migrations is not None)
        self._watch_signals(service)
        server = self._serve_ops(service)
        try:
            if service.store is not None and self._migrations is not None:
                await require_newest(service.store, self._migrations)
            return await self._live(service, start)
        finally:
            server.stop()
            service.metrics.close()
            if service.store is not None:
                await service.store.close()

    async def _live(self, service: Service, start: Start) -> int:
        own = await self._begin(service, start)
        if own is None:
            return DONE
        try:
            async with asyncio.TaskGroup() as group:
                frame = [self._task(group, service, name, each) for name, each in self._frame(service)]
                tasks = [self._task(group, service, getattr(each, "__qualname__", "unnamed"), each) for each in own]
                self._started = True
                LOG.info("%s %s started", service.name, service.settings.instance)
                await service.stopping.wait()
                await self._end(service, frame, tasks)
        except* (SettingsError, JobError, Ended) as known:
            LOG.critical("%s ends: %s", service.name, "; ".join(str(each) for each in known.exceptions))
        except* Exception as unknown:
            LOG.critical("%s ends: a bug", service.name, exc_info=unknown)
        if self._died is not None:
            return FAILED
        LOG.info("%s stopped", service.name)
        return DONE

    async def _begin(self, service: Service, start: Start) -> Sequence[Coroutine[Any, Any, Any]] | None:
        """What `start` returned; None when the service was stopped before it had begun."""
        beginning = asyncio.ensure_future(start(service))
        stop = asyncio.create_task(service.stopping.wait())
        await asyncio.wait((beginning, stop), return_when=asyncio.FIRST_COMPLETED)
        if beginning.done():
            stop.cancel()
            return beginning.result()
        beginning.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await beginning
        return None

    def _frame(self, service: Service) -> list[tuple[str, Coroutine[Any, Any, Any]]]:
        frame: list[tuple[str, Coroutine[Any, Any, Any]]] = [
            ("bus", service.bus.run()),
            ("link", self._notice(service)),
        ]
        if service.store is not None and service.relay is not None:
            frame += [("outbox", service.relay.run()), ("store", service.store.watch())]
        return frame

    async def _notice(self, service: Service) -> None:
        """Remember that the bus was connected once: before that the service is not ready."""
        while not self._was_connected:
            with contextlib.suppress(JobError):
                await service.bus.wait_connected(60.0)
                self._was_connected = True
        await asyncio.Event().wait()

    def _task(self, group: asyncio.TaskGroup, service: Service, name: str, work: Coroutine[Any, Any, Any]) -> Task:
        return group.create_task(self._guarded(service, name, work), name=name)

    async def _guarded(self, service: Service, name: str, work: Coroutine[Any, Any, Any]) -> None:
        """Run `work`; its end before the service's is the service's end."""
        try:
            await work
            if not service.stopping.is_set():
                raise Ended(f"the task {name} ended by itself")
        except Exception as error:
            self._died = name
            LOG.error("the task %s died: %s", name, error or type(error).__name__)
            raise

    async def _end(self, service: Service, frame: Sequence[Task], own: Sequence[Task]) -> None:
        """First what serves others, then what is still being handled, then what is still to be sent, then the bus.

        Nothing is stored after the outbox has been drained: what a stop decides is heard before `offline` is.
        """
        LOG.info("%s is stopping", service.name)
        latest = service.clock.monotonic() + ALL_WITHIN - CLOSE_WITHIN
        await _finish(own, OWN_WITHIN)
        await service.bus.rest(HANDLERS_WITHIN)
        if service.relay is not None:
            left = latest - service.clock.monotonic()
            await service.relay.drain(max(0.5, min(DRAIN_WITHIN, left)))
        with contextlib.suppress(TimeoutError, JobError):
            await asyncio.wait_for(service.bus.close(), CLOSE_WITHIN)
        for task in frame:
            task.cancel()

    def _watch_signals(self, service: Service) -> None:
        loop = asyncio.get_running_loop()
        main = asyncio.current_task()

        def asked_to_stop() -> None:
            if service.stopping.is_set() and main is not None:
                LOG.warning("%s ends at once", service.name)
                self._died = "impatience"
                main.cancel()
            service.stopping.set()

        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, asked_to_stop)

    # what the ops server shows

    def _serve_ops(self, service: Service) -> ops.OpsServer:
        loop = asyncio.get_running_loop()
        self._count(service, loop)
        pages = {
            "/healthz": lambda: ops.json_page(200, {"alive": True, "service": service.name}),
            "/readyz": lambda: self._readiness(service),
            "/metrics": lambda: ops.Page(200, service.metrics.page(), CONTENT_TYPE),
        }
        host, port = service.settings.ops_host, service.settings.ops_port
        try:
            server = ops.OpsServer(host, port, pages)
        except OSError as error:
            raise SettingsError(f"the ops server cannot listen on {host}:{port}: {error.strerror or error}") from None
        server.start()
        LOG.info("metrics and health on http://%s:%d", host, server.port)
        return server

    def _readiness(self, service: Service) -> ops.Page:
        reasons = [reason for check in service.ready_checks if (reason := check())]
        own = {
            "stopping": service.stopping.is_set(),
            "starting": not self._started,
            f"the task {self._died} died": self._died is not None,
            "not connected to the broker": not (self._was_connected and service.bus.connected),
        }
        reasons = [reason for reason, holds in own.items() if holds] + reasons
        return ops.json_page(503 if reasons else 200, {"ready": not reasons, "reasons": reasons})

    def _count(self, service: Service, loop: asyncio.AbstractEventLoop) -> None:
        metrics = service.metrics
        metrics.counts("bus_events", "What the bus has counted.", lambda: service.bus.counters)
        metrics.gauges("bus", "What is under way on the bus.", service.bus.gauges)
        metrics.gauges("ready", "1 when the service can work.", lambda: {"all": self._readiness(service).status == 200})
        relay = service.relay
        if relay is not None:
            metrics.counts("outbox_events", "What became of outgoing messages.", lambda: relay.counters)

            def waiting() -> Mapping[str, float]:
                backlog = asyncio.run_coroutine_threadsafe(relay.backlog(), loop).result(SCRAPE_WITHIN)
                age = (service.clock.now() - backlog.oldest).total_seconds() if backlog.oldest else 0.0
                return {"count": backlog.count, "oldest_seconds": age}

            metrics.gauges("outbox_waiting", "Messages that wait to be sent.", waiting)


async def _finish(tasks: Sequence[Task], within: float) -> None:
    """Let them end; cancel those that do not."""
    if not tasks:
        return
    _, late = await asyncio.wait(tasks, timeout=within)
    for task in late:
        LOG.warning("the task %s did not end in time", task.get_name())
        task.cancel()
    if late:
        await asyncio.wait(late, timeout=0.5)
