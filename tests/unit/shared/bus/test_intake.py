"""What comes in reaches everybody who wants it, and is acknowledged whatever becomes of it."""

from __future__ import annotations

import pytest

from shared.bus.counters import Counters
from shared.bus.handling import Handling
from shared.bus.intake import LIMIT, LOSSY_LIMIT, Intake
from shared.bus.ledger import Ledger
from shared.bus.outgoing import Outgoing
from shared.bus.packets import Incoming
from shared.bus.registry import Registry
from shared.contracts import topics
from tests.support.clock import ManualClock, settle

SET = "jobwire/printer/p1/set"


class Bench:
    def __init__(self) -> None:
        clock, self.counters = ManualClock(), Counters()
        self.outgoing = Outgoing(monotonic=clock.monotonic, counters=self.counters)
        self.registry = Registry("jobwire")
        self.answers: list[bytes] = []
        self.acknowledged: list[int] = []
        self.ledger = Ledger(self.acknowledged.append)
        self.overflows = 0
        self.intake = Intake(
            registry=self.registry,
            handling=Handling(self.outgoing, base="jobwire", service="t", clock=clock, counters=self.counters),
            counters=self.counters,
            answer_topic="jobwire/answer/me",
            on_answer=self.answers.append,
        )

    def listen(self, topic, *, commands=False, lane=None) -> list:
        seen = []

        async def note(delivery):
            seen.append(delivery.message)

        self.registry.add(topic, note, levels={}, lane=lane, commands=commands)
        return seen

    def arrive(self, name, payload, number=1, **more) -> None:
        self.intake.arrived(Incoming(name, payload, packet_id=number, **more), self.ledger, self.overflow)

    def overflow(self) -> None:
        self.overflows += 1


@pytest.fixture
def bench():
    return Bench()


async def test_a_strict_and_a_lenient_handler_of_one_topic_do_not_hide_messages_from_each_other(bench):
    strict, lenient = bench.listen(topics.PRINTER_SET), bench.listen(topics.PRINTER_SET, commands=True)
    bench.arrive(SET, b"pause")
    bench.arrive(SET, b'{"command":"start"}', number=2)
    await settle()
    assert (len(strict), len(lenient)) == (1, 2)
    assert bench.acknowledged == [1, 2]
    assert bench.counters["dead_letters"] == 1


async def test_answers_do_not_wait_for_handlers(bench):
    bench.arrive("jobwire/answer/me", b"{}", number=0, qos=0)
    assert bench.answers == [b"{}"]


async def test_a_topic_that_nobody_wants_is_counted_and_acknowledged(bench):
    bench.arrive("jobwire/unknown", b"x")
    assert (bench.acknowledged, bench.counters["dropped.unknown_topic"]) == ([1], 1)


async def test_a_lane_that_raises_costs_nothing_but_a_line(bench):
    seen = bench.listen(topics.PRINTER_SET, commands=True, lane=lambda delivery: delivery.message.nothing)
    bench.arrive(SET, b"pause")
    await settle()
    assert (len(seen), bench.acknowledged) == (1, [1])


async def test_a_cleared_retained_command_is_silent(bench):
    seen = bench.listen(topics.PRINTER_SET, commands=True)
    bench.arrive(SET, b"", retained=True)
    await settle()
    assert (seen, bench.acknowledged, bench.counters["dead_letters"]) == ([], [1], 0)


async def test_too_much_of_qos_0_is_dropped_with_a_count_and_of_qos_1_is_fetched_again(bench):
    bench.listen(topics.PRINTER_SET, commands=True)
    for _ in range(LOSSY_LIMIT + 5):
        bench.arrive(SET, b"pause", number=0, qos=0)
    assert bench.counters["dropped.overflow"] == 5
    for number in range(1, LIMIT):
        bench.arrive(SET, b"pause", number=number)
    assert bench.overflows == LOSSY_LIMIT - 1
    assert len(bench.intake.lanes) == LIMIT
    await bench.intake.lanes.stop(0.01)


async def test_while_closing_nothing_is_begun_or_acknowledged(bench):
    seen = bench.listen(topics.PRINTER_SET, commands=True)
    bench.intake.closing = True
    bench.arrive(SET, b"pause")
    await settle()
    assert (seen, bench.acknowledged) == ([], [])
