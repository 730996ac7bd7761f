"""What waits for a slow client of the WebSocket is bounded and never old."""

from __future__ import annotations

import asyncio

import pytest

from services.gateway.callers.identity import Identity
from services.gateway.callers.roles import PERMISSIONS, Role
from services.gateway.dialects.wiser import frames
from services.gateway.dialects.wiser.frames import ControlLoads, DumpLoads, Follow
from services.gateway.dialects.wiser.listener import GO_AWAY, MOST_WAITING, TOO_SLOW, Ending, Listener


def listener() -> Listener:
    identity = Identity(account_id="a", name="a", role=Role.VIEWER, permissions=PERMISSIONS[Role.VIEWER])
    return Listener(identity, {})


def ending_of(one: Listener) -> Ending | None:
    return one.ending


async def test_a_newer_report_takes_the_place_of_one_that_waits() -> None:
    slow = listener()
    for number in range(1000):
        slow.offer(f"one {number}", ("load", 1))
        slow.offer(f"two {number}", ("load", 2))
    assert await slow.taken() == ["one 999", "two 999"]


async def test_what_cannot_be_replaced_is_bounded() -> None:
    slow = listener()
    for number in range(MOST_WAITING):
        slow.offer(str(number))
    assert ending_of(slow) is None
    slow.offer("one too many")
    assert ending_of(slow) is TOO_SLOW
    assert await slow.taken() == []


async def test_what_was_taken_counts_no_more() -> None:
    reader = listener()
    for _ in range(3):
        for number in range(MOST_WAITING):
            reader.offer(str(number))
        assert len(await reader.taken()) == MOST_WAITING
    assert reader.ending is None


async def test_an_ending_wakes_whoever_waits_and_the_first_one_counts() -> None:
    waiter = listener()
    waiting = asyncio.create_task(waiter.taken())
    await asyncio.sleep(0)
    waiter.end(GO_AWAY)
    waiter.end(TOO_SLOW)
    waiter.offer("too late")
    assert await asyncio.wait_for(waiting, 1) == []
    assert waiter.ending is GO_AWAY


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ('{"command":"dump_loads"}', DumpLoads()),
        ('{"command":"dump_loads","more":1}', DumpLoads()),
        ('{"command":"ctrl_loads","id":4,"button":"up","event":"press"}', ControlLoads(4, "up", "press")),
        ('{"command":"follow","frames":["button"]}', Follow(frozenset({"load", "button"}))),
        ('{"command":"follow","frames":[]}', Follow(frozenset({"load"}))),
        ('{"command":["dump_loads"]}', None),
        ('{"command":"ctrl_loads","id":1.5,"button":"up","event":"click"}', None),
        ('{"command":"ctrl_loads","id":-1,"button":"up","event":"click"}', None),
        ('{"command":"ctrl_loads","id":1,"button":["up"],"event":"click"}', None),
        (b"\xff", None),
    ],
)
def test_commands_and_everything_else(text: str | bytes, command: object) -> None:
    assert frames.parse(text) == command
