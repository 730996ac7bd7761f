"""Questions with a deadline: each has an id, its answer comes to this process's one answer topic.

The same question with the same id is sent again after a reconnect, so its owner must know what it has answered already.
"""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import Coroutine
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import msgspec

from shared.bus.codec import JSON, encode
from shared.bus.counters import Counters
from shared.bus.outgoing import NO_SUBSCRIBERS, Entry, Outgoing
from shared.bus.properties import Properties
from shared.clock import Clock
from shared.contracts.messages import Answer, Message
from shared.contracts.topics import Topic
from shared.errors import Broken, OutcomeUnknown, Unavailable, raised_from
from shared.identifiers import new_id
from shared.trace import next_traceparent

PENDING_LIMIT = 1_000


@dataclass(eq=False)
class _Pending:
    """A question that waits for its answer."""

    entry: Entry
    answer: asyncio.Future[Answer]


class Asks:
    """The questions of one process. `reply_to` is its answer topic."""

    def __init__(self, outgoing: Outgoing, *, reply_to: str, clock: Clock, counters: Counters) -> None:
        self.reply_to = reply_to
        self._outgoing = outgoing
        self._clock = clock
        self._counters = counters
        self._pending: dict[str, _Pending] = {}
        self._decoder = msgspec.json.Decoder(Answer)
        self._repeats: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._pending)

    async def ask(self, topic: Topic, name: str, request: Message, within: float) -> Any:
        """Publish `request` at `name` and return what its owner answers, as `topic.answer`. See `Bus.ask`."""
        if len(self._pending) >= PENDING_LIMIT:
            raise Unavailable("too many questions wait for an answer", code="queue_full")
        request, entry = self._message(name, request, within)
        correlation = str(request.correlation_id)
        pending = _Pending(entry, asyncio.get_running_loop().create_future())
        self._pending[correlation] = pending
        try:
            self._send(pending)
            async with asyncio.timeout(within):
                return _decoded(topic, await pending.answer)
        except TimeoutError:
            self._counters["failed.no_answer"] += 1
            if not pending.entry.attempts:
                raise Unavailable("the broker cannot be reached") from None
            raise OutcomeUnknown(f"{topic.template}: nobody answered within {within:g} s") from None
        finally:
            del self._pending[correlation]
            pending.entry.dropped = True

    def _message(self, name: str, request: Message, within: float) -> tuple[Message, Entry]:
        now = self._clock.now()
        request = msgspec.structs.replace(
            request,
            id=request.id or new_id(),
            time=request.time or now,
            expires_at=now + timedelta(seconds=within),
            correlation_id=new_id(),
            reply_to=self.reply_to,
            traceparent=request.traceparent or next_traceparent(),
        )
        properties = Properties(
            expiry=math.ceil(within) + 1,
            reply_to=self.reply_to,
            correlation=str(request.correlation_id).encode(),
            content_type=JSON,
            user=(("id", str(request.id)), ("traceparent", str(request.traceparent))),
        )
        deadline = self._clock.monotonic() + within
        entry = Entry(name, encode(request), properties=properties, deadline=deadline, expires=deadline + 1)
        return request, entry

    def _send(self, pending: _Pending) -> None:
        loop = asyncio.get_running_loop()
        pending.entry.acknowledged = loop.create_future()
        pending.entry.acknowledged.add_done_callback(lambda code: self._acknowledged(pending, code.result()))
        self._outgoing.offer(pending.entry)

    def _acknowledged(self, pending: _Pending, code: int) -> None:
        if pending.answer.done() or code < NO_SUBSCRIBERS:
            return
        if pending.entry.attempts > 1:
            # The first copy may have been acted on; its owner may be back in a moment.
            self._later(self._send_again(pending, random.uniform(0.05, 0.15) * pending.entry.attempts))  # noqa: S311
        elif code == NO_SUBSCRIBERS:
            pending.answer.set_exception(Unavailable("nobody is there to answer", code="no_owner"))
        else:
            pending.answer.set_exception(Unavailable(f"the broker refused the question (code {code})"))

    def repeat(self) -> None:
        """A new connection: ask again what the broker had taken and nobody has answered yet."""
        for pending in list(self._pending.values()):
            taken = pending.entry.acknowledged
            if taken is not None and taken.done():
                self._later(self._send_again(pending, 0.0))

    def _later(self, sending: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(sending)
        self._repeats.add(task)
        task.add_done_callback(self._repeats.discard)

    async def _send_again(self, pending: _Pending, delay: float) -> None:
        await self._clock.sleep(delay)
        if pending.answer.done() or not pending.entry.wanted(self._clock.monotonic()):
            return
        try:
            self._send(pending)
        except Unavailable:
            self._counters["dropped.repeat"] += 1

    def resolve(self, payload: bytes) -> None:
        """An answer came in. One that nobody waits for any more is counted."""
        try:
            answer = self._decoder.decode(payload)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            self._counters["dropped.undecodable"] += 1
            return
        pending = self._pending.get(answer.correlation_id or "")
        if pending is None or pending.answer.done():
            self._counters["dropped.late_answer"] += 1
            return
        pending.answer.set_result(answer)


def _decoded(topic: Topic, answer: Answer) -> Any:
    if answer.error is not None:
        raise raised_from(answer.error)
    try:
        return msgspec.json.decode(bytes(answer.ok) or b"null", type=topic.answer or Any)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise Broken(f"{topic.template}: the answer cannot be understood") from error
