"""The link to the broker: connects, keeps the connection in use, and connects again for ever."""

from __future__ import annotations

import asyncio
import logging
import math
import random
from collections.abc import Sequence

from paho.mqtt.enums import MQTTProtocolVersion

from shared.bus.asks import Asks
from shared.bus.birth import Birth
from shared.bus.connection import Connection, Greeting, NotConnected
from shared.bus.counters import Counters, Seldom
from shared.bus.intake import Intake
from shared.bus.ledger import Ledger
from shared.bus.outgoing import Outgoing
from shared.bus.packets import Endpoint, Subscription
from shared.bus.paho_client import MQTT5, MQTT311
from shared.bus.raw import RawFollowers
from shared.bus.registry import Registry
from shared.clock import Clock
from shared.contracts.messages import Presence

logger = logging.getLogger(__name__)

CONNECT_WITHIN = 10.0
SHORT_LIFE = 2.0
LONG_OUTAGE = 10.0
_BACKLOG_WITHIN = 5.0
_FILTERS_AT_ONCE = 100
_REFUSED = 0x80


def pause_before(attempt: int, chance: float) -> float:
    """Seconds to wait before connecting again: 0.2 to 30, spread by `chance` (0..1) so that not all come at once."""
    longest = min(30.0, 0.4 * 1.5 ** min(attempt, 20))
    return 0.2 + chance * (longest - 0.2)


def next_attempt(attempt: int, lived: float, rival: bool) -> int:
    """What to count as the next attempt after a connection of `lived` seconds.

    After a good one it begins anew; short ones are not retried at full speed; a rival makes the pauses grow for ever.
    """
    if rival:
        return attempt + 1
    return min(attempt + 1, 2) if lived < SHORT_LIFE else 0


