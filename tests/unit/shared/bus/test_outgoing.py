"""What is published is kept until acknowledged, sent again in order, bounded, and newest-only where asked."""

from __future__ import annotations

import asyncio
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.bus.counters import Counters
from shared.bus.outgoing import ATTEMPTS, Entry, Outgoing
from shared.bus.properties import Properties
from shared.errors import OutcomeUnknown, TooLarge, Unavailable


class Line:
    """A connection that keeps what it was given."""

    ids = itertools.count(1)

    def __init__(self) -> None:
        self.sent: list[tuple[str, bytes]] = []
        self.packets: list[int] = []
        self.expiries: list[int | None] = []

    def publish(self, topic, payload, *, qos, retain, properties):
        self.sent.append((topic, payload))
        self.expiries.append(properties.expiry)
        packet_id = next(self.ids)
        self.packets.append(packet_id)
        return packet_id

    @property
    def payloads(self) -> list[bytes]:
        return [payload for _, payload in self.sent]


@pytest.fixture
def time_now():
    return [0.0]


@pytest.fixture
def outgoing(time_now):
    return Outgoing(monotonic=lambda: time_now[0], counters=Counters(), limit=50)


def attach(outgoing, window=20, largest=1_000_000, first=()):
    line = Line()
    outgoing.attach(line, window=window, largest=largest, first=first)
    return line


async def test_what_was_not_acknowledged_is_sent_again_in_order_before_what_waited(outgoing):
    line = attach(outgoing, window=3)
    for number in range(6):
        outgoing.offer(Entry("t", b"%d" % number))
    assert line.payloads == [b"0", b"1", b"2"]
    outgoing.published(line.packets[0], 0)
    outgoing.detach()
    second = attach(outgoing, window=10, first=[Entry("presence", b"online")])
    assert second.payloads == [b"online", b"1", b"2", b"3", b"4", b"5"]


async def test_an_acknowledgement_of_an_old_connection_says_nothing(outgoing):
    line = attach(outgoing, window=1)
    outgoing.offer(Entry("t", b"0"))
    outgoing.detach()
    outgoing.published(line.packets[0], 0)
    assert len(outgoing) == 1


async def test_what_cannot_be_said_in_a_packet_is_dropped_and_stops_nothing(outgoing):
    class Strict(Line):
        def publish(self, topic, payload, **rest):
            if "+" in topic:
                raise ValueError("no wildcards")
            return super().publish(topic, payload, **rest)

    line = Strict()
    outgoing.attach(line, window=1, largest=1_000, first=())
    outgoing.offer(Entry("a/+", b"0"))
    outgoing.offer(Entry("t", b"1"))
    assert (line.payloads, outgoing.in_flight) == ([b"1"], 1)
    outgoing.published(line.packets[0], 0)
    with pytest.raises(Unavailable):
        await outgoing.acknowledged(Entry("a/+", b"2"), within=5)


async def test_of_newest_only_values_one_waits_for_each_topic(outgoing):
    for number in range(100):
        outgoing.offer(Entry("a", b"%d" % number, newest_only=True))
        outgoing.offer(Entry("b", b"%d" % -number, newest_only=True))
    assert len(outgoing) == 2
    assert attach(outgoing).sent == [("a", b"99"), ("b", b"-99")]


async def test_a_newest_only_value_never_passes_an_older_one_of_its_topic(outgoing):
    outgoing.offer(Entry("a", b"1", newest_only=True))
    outgoing.offer(Entry("a", b"2"))
    outgoing.offer(Entry("a", b"3", newest_only=True))
    assert attach(outgoing).payloads == [b"1", b"2", b"3"]


