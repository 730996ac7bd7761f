"""What waits for a listener is bounded, and who is slow misses nothing but time."""

from __future__ import annotations

import asyncio

from services.gateway.dialects.octoprint.push.frames import Message
from services.gateway.dialects.octoprint.push.listener import (
    GO_AWAY,
    GONE,
    HEARTBEAT_TICKS,
    MOST_WAITING,
    TOO_SLOW,
    Ending,
    Listener,
)
from tests.support.clock import settle


def texts(listener: Listener) -> list[str]:
    return [message.text for message in listener.drain()]


def ending_of(listener: Listener) -> Ending | None:
    return listener.ending


def listening() -> Listener:
    return Listener(None, "192.0.2.1")


async def test_messages_come_in_order_and_wake_the_transport() -> None:
    listener = listening()
    waiting = asyncio.create_task(listener.arrived())
    await settle()
    assert not waiting.done()
    listener.offer(Message("a"))
    listener.offer(Message("b"))
    await waiting
    assert texts(listener) == ["a", "b"]
    assert texts(listener) == []


def test_one_message_too_many_ends_a_listener_that_does_not_read() -> None:
    listener = listening()
    for number in range(MOST_WAITING):
        listener.offer(Message(str(number)))
    assert ending_of(listener) is None
    listener.offer(Message("one too many"))
    assert ending_of(listener) is TOO_SLOW
    assert texts(listener) == []
    listener.offer(Message("late"))
    assert texts(listener) == []


def test_a_current_is_offered_only_when_the_one_before_was_taken() -> None:
    listener = listening()
    taking = [listener.takes_current]
    listener.offer_current(Message("first"))
    taking.append(listener.takes_current)
    assert texts(listener) == ["first"]
    assert [*taking, listener.takes_current] == [True, False, True]


async def test_a_heartbeat_is_due_after_25_seconds_of_silence() -> None:
    listener = listening()
    for _ in range(HEARTBEAT_TICKS - 1):
        listener.tick()
    listener.offer(Message("a"))
    texts(listener)
    for _ in range(HEARTBEAT_TICKS - 1):
        listener.tick()
    assert not listener.take_beat()
    listener.tick()
    await listener.arrived()
    assert listener.take_beat()
    assert not listener.take_beat()


async def test_the_first_ending_counts_and_wakes_the_transport() -> None:
    listener = listening()
    waiting = asyncio.create_task(listener.arrived())
    await settle()
    listener.end(GO_AWAY)
    listener.end(GONE)
    await waiting
    assert listener.ending is GO_AWAY
