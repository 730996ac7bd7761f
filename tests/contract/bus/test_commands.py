"""Commands: answered when asked, in words or JSON, from any MQTT client; retained and expired ones never act."""

from __future__ import annotations

import asyncio
import statistics
import time
from datetime import UTC, datetime, timedelta

import aiomqtt
import msgspec
import pytest
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from shared.bus import NOT_MINE, Delivery
from shared.contracts import topics
from shared.contracts.messages import Answer, DeadLetter
from shared.contracts.printers import CancelPrint, CommandDone, PausePrint, SendGcode, StartPrint
from shared.errors import Conflict, Expired, Invalid, OutcomeUnknown, Unavailable


class Printer:
    """An owner that notes what it did."""

    def __init__(self, bus, *, answer=None) -> None:
        self.done: list = []
        self._answer = answer or CommandDone(run="r1")
        bus.take(topics.PRINTER_SET, self.act, words={"resume": {"command": "pause", "action": "resume"}})
        bus.take(topics.COMMAND_PRINTER, self.act)

    async def act(self, delivery: Delivery):
        self.done.append(delivery.message)
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer


@pytest.fixture
def letters():
    """The dead letters of a service as they come in at another bus."""

    def collect(bus, service: str) -> list[DeadLetter]:
        found: list[DeadLetter] = []

        async def note(delivery: Delivery) -> None:
            found.append(delivery.message)

        bus.follow(topics.DEAD, note, service=service)
        return found

    return collect


async def next_answer(client: aiomqtt.Client) -> Answer:
    async with asyncio.timeout(5):
        async for message in client.messages:
            body = msgspec.json.decode(message.payload)
            return Answer(id=body["id"], correlation_id=body.get("correlation_id"), ok=body.get("ok"),
                          error=body.get("error"))  # fmt: skip
    raise AssertionError("unreachable")


async def test_an_answer_takes_milliseconds(broker, make_bus):
    """Without TCP_NODELAY on both ends it takes 40 or 88 ms."""
    asker, owner = make_bus(broker, "asker"), make_bus(broker, "owner")
    Printer(owner)
    await make_bus.start(asker, owner)
    took: list[float] = []
    for _ in range(100):
        began = time.perf_counter()
        assert await asker.ask(topics.COMMAND_PRINTER, StartPrint(printer="p1")) == CommandDone(run="r1")
        took.append(time.perf_counter() - began)
    assert statistics.median(took) < 0.010


async def test_a_refusal_reaches_the_asker_with_kind_code_and_detail(broker, make_bus):
    asker, owner = make_bus(broker, "asker"), make_bus(broker, "owner")
    Printer(owner, answer=Conflict("not while printing", code="printing", detail={"state": "Printing"}))
    await make_bus.start(asker, owner)
    with pytest.raises(Conflict) as refused:
        await asker.ask(topics.COMMAND_PRINTER, StartPrint(printer="p1"))
    assert (refused.value.code, refused.value.detail) == ("printing", {"state": "Printing"})


async def test_nobody_there_is_said_at_once_or_unknown_at_the_deadline(broker, make_bus):
    asker, owner = make_bus(broker, "asker"), make_bus(broker, "owner")
    await make_bus.start(asker)
    with pytest.raises(Unavailable):
        await asker.ask(topics.COMMAND_PRINTER, StartPrint(printer="p1"), within=0.5)
    Printer(owner, answer=NOT_MINE)
    await make_bus.start(owner)
    with pytest.raises(OutcomeUnknown):
        await asker.ask(topics.COMMAND_PRINTER, StartPrint(printer="p1"), within=0.5)


@pytest.mark.parametrize("version", [5, 4])
async def test_an_outsider_commands_with_one_word_or_plain_json(broker, base, make_bus, outsider, eventually, version):
    owner = make_bus(broker, "owner")
    printer = Printer(owner)
    await make_bus.start(owner)
    async with outsider(broker, version=version) as client:
        for payload in ("start", '{"command":"gcode","lines":["G28"]}', " Resume\n", '"pause"'):
            await client.publish(f"{base}/printer/p1/set", payload, qos=1)
    await eventually(lambda: len(printer.done) == 4)
    assert printer.done == [
        StartPrint(),
        SendGcode(lines=["G28"]),
        PausePrint(action="resume"),
        PausePrint(),
    ]


async def test_a_3_1_1_client_is_answered_where_its_json_says(broker, base, make_bus, outsider):
    owner = make_bus(broker, "owner")
    Printer(owner)
    await make_bus.start(owner)
    async with outsider(broker, version=4) as client:
        await client.subscribe(f"{base}/answer/me", qos=1)
        command = {"command": "start", "id": "x1", "correlation_id": "c1", "reply_to": f"{base}/answer/me"}
        await client.publish(f"{base}/printer/p1/set", msgspec.json.encode(command), qos=1)
        answer = await next_answer(client)
        assert (answer.id, answer.correlation_id, answer.ok) == ("x1", "c1", {"run": "r1"})
        wrong = {"command": "fly", "id": "x2", "correlation_id": "c2", "reply_to": f"{base}/answer/me"}
        await client.publish(f"{base}/printer/p1/set", msgspec.json.encode(wrong), qos=1)
        answer = await next_answer(client)
        assert (answer.id, answer.correlation_id, answer.error["kind"]) == ("x2", "c2", "invalid")


