"""One message and one handler: whether it may act, the tries it gets, and what is told about how it went."""

from __future__ import annotations

import asyncio
import logging
import random
import traceback
from typing import Any, Protocol

import msgspec

from shared.bus import refusals
from shared.bus.codec import JSON, encode, properties_of
from shared.bus.counters import Counters, Seldom
from shared.bus.delivery import NOT_MINE, Delivery, refusal
from shared.bus.outgoing import Entry
from shared.bus.properties import Properties
from shared.bus.registry import Registration
from shared.clock import Clock
from shared.contracts import topics
from shared.contracts.messages import Answer, DeadLetter
from shared.errors import Broken, Expired, Invalid, JobError, Refused, Unavailable
from shared.trace import current, parse_traceparent

logger = logging.getLogger(__name__)

ATTEMPTS = 4
HANDLER_LIMIT = 60.0
DEAD_PAYLOAD = 4 * 1024
_DEAD_QUEUE = 1_000


class Outbound(Protocol):
    """What of `Outgoing` is used here."""

    def offer(self, entry: Entry) -> None: ...

    def __len__(self) -> int: ...


class Handling:
    """Calls handlers. Nothing that a handler raises gets out of here, except being cancelled."""

    def __init__(self, outgoing: Outbound, *, base: str, service: str, clock: Clock, counters: Counters) -> None:
        self._outgoing = outgoing
        self._base = base
        self._service = service
        self._clock = clock
        self._counters = counters
        self._seldom = Seldom(clock=clock.monotonic)
        self._dead_topic = topics.DEAD.build(base, service=service)

    async def handle(self, registration: Registration, delivery: Delivery) -> None:
        """Let the handler act, if the message may; afterwards it can be acknowledged."""
        reason = refusal(delivery, self._clock.now()) if registration.commands else None
        if reason is not None:
            self._refuse(delivery, reason)
            return
        token = current.set(trace.child() if (trace := parse_traceparent(delivery.traceparent)) else None)
        try:
            result = await self._attempt(registration, delivery)
            ok = None if result is NOT_MINE or not registration.commands else _encoded(result)
        except JobError as error:
            self._failed(registration, delivery, error)
        else:
            self._counters["handled"] += 1
            if ok is not None:
                self._answer(delivery, ok=ok)
        finally:
            current.reset(token)

    async def _attempt(self, registration: Registration, delivery: Delivery) -> Any:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                async with asyncio.timeout(HANDLER_LIMIT):
                    return await registration.handler(delivery)
            except Unavailable:
                if attempt == ATTEMPTS:
                    raise
                await self._clock.sleep(random.uniform(0.02, 0.05 * 3**attempt))  # noqa: S311
                if registration.commands and refusal(delivery, self._clock.now()):
                    raise  # it has expired meanwhile
                self._counters["retried"] += 1
            except JobError:
                raise
            except Exception as error:
                self._say("broken", "%s: handler failed: %s", delivery.name, _one_line(error))
                raise Broken("the handler failed") from error
        raise AssertionError("unreachable")

    def _failed(self, registration: Registration, delivery: Delivery, error: JobError) -> None:
        self._counters[f"failed.{error.kind}"] += 1
        # A refusal is an answer like another, and the service tells it together with what it decided.
        if not (registration.commands and isinstance(error, Refused)):
            self.bury(delivery.name, delivery.payload, f"{error.code}: {error.message}", delivery.id)
            if registration.commands:
                self._tell(delivery, error)
        elif delivery.reply_to is None:
            self._say(error.kind, "%s: refused: %s", delivery.name, error.message)
        if registration.commands:
            self._answer(delivery, error=error)

    def _refuse(self, delivery: Delivery, reason: str) -> None:
        self._counters[f"dropped.{reason}"] += 1
        self._say(reason, "%s: a command did not act: %s", delivery.name, reason)
        self.bury(delivery.name, delivery.payload, reason, delivery.id)
        error = Expired(refusals.sentence(reason, delivery, self._clock.now()), code=reason)
        self._tell(delivery, error)
        self._answer(delivery, error=error)

    def _tell(self, delivery: Delivery, error: JobError) -> None:
        """The event `command_refused`, as long as the dead letters have not filled the queue."""
        if not refusals.is_told(delivery):
            return
        if len(self._outgoing) >= _DEAD_QUEUE:
            self._counters["dropped.event"] += 1
            return
        told = refusals.event(delivery, error, base=self._base, service=self._service, now=self._clock.now())
        name = topics.EVENT.build(self._base, service=self._service, name=told.type)
        self._offer(Entry(name, encode(told), topics.EVENT.qos, properties=properties_of(told, None)), "event")

    def _answer(self, delivery: Delivery, *, ok: msgspec.Raw | None = None, error: JobError | None = None) -> None:
        name = delivery.reply_to
        if name is None:
            return
        if topics.ANSWER.parse(self._base, name) is None:
            self._counters["dropped.bad_reply_to"] += 1
            self.bury(delivery.name, delivery.payload, "reply_to must be one level below answer/", delivery.id)
            return
        answer = Answer(
            id=delivery.id or "",
            correlation_id=delivery.correlation_id,
            error=error.body() if error is not None else None,
        )
        if ok is not None:
            answer.ok = ok
        correlation = delivery.correlation_data or (delivery.correlation_id or "").encode() or None
        properties = Properties(expiry=topics.ANSWER.expiry, correlation=correlation, content_type=JSON)
        expires = self._clock.monotonic() + (topics.ANSWER.expiry or 30)
        self._offer(Entry(name, encode(answer), topics.ANSWER.qos, properties=properties, expires=expires), "answer")

    def bury(self, name: str, payload: bytes, reason: str, message_id: str | None = None) -> None:
        """Publish what could not be handled at `dead/<service>`, cut after 4 KiB. Dead letters themselves are not."""
        if topics.DEAD.parse(self._base, name) is not None:
            return
        self._counters["dead_letters"] += 1
        if len(self._outgoing) >= _DEAD_QUEUE:
            self._counters["dropped.dead_letter"] += 1
            return
        letter = DeadLetter(
            topic=name,
            reason=reason,
            payload=payload[:DEAD_PAYLOAD].decode(errors="replace"),
            at=self._clock.now(),
            id=message_id,
        )
        self._offer(Entry(self._dead_topic, encode(letter), topics.DEAD.qos), "dead_letter")

    def undecodable(self, delivery: Delivery, reason: str, *, answer: bool) -> None:
        """Count, tell and bury a payload that does not fit its topic; `answer` also tells an asker that is named."""
        self._counters["dropped.undecodable"] += 1
        self._say("undecodable", "%s: undecodable: %s", delivery.name, reason)
        self.bury(delivery.name, delivery.payload, f"undecodable: {reason}", delivery.id)
        if answer:
            error = Invalid(reason, code="undecodable")
            self._tell(delivery, error)
            self._answer(delivery, error=error)

    def _offer(self, entry: Entry, what: str) -> None:
        try:
            self._outgoing.offer(entry)
        except JobError:
            self._counters[f"dropped.{what}"] += 1

    def _say(self, reason: str, text: str, *values: object) -> None:
        left_out = self._seldom.say(reason)
        if left_out is not None:
            logger.warning(text + (" (and %d more)" if left_out else ""), *values, *([left_out] if left_out else []))


def _encoded(result: Any) -> msgspec.Raw:
    try:
        return msgspec.Raw(b"{}" if result is None else encode(result))
    except (TypeError, ValueError, msgspec.MsgspecError, RecursionError) as error:
        raise Broken(f"the answer cannot be encoded: {error}") from error


def _one_line(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    where = f" at {frames[-1].filename}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}: {str(error).splitlines()[0][:200] if str(error) else ''}{where}"
