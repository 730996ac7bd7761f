"""Questions: one answer each, the same question again after a reconnect, and honest ends."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import msgspec
import pytest

from shared.bus import asks as asks_module
from shared.bus.asks import Asks
from shared.bus.codec import encode
from shared.bus.counters import Counters
from shared.bus.outgoing import NO_SUBSCRIBERS, Outgoing
from shared.contracts import topics
from shared.contracts.messages import Answer
from shared.contracts.printers import CommandDone, StartPrint
from shared.errors import Broken, Conflict, OutcomeUnknown, Unavailable
from tests.support.clock import ManualClock, settle


class Bench:
    """A question on its way over a connection that keeps what it is given."""

    def __init__(self) -> None:
        self.clock, self.counters = ManualClock(), Counters()
        self.outgoing = Outgoing(monotonic=self.clock.monotonic, counters=self.counters)
        self.asks = Asks(self.outgoing, reply_to="b/answer/me", clock=self.clock, counters=self.counters)
        self.sent: list[dict] = []
        self.properties: list = []
        self.connect()

    def connect(self) -> None:
        self.outgoing.attach(self, window=20, largest=1e9)

    def publish(self, topic, payload, *, qos, retain, properties):
        self.sent.append(msgspec.json.decode(payload))
        self.properties.append(properties)
        return len(self.sent)

    def ask(self, within=5.0, **fields) -> asyncio.Task:
        request = StartPrint(printer="p1", **fields)
        return asyncio.create_task(self.asks.ask(topics.COMMAND_PRINTER, "b/ask", request, within))

    def answer(self, **fields) -> None:
        question = self.sent[-1]
        self.asks.resolve(encode(Answer(id=question["id"], correlation_id=question["correlation_id"], **fields)))


@pytest.fixture
def bench():
    return Bench()


async def test_a_question_says_until_when_it_is_good_and_where_the_answer_goes(bench):
    asking = bench.ask(id="mine")
    await settle()
    question, properties = bench.sent[0], bench.properties[0]
    assert question["id"] == "mine"
    assert msgspec.convert(question, StartPrint).expires_at == bench.clock.now() + timedelta(seconds=5)
    assert question["reply_to"] == properties.reply_to == "b/answer/me"
    assert properties.correlation == question["correlation_id"].encode()
    assert properties.expiry == 6
    assert dict(properties.user)["traceparent"] == question["traceparent"]
    bench.answer(ok=msgspec.Raw(b'{"run":"r1"}'))
    assert await asking == CommandDone(run="r1")
    assert len(bench.asks) == 0


async def test_a_refusal_is_raised_again(bench):
    asking = bench.ask()
    await settle()
    bench.answer(error=Conflict("not now", code="printing").body())
    with pytest.raises(Conflict, match="not now"):
        await asking


async def test_an_answer_that_is_not_of_its_kind_is_broken(bench):
    asking = bench.ask()
    await settle()
    bench.answer(ok=msgspec.Raw(b'{"run":17}'))
    with pytest.raises(Broken):
        await asking


async def test_after_a_reconnect_the_same_question_is_asked_again_with_the_same_id(bench):
    asking = bench.ask()
    await settle()
    bench.outgoing.published(1, 0)
    await settle()
    bench.outgoing.detach()
    bench.connect()
    bench.asks.repeat()
    await settle()
    assert [one["id"] for one in bench.sent] == [bench.sent[0]["id"]] * 2
    bench.answer(ok=msgspec.Raw(b"{}"))
    bench.answer(ok=msgspec.Raw(b"{}"))
    assert await asking == CommandDone()
    assert bench.counters["dropped.late_answer"] == 1


async def test_a_question_that_the_broker_had_not_taken_is_not_doubled_by_the_repeat(bench):
    asking = bench.ask()
    await settle()
    bench.outgoing.detach()
    bench.connect()
    bench.asks.repeat()
    await settle()
    assert len(bench.sent) == 2
    asking.cancel()


async def test_nobody_there_is_said_at_once_but_only_for_a_first_copy(bench):
    asking = bench.ask()
    await settle()
    bench.outgoing.published(1, NO_SUBSCRIBERS)
    with pytest.raises(Unavailable) as nobody:
        await asking
    assert nobody.value.code == "no_owner"
    again = bench.ask()
    await settle()
    bench.outgoing.detach()
    bench.connect()
    bench.outgoing.published(3, NO_SUBSCRIBERS)
    await settle()
    assert not again.done()
    await bench.clock.advance(1)
    await settle()
    assert len(bench.sent) == 4
    again.cancel()


async def test_no_answer_is_unknown_when_it_was_sent_and_unavailable_when_it_never_left(bench):
    with pytest.raises(OutcomeUnknown):
        await bench.ask(within=0.01)
    bench.outgoing.detach()
    with pytest.raises(Unavailable) as unsent:
        await bench.ask(within=0.01)
    assert not isinstance(unsent.value, OutcomeUnknown)
    bench.connect()
    assert len(bench.sent) == 1


async def test_questions_are_bounded(bench, monkeypatch):
    monkeypatch.setattr(asks_module, "PENDING_LIMIT", 2)
    asking = [bench.ask(), bench.ask()]
    await settle()
    with pytest.raises(Unavailable) as full:
        await bench.ask()
    assert full.value.code == "queue_full"
    for one in asking:
        one.cancel()


@pytest.mark.parametrize("payload", [b"", b"\xff", b"[" * 200_000, b"{}", b'{"id":"x","correlation_id":"unknown"}'])
async def test_answers_that_nobody_waits_for_are_counted(bench, payload):
    bench.asks.resolve(payload)
    assert sum(bench.counters.values()) == 1
