"""The push channel of one gateway: who listens, who may, and the half-second beat that serves them all."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence

from services.gateway.callers.roles import Permission
from services.gateway.dialects.octoprint.push import commands, connected, translate
from services.gateway.dialects.octoprint.push.commands import Auth, Subscription, Throttle
from services.gateway.dialects.octoprint.push.events import Told
from services.gateway.dialects.octoprint.push.feed import Feed
from services.gateway.dialects.octoprint.push.happenings import Happenings
from services.gateway.dialects.octoprint.push.listener import GO_AWAY, GONE, NO_ROOM, TRY_AGAIN, Listener
from services.gateway.dialects.octoprint.push.terminal import Terminals
from services.gateway.gateway import Gateway
from shared.errors import Forbidden, JobError, NotFound, Unavailable
from shared.pauses import pause

_log = logging.getLogger(__name__)

TICK = 0.5  # seconds: the most often that a listener gets a `current`
MOST_LISTENERS = 2048
MOST_ANONYMOUS = 1024  # the one that has waited longest without a login makes room
CHECK_TICKS = 30  # an ended session stops within 15 s
MOST_VISITED = 50  # listeners that are told of each other's coming and going
MOST_VISITS = 20  # that are told in one tick
_AT_ONCE = 32  # listeners served before others get their turn

_REAUTH = translate.message("reauthRequired", {"reason": "stale"})


class Channel:
    """`join`, `hear` and `leave` are the transports' side. The beat runs while there are listeners."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._happenings = Happenings(gateway.bus, self._tell)
        self._terminals = Terminals(gateway.bus, gateway.clock.monotonic)
        self._visits: deque[tuple[Listener, Told]] = deque(maxlen=MOST_VISITS)
        self._connected = connected.message(gateway.callers)
        self._feeds: dict[str | None, Feed] = {}
        self._listeners: dict[Listener, None] = {}
        self._anonymous: dict[Listener, None] = {}
        self._telling = asyncio.Lock()
        self._beat: asyncio.Task[None] | None = None
        self._checking: asyncio.Task[None] | None = None
        self._tick = 0
        self.on_tick: list[Callable[[float], None]] = []

    def __len__(self) -> int:
        return len(self._listeners)

    def now(self) -> float:
        """Monotonic seconds."""
        return self._gateway.clock.monotonic()

    def join(self, place: str | None, address: str) -> Listener:
        """A new listener at this printer (None: the default one); it has its `connected` already.

        Raises `NotFound` for a printer that does not exist, `Unavailable` when there is no room or the service stops.
        """
        if self._gateway.stopping.is_set() or len(self._listeners) >= MOST_LISTENERS:
            raise Unavailable("There are too many listeners", code="too_many_listeners", retry_after=5)
        self._check_place(place)
        if len(self._anonymous) >= MOST_ANONYMOUS:
            oldest = next(iter(self._anonymous))
            oldest.end(NO_ROOM)
            self.leave(oldest)
        listener = Listener(place, address)
        self._listeners[listener] = self._anonymous[listener] = None
        listener.offer(self._connected)
        self._note(listener, "ClientOpened")
        if self._beat is None:
            self._beat = asyncio.create_task(self._run())
            self._beat.add_done_callback(self._stopped)
        return listener

    def leave(self, listener: Listener) -> None:
        """The transport has ended, or is to end; a second time changes nothing."""
        listener.end(GONE)
        if listener in self._listeners:
            self._note(listener, "ClientClosed")
        self._listeners.pop(listener, None)
        self._anonymous.pop(listener, None)
        self._silence(listener)

    async def hear(self, listener: Listener, text: str) -> None:
        """What a client says."""
        command = commands.parse(text)
        if isinstance(command, Auth):
            await self._authenticate(listener, command)
        elif isinstance(command, Throttle):
            listener.factor = command.factor
        elif isinstance(command, Subscription):
            before, listener.subscription = listener.subscription, command
            self._recall(listener, before)

    # --- who may listen -----------------------------------------------------------------------------------------------

    def _check_place(self, place: str | None) -> None:
        try:
            self._gateway.view.printer(place)
        except NotFound:
            raise
        except JobError:
            return  # it may come; until then it is shown as offline

    async def _authenticate(self, listener: Listener, auth: Auth) -> None:
        try:
            identity = await self._gateway.callers.by_token(auth.token, listener.address)
        except Forbidden:
            identity = None
        except JobError as error:
            _log.info("a listener could not log in: %s", error.message)
            listener.end(TRY_AGAIN)
            return
        if listener not in self._listeners:
            return  # it left meanwhile
        if identity is None or identity.name != auth.name:
            self._send_away(listener)
            return
        listener.identity, listener.token = identity, auth.token
        self._note(listener, "ClientAuthed", username=identity.name)
        self._anonymous.pop(listener, None)
        if identity.may(Permission.STATUS):
            feed = self._feed(listener.place)
            feed.listeners[listener] = None
            feed.greet(listener)

    def _send_away(self, listener: Listener) -> None:
        """It hears nothing more until it logs in again."""
        listener.identity = listener.token = None
        self._silence(listener)
        self._anonymous[listener] = None
        listener.offer(_REAUTH)

    def _feed(self, place: str | None) -> Feed:
        feed = self._feeds.get(place)
        if feed is None:
            gateway = self._gateway
            feed = self._feeds[place] = Feed(place, gateway.view, self._happenings, self._terminals, gateway.clock.now)
        return feed

    def _recall(self, listener: Listener, before: Subscription) -> None:
        """Another choice of what is in `current` begins with all there is, as in OctoPrint."""
        now, feed = listener.subscription, self._feeds.get(listener.place)
        changed = (now.state, now.logs, now.messages) != (before.state, before.logs, before.messages)
        if changed and feed is not None and listener in feed.listeners:
            feed.recall(listener)

    def _silence(self, listener: Listener) -> None:
        feed = self._feeds.get(listener.place)
        if feed is not None:
            feed.listeners.pop(listener, None)
            if not feed.listeners:
                del self._feeds[listener.place]

    async def _check_sessions(self) -> None:
        """Ask again about each session that somebody listens with, one after another."""
        heard = {(one.token, one.address) for one in self._listeners if one.token}
        for token, address in heard:
            try:
                await self._gateway.callers.by_token(token, address)
            except Forbidden:
                for listener in [one for one in self._listeners if (one.token, one.address) == (token, address)]:
                    self._send_away(listener)
            except JobError as error:
                _log.info("the sessions of listeners cannot be checked now: %s", error.message)
                return

    # --- what they hear -----------------------------------------------------------------------------------------------

    async def _run(self) -> None:
        clock, stopping = self._gateway.clock, self._gateway.stopping
        began = clock.monotonic()
        while self._listeners:
            if await pause(clock, stopping, max(0.0, began + TICK - clock.monotonic())):
                return
            began = clock.monotonic()
            await self._serve(began)
        self._visits.clear()
        self._beat = None  # whoever joins from here on starts the next one

    async def _serve(self, now: float) -> None:
        """One tick. Ticks are never closer than `TICK`, so nobody gets more than two `current` a second."""
        self._tick += 1
        if self._tick % CHECK_TICKS == 0 and (self._checking is None or self._checking.done()):
            self._checking = asyncio.create_task(self._check_sessions())
        self._tell_visits()
        for feed in list(self._feeds.values()):
            feed.refresh()
            for count, listener in enumerate(list(feed.listeners), 1):
                feed.serve(listener, self._tick)
                if count % _AT_ONCE == 0:
                    await asyncio.sleep(0)
        for listener in list(self._listeners):
            listener.tick()
        for call in self.on_tick:
            call(now)

    def _note(self, listener: Listener, type_: str, **more: str) -> None:
        """Remember that one has come, logged in or gone. Of many listeners that would be more than they came for."""
        if len(self._listeners) <= MOST_VISITED:
            self._visits.append((listener, Told(type_, {**more, "remoteAddress": listener.address})))

    def _tell_visits(self) -> None:
        """Tell the others, and who it was to administrators only."""
        while self._visits:
            visitor, told = self._visits.popleft()
            full, bare = (
                translate.message("event", {"type": told.type, "payload": payload}) for payload in (told.payload, {})
            )
            for listener in [one for feed in self._feeds.values() for one in feed.listeners if one is not visitor]:
                if listener.subscription.wants_event(told.type):
                    listener.offer(full if listener.is_admin else bare)

    async def _tell(self, printer: str | None, told: Sequence[Told]) -> None:
        """Give events to the listeners of a printer, or of all printers; all get them in the same order."""
        async with self._telling:
            for type_, payload in told:
                event = translate.message("event", {"type": type_, "payload": payload})
                hearing = [
                    listener
                    for feed in self._feeds.values()
                    if printer is None or feed.printer == printer
                    for listener in feed.listeners
                    if listener.subscription.wants_event(type_)
                ]
                for count, listener in enumerate(hearing, 1):
                    listener.offer(event)
                    if count % _AT_ONCE == 0:
                        await asyncio.sleep(0)

    def _stopped(self, beat: asyncio.Task[None]) -> None:
        """The service stops, or a fault: then all are sent away, to come again. Nothing when nobody listened."""
        if beat is not self._beat:
            return
        self._beat = None
        if not beat.cancelled() and beat.exception() is not None:
            _log.error("the push channel has failed", exc_info=beat.exception())
        for listener in list(self._listeners):
            listener.end(GO_AWAY)
            self.leave(listener)
        self._visits.clear()