@given(st.lists(st.sampled_from(["publish", "latest", "lose", "acknowledge"]), max_size=60))
def test_the_last_value_that_the_broker_gets_is_the_last_that_was_given(steps):
    async def play():
        outgoing = Outgoing(monotonic=lambda: 0.0, counters=Counters())
        line, value = attach(outgoing, window=2), 0
        for step in steps:
            if step == "lose":
                outgoing.detach()
                line = attach(outgoing, window=2)
            elif step == "acknowledge" and line.packets:
                outgoing.published(line.packets.pop(0), 0)
            elif step in ("publish", "latest"):
                value += 1
                outgoing.offer(Entry("a", b"%d" % value, newest_only=step == "latest"))
        if not value:
            return
        seen = list(line.payloads)
        while line.packets:
            outgoing.published(line.packets.pop(0), 0)
            seen = list(line.payloads)
        assert not seen or seen[-1] == b"%d" % value
        numbers = [int(payload) for payload in seen]
        assert numbers == sorted(numbers)

    asyncio.run(play())


async def test_the_queue_is_bounded_and_says_so(outgoing):
    for _ in range(50):
        outgoing.offer(Entry("t", b""))
    with pytest.raises(Unavailable) as full:
        outgoing.offer(Entry("t", b""))
    assert full.value.code == "queue_full"
    outgoing.offer(Entry("state", b"", newest_only=True))


async def test_a_deadline_and_an_expiry_end_the_wish_to_send(outgoing, time_now):
    outgoing.offer(Entry("t", b"deadline", deadline=5.0))
    outgoing.offer(Entry("t", b"expired", expires=5.0))
    outgoing.offer(Entry("t", b"good", expires=30.0, properties=Properties(expiry=30)))
    time_now[0] = 10.0
    line = attach(outgoing)
    assert line.payloads == [b"good"]
    assert line.expiries == [20]


async def test_a_message_that_ends_every_connection_is_given_up(outgoing):
    outgoing.offer(Entry("t", b"poison"))
    outgoing.offer(Entry("t", b"good"))
    lines = []
    for _ in range(ATTEMPTS + 1):
        lines.append(attach(outgoing, window=1))
        outgoing.detach()
    assert [line.payloads for line in lines] == [[b"poison"]] * ATTEMPTS + [[b"good"]]


async def test_waiting_ends_with_what_is_known(outgoing):
    with pytest.raises(Unavailable) as unsent:
        await outgoing.acknowledged(Entry("t", b"never sent"), within=0.01)
    assert not isinstance(unsent.value, OutcomeUnknown)
    line = attach(outgoing)
    assert line.payloads == []
    with pytest.raises(OutcomeUnknown):
        await outgoing.acknowledged(Entry("t", b"sent"), within=0.01)
    outgoing.detach()
    again = attach(outgoing)
    assert again.payloads == []
    waiting = asyncio.ensure_future(outgoing.acknowledged(Entry("t", b"refused"), within=5))
    await asyncio.sleep(0)
    outgoing.published(again.packets[0], 0x87)
    with pytest.raises(Unavailable) as refused:
        await waiting
    assert refused.value.code == "refused_by_broker"


async def test_what_the_broker_cannot_take_is_said_before_it_cuts_the_line(outgoing):
    attach(outgoing, largest=1000)
    with pytest.raises(TooLarge):
        outgoing.offer(Entry("t", b"x" * 1000))


async def test_flushed_says_whether_everything_left(outgoing):
    assert await outgoing.flushed(0.01)
    line = attach(outgoing)
    outgoing.offer(Entry("t", b""))
    assert not await outgoing.flushed(0.01)
    outgoing.published(line.packets[0], 0)
    assert await outgoing.flushed(0.01)


async def test_a_sample_of_a_topic_that_somebody_else_speaks_for_now_is_not_sent_again(outgoing):
    line, again = Line(), Line()
    outgoing.attach(line, window=1, largest=1000)
    outgoing.offer(Entry("ours", b"in flight", newest_only=True))
    outgoing.offer(Entry("ours", b"waits", newest_only=True))
    outgoing.offer(Entry("other", b"stays", newest_only=True))
    outgoing.detach()
    outgoing.drop_newest("ours")
    outgoing.attach(again, window=5, largest=1000)
    assert again.payloads == [b"stays"]