async def test_a_5_client_is_answered_at_its_response_topic_with_its_correlation_data(broker, base, make_bus, outsider):
    owner = make_bus(broker, "owner")
    Printer(owner)
    await make_bus.start(owner)
    async with outsider(broker) as client:
        await client.subscribe(f"{base}/answer/me", qos=1)
        properties = Properties(PacketTypes.PUBLISH)
        properties.ResponseTopic = f"{base}/answer/me"
        properties.CorrelationData = b"\x00\xff\x01"
        await client.publish(f"{base}/printer/p1/set", "start", qos=1, properties=properties)
        async with asyncio.timeout(5):
            async for message in client.messages:
                assert message.properties.CorrelationData == b"\x00\xff\x01"
                assert msgspec.json.decode(message.payload)["ok"] == {"run": "r1"}
                break


async def test_a_reply_topic_outside_answer_is_not_used(broker, base, make_bus, outsider, letters, eventually):
    owner, watcher = make_bus(broker, "owner"), make_bus(broker, "watcher")
    printer, dead = Printer(owner), letters(watcher, "owner")
    await make_bus.start(owner, watcher)
    async with outsider(broker) as client:
        await client.subscribe(f"{base}/printer/p2/set", qos=1)
        command = {"command": "start", "reply_to": f"{base}/printer/p2/set"}
        await client.publish(f"{base}/printer/p1/set", msgspec.json.encode(command), qos=1)
        await eventually(lambda: dead)
        assert "reply_to" in dead[0].reason
    assert printer.done == [StartPrint(reply_to=f"{base}/printer/p2/set")]


async def test_retained_commands_never_act_whether_old_or_new(broker, base, make_bus, outsider, letters, eventually):
    owner, watcher = make_bus(broker, "owner"), make_bus(broker, "watcher")
    printer, dead = Printer(owner), letters(watcher, "owner")
    await make_bus.start(watcher)
    async with outsider(broker) as client:
        for one in range(20):
            await client.publish(f"{base}/printer/p{one}/set", "start", qos=1, retain=True)
        await make_bus.start(owner)
        await eventually(lambda: len(dead) == 20)
        await client.publish(f"{base}/printer/p1/set", "cancel", qos=1, retain=True)
        await eventually(lambda: len(dead) == 21)
        for one in range(20):
            await client.publish(f"{base}/printer/p{one}/set", b"", qos=1, retain=True)
        await client.publish(f"{base}/printer/p1/set", "pause", qos=1)
        await eventually(lambda: printer.done)
    assert printer.done == [PausePrint()]
    assert {letter.reason for letter in dead} == {"retained"}
    assert owner.counters["dropped.retained"] == 21


async def test_an_expired_command_never_acts_and_its_asker_is_told(broker, make_bus, letters, eventually):
    asker, owner, watcher = make_bus(broker, "asker"), make_bus(broker, "owner"), make_bus(broker, "watcher")
    printer, dead = Printer(owner), letters(watcher, "owner")
    await make_bus.start(asker, owner, watcher)
    late = StartPrint(printer="p1", id="late", expires_at=datetime.now(UTC) - timedelta(seconds=3))
    await asker.publish(topics.PRINTER_SET, late, printer="p1")
    await eventually(lambda: dead)
    assert (dead[0].reason, dead[0].id) == ("expired", "late")
    # `ask` sets the expiry itself; a clock that is wrong makes a question that is late already.
    asker._asks._clock = Yesterday()
    with pytest.raises(Expired):
        await asker.ask(topics.COMMAND_PRINTER, StartPrint(printer="p1"))
    assert printer.done == []
    assert owner.counters["dropped.expired"] == 2


class Yesterday:
    """A machine whose clock is a day behind."""

    def now(self) -> datetime:
        return datetime.now(UTC) - timedelta(days=1)

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


async def test_what_cannot_be_understood_is_answered_and_buried(broker, make_bus, letters, eventually):
    asker, owner, watcher = make_bus(broker, "asker"), make_bus(broker, "owner"), make_bus(broker, "watcher")
    printer, dead = Printer(owner), letters(watcher, "owner")
    await make_bus.start(asker, owner, watcher)
    with pytest.raises(Invalid):
        await asker.ask(topics.COMMAND_PRINTER, topics.messages.Message())
    await eventually(lambda: dead)
    assert dead[0].reason.startswith("undecodable")
    assert printer.done == []


async def test_what_waited_for_an_absent_owner_acts_only_if_it_says_how_long_it_is_good(
    broker, base, make_bus, outsider, letters, eventually
):
    first, watcher = make_bus(broker, "owner"), make_bus(broker, "watcher")
    Printer(first)
    dead = letters(watcher, "owner")
    await make_bus.start(first, watcher)
    await first.close()
    good = StartPrint(id="good", expires_at=datetime.now(UTC) + timedelta(minutes=1))
    async with outsider(broker) as client:
        await client.publish(f"{base}/printer/p1/set", "pause", qos=1)
        await client.publish(f"{base}/printer/p2/set", msgspec.json.encode(good), qos=1)
        second = make_bus(broker, "owner")
        printer = Printer(second)
        await make_bus.start(second)
        await eventually(lambda: dead and printer.done)
        await client.publish(f"{base}/printer/p1/set", "cancel", qos=1)
        await eventually(lambda: len(printer.done) == 2)
    assert [letter.reason for letter in dead] == ["waited"]
    assert printer.done == [good, CancelPrint()]