class Link:
    """Owns the one connection of the moment and tells all others when it comes and goes."""

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        client_id: str,
        birth: Birth,
        outgoing: Outgoing,
        asks: Asks,
        intake: Intake,
        registry: Registry,
        raw: RawFollowers | None = None,
        clock: Clock,
        counters: Counters,
    ) -> None:
        self.connected = asyncio.Event()
        self.ledger = Ledger(_acknowledge_nothing)
        self._endpoint = endpoint
        self._client_id = client_id
        self._birth = birth
        self._outgoing = outgoing
        self._asks = asks
        self._intake = intake
        self._registry = registry
        self._raw = raw or RawFollowers()
        self._clock = clock
        self._counters = counters
        self._connection: Connection | None = None
        self._closing = False
        self._closed = asyncio.Event()
        self._rival = False
        self._last_alive = -math.inf
        self._seldom = Seldom(every=30.0, clock=clock.monotonic)
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Connect and stay connected until `close`; ends only then or when cancelled."""
        loop = asyncio.get_running_loop()
        staying, closed = loop.create_task(self._stay_connected()), loop.create_task(self._closed.wait())
        try:
            await asyncio.wait([staying, closed], return_when=asyncio.FIRST_COMPLETED)
        finally:
            staying.cancel()
            closed.cancel()
            await asyncio.wait([staying, closed])
        if not staying.cancelled():
            staying.result()

    async def _stay_connected(self) -> None:
        attempt = 0
        while not self._closing:
            self._rival = False
            try:
                lived = await self._live()
            except NotConnected as error:
                attempt += 1
                self._say("refused", "no connection to the broker: %s", error)
            else:
                self._counters["reconnects"] += not self._closing
                attempt = next_attempt(attempt, lived, self._rival)
            await asyncio.sleep(pause_before(attempt, random.random()))  # noqa: S311

    async def _live(self) -> float:
        """One connection from its beginning to its end; how many seconds it lived."""
        connection, greeting = await self._open()
        began = self._clock.monotonic()
        birth: asyncio.Task[None] | None = None
        try:
            await self._subscribe(connection, self._subscriptions())
            birth = self._in_use(connection, greeting)
            await asyncio.wait([connection.ended])
            if not self._closing:
                self._say("ended", "the connection to %s ended: %s", self._endpoint, connection.ended.result())
        finally:
            self._out_of_use(connection, birth)
        if connection.taken_over:
            self.seen_rival("the broker says that another client has taken the session over")
        return self._clock.monotonic() - began

    async def _open(self) -> tuple[Connection, Greeting]:
        try:
            return await self._open_with(MQTT5)
        except NotConnected as error:
            if not error.older:
                raise
            logger.debug("%s; trying MQTT 3.1.1", error)
            return await self._open_with(MQTT311)

    async def _open_with(self, version: MQTTProtocolVersion) -> tuple[Connection, Greeting]:
        connection: Connection
        ledger = Ledger(lambda packet_id: connection.acknowledge(packet_id))
        connection = Connection(
            self._endpoint,
            client_id=self._client_id,
            will=self._birth.will(),
            version=version,
            on_message=lambda incoming: self._intake.arrived(incoming, ledger, lambda: self._overflow(connection)),
            on_published=self._outgoing.published,
        )
        self.ledger = ledger
        ledger.backlog = self._clock.monotonic() - self._last_alive > LONG_OUTAGE
        greeting = await connection.open(CONNECT_WITHIN)
        ledger.backlog = ledger.backlog and greeting.session_present
        return connection, greeting

    def _in_use(self, connection: Connection, greeting: Greeting) -> asyncio.Task[None]:
        name = "MQTT 5" if connection.version is MQTT5 else "MQTT 3.1.1"
        logger.info(
            "connected to %s as %s (%s, session %s, limits %s)",
            self._endpoint, self._client_id, name,
            "kept" if greeting.session_present else "new", greeting.limits or "none",
        )  # fmt: skip
        self._connection = connection
        self._birth.remembered.connected()
        largest = float(greeting.limits.get("MaximumPacketSize", math.inf))
        online = self._birth.presence("online", name)
        self._outgoing.attach(connection, window=greeting.in_flight, largest=largest, first=[online])
        self.connected.set()
        asyncio.get_running_loop().call_later(_BACKLOG_WITHIN, self._backlog_done, self.ledger)
        self._asks.repeat()
        return asyncio.get_running_loop().create_task(self._birth.give(self._outgoing, greeting.session_present))

    def _out_of_use(self, connection: Connection, birth: asyncio.Task[None] | None) -> None:
        self.connected.clear()
        self._connection = None
        self._last_alive = self._clock.monotonic()
        self.ledger.close()
        self._outgoing.detach()
        if birth is not None:
            birth.cancel()
        connection.abort("out of use")

    def _overflow(self, connection: Connection) -> None:
        self._say("overflow", "the broker sends more than was asked for; connecting again")
        connection.abort("more messages than can be kept")

    # subscriptions

    def _subscriptions(self) -> list[Subscription]:
        # Answers come with QoS 0: they must reach us even when the window of QoS 1 is full of commands whose handlers
        # wait for an answer. One that is lost with the connection is asked for again.
        ours = [*self._registry.subscriptions(), Subscription(self._asks.reply_to, qos=0)]
        return [*ours, *self._raw.subscriptions()]

    async def _subscribe(self, connection: Connection, wanted: Sequence[Subscription]) -> None:
        for start in range(0, len(wanted), _FILTERS_AT_ONCE):
            some = wanted[start : start + _FILTERS_AT_ONCE]
            try:
                codes = await connection.subscribe(some)
            except TimeoutError as error:
                raise NotConnected(str(error)) from None
            for one, code in zip(some, codes, strict=False):
                if code >= _REFUSED:
                    self._counters["failed.subscribe"] += 1
                    logger.error("the broker refused the subscription %s (code %d)", one.filter, code)

    def subscribe_now(self) -> None:
        """A handler was added: subscribe it at once when there is a connection, else with the next one."""
        if self._connection is not None:
            self._subscribe_soon(self._connection, self._subscriptions())

    def subscribe_raw(self, filter: str) -> None:
        """The same for a device's topic; the others are not subscribed again for it."""
        if self._connection is not None:
            self._subscribe_soon(self._connection, [Subscription(filter)])

    def unsubscribe_raw(self, filter: str) -> None:
        """Nobody wants a device's topic any more."""
        if self._connection is not None:
            self._connection.unsubscribe(filter)

    def _subscribe_soon(self, connection: Connection, wanted: Sequence[Subscription]) -> None:
        task = asyncio.get_running_loop().create_task(self._subscribe_more(connection, wanted))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _subscribe_more(self, connection: Connection, wanted: Sequence[Subscription]) -> None:
        try:
            await self._subscribe(connection, wanted)
        except NotConnected as error:
            connection.abort(str(error))

    # the end, and others with our name

    def notice(self, presence: Presence | None, *, live: bool) -> None:
        """What stands on our own presence topic. Our own, coming back live, came after all that waited for us."""
        if presence is None:
            return
        if live and presence.boot_id == self._birth.identity.boot_id:
            self._backlog_done(self.ledger)
        elif self._birth.is_rival(presence):
            self.seen_rival("a younger process has published its presence in our place")

    def _backlog_done(self, ledger: Ledger) -> None:
        ledger.backlog = False

    def seen_rival(self, how: str) -> None:
        """Another process uses our client id: two that reconnect at once would throw each other out for ever."""
        self._rival = True
        self._counters["failed.taken_over"] += 1
        self._say("rival", "another process is connected as %s, waiting longer and longer: %s", self._client_id, how)

    async def rest(self, within: float) -> None:
        """Take nothing more in, and let handlers end within `within` seconds; publishing goes on."""
        self._intake.closing = True
        await self._intake.lanes.stop(within)

    async def close(self) -> None:
        """Let handlers end, say `offline`, send what is left, and disconnect; bounded, about 6 s at the worst."""
        await self.rest(3.0)
        if self._connection is not None:
            self._outgoing.offer(self._birth.presence("offline"))
            await self._outgoing.flushed(2.0)  # over a reconnect too
        self._closing = True
        if self._connection is not None:
            await self._connection.close(1.0)
        self._closed.set()

    def _say(self, reason: str, text: str, *values: object) -> None:
        if self._seldom.say(reason) is not None:
            logger.warning(text, *values)


def _acknowledge_nothing(_packet_id: int) -> None:
    return None
