"""Acknowledgements leave in the order of arrival; lanes keep order and leave each other alone."""

from __future__ import annotations

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from shared.bus.lanes import Lanes
from shared.bus.ledger import Ledger
from tests.support.clock import settle


@given(st.permutations(range(1, 12)))
def test_whatever_ends_first_acknowledgements_leave_in_order_of_arrival(ending):
    sent: list[int] = []
    ledger = Ledger(sent.append)
    tickets = {number: ledger.arrived(number) for number in range(1, 12)}
    for count, number in enumerate(ending, 1):
        tickets[number].done()
        assert sent == list(range(1, len(sent) + 1))
        ended = set(ending[:count])
        assert sent == [one for one in range(1, 12) if set(range(1, one + 1)) <= ended]
    assert len(ledger) == 0


def test_a_message_with_several_handlers_waits_for_all_of_them():
    sent: list[int] = []
    ticket = Ledger(sent.append).arrived(7)
    ticket.expect(2)
    ticket.done()
    ticket.done()
    assert sent == []
    ticket.done()
    assert sent == [7]


def test_qos_0_is_not_acknowledged_and_holds_nobody_up():
    sent: list[int] = []
    ledger = Ledger(sent.append)
    ledger.arrived(0)
    ledger.arrived(1).done()
    assert sent == [1]


def test_a_packet_id_of_an_old_connection_is_never_acknowledged():
    sent: list[int] = []
    ledger = Ledger(sent.append)
    ticket = ledger.arrived(1)
    ledger.close()
    ticket.done()
    assert sent == []


async def test_a_slow_lane_does_not_hold_up_another_and_keeps_its_order():
    lanes, done, gate = Lanes(10), [], asyncio.Event()

    async def slow(name):
        await gate.wait()
        done.append(name)

    async def quick(name):
        done.append(name)

    lanes.add("a", lambda: slow("a1"))
    lanes.add("a", lambda: quick("a2"))
    lanes.add("b", lambda: quick("b1"))
    await settle()
    assert (done, len(lanes)) == (["b1"], 2)
    gate.set()
    await settle()
    assert (done, len(lanes)) == (["b1", "a1", "a2"], 0)


async def test_stopping_lets_what_runs_end_begins_nothing_more_and_cancels_what_hangs():
    lanes, done = Lanes(10), []

    stopping = asyncio.Event()

    async def soon():
        await stopping.wait()
        done.append("soon")

    async def never():
        try:
            await asyncio.Event().wait()
        finally:
            done.append("cancelled")

    async def unwanted():
        done.append("unwanted")

    lanes.add("a", soon)
    lanes.add("a", unwanted)
    lanes.add("b", never)
    await settle()
    asyncio.get_running_loop().call_soon(stopping.set)
    await lanes.stop(0.5)
    lanes.add("c", unwanted)
    await settle()
    assert done == ["soon", "cancelled"]
    assert len(lanes) == 0
