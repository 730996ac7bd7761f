"""One connection against a broker that does what the test says."""

from __future__ import annotations

import asyncio
import struct
from contextlib import asynccontextmanager

import pytest
import uvloop

from shared.bus import Bus
from shared.bus.connection import Connection, NotConnected
from shared.bus.packets import Endpoint, Incoming, Subscription
from shared.bus.paho_client import MQTT5, MQTT311
from shared.bus.properties import NO_PROPERTIES
from shared.clock import SystemClock

CONNACK5 = b"\x20\x03\x00\x00\x00"
CONNACK5_LIMITS = b"\x20\x0b\x01\x00\x08" + b"\x21\x00\x05" + b"\x27\x00\x00\x10\x00"
CONNACK311 = b"\x20\x02\x01\x00"


class FakeBroker:
    """Answers CONNECT with what `greet(protocol level)` returns (None: closes), keeps the packets that follow."""

    def __init__(self, greet) -> None:
        self.greet = greet
        self.levels: list[int] = []
        self.packets: list[tuple[int, bytes]] = []
        self.port = 0
        self.writers: list[asyncio.StreamWriter] = []
        self.nodelay: list[int] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.append(writer)
        try:
            while True:
                kind, body = await self.read(reader)
                if kind >> 4 == 1:
                    self.levels.append(body[6])
                    answer = self.greet(body[6])
                    if answer is None:
                        return
                    writer.write(answer)
                else:
                    self.packets.append((kind, body))
        except asyncio.IncompleteReadError:
            return
        finally:
            writer.close()

    async def read(self, reader: asyncio.StreamReader) -> tuple[int, bytes]:
        kind, length, shift = (await reader.readexactly(1))[0], 0, 0
        while True:
            byte = (await reader.readexactly(1))[0]
            length |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return kind, await reader.readexactly(length)


@asynccontextmanager
async def broker_that(greet):
    broker = FakeBroker(greet)
    server = await asyncio.start_server(broker.serve, "127.0.0.1", 0)
    broker.port = server.sockets[0].getsockname()[1]
    try:
        yield broker
    finally:
        server.close()
        for writer in broker.writers:
            writer.close()


def connection_to(broker, *, version=MQTT5, got=None) -> Connection:
    return Connection(
        Endpoint("127.0.0.1", broker.port),
        client_id="me",
        will=None,
        version=version,
        on_message=(got if got is not None else []).append,
        on_published=lambda *_: None,
    )


async def until(condition) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.005)


async def test_the_greeting_says_whether_the_session_was_kept_and_the_limits():
    async with broker_that(lambda level: CONNACK5_LIMITS) as broker:
        connection = connection_to(broker)
        greeting = await connection.open(5)
        assert greeting.session_present
        assert greeting.limits == {"ReceiveMaximum": 5, "MaximumPacketSize": 4096}
        assert greeting.in_flight == 5
        await connection.close()


@pytest.mark.parametrize("refusal", [None, b"\x20\x02\x00\x01", b"\x20\x03\x00\x84\x00"])
async def test_a_broker_that_does_not_know_mqtt_5_is_tried_with_3_1_1(refusal):
    async with broker_that(lambda level: refusal if level == 5 else CONNACK311) as broker:
        bus = Bus(url=f"mqtt://127.0.0.1:{broker.port}", client_id="me", base="b", service="s", instance="i",
                  version="0", clock=SystemClock())  # fmt: skip
        running = asyncio.create_task(bus.run())
        await until(lambda: 4 in broker.levels)
        assert broker.levels[:2] == [5, 4]
        running.cancel()
        await asyncio.wait([running])


async def test_a_refusal_for_another_reason_is_not_tried_with_3_1_1():
    async with broker_that(lambda level: b"\x20\x03\x00\x87\x00") as broker:
        with pytest.raises(NotConnected) as refused:
            await connection_to(broker).open(5)
    assert not refused.value.older
    assert "Not authorized" in str(refused.value)


async def test_a_broker_that_stays_silent_is_given_up_in_time():
    async with broker_that(lambda level: b"") as broker:
        with pytest.raises(NotConnected) as silent:
            await connection_to(broker).open(0.1)
    assert not silent.value.older


async def test_nobody_listening_is_said_at_once():
    with pytest.raises(NotConnected):
        await connection_to(FakeBroker(None)).open(5)


@pytest.mark.parametrize("version", [MQTT5, MQTT311])
@pytest.mark.parametrize("pieces", [1, 3, 10_000])
async def test_messages_arrive_whole_in_whatever_pieces_they_come(version, pieces):
    got: list[Incoming] = []
    mqtt5 = version is MQTT5
    bodies = [bytes([65 + one]) * (one * 997) for one in range(1, 20)]
    stream = b"".join(publish_packet(number, body, mqtt5) for number, body in enumerate(bodies, 1))
    async with broker_that(lambda level: CONNACK5 if level == 5 else CONNACK311) as broker:
        connection = connection_to(broker, version=version, got=got)
        await connection.open(5)
        size = max(1, len(stream) // pieces)
        for start in range(0, len(stream), size):
            broker.writers[0].write(stream[start : start + size])
            await asyncio.sleep(0)
        await until(lambda: len(got) == len(bodies))
        assert [message.payload for message in got] == bodies
        assert [message.packet_id for message in got] == list(range(1, 20))
        assert broker.packets == []  # nothing is acknowledged by itself
        connection.acknowledge(1)
        await until(lambda: broker.packets)
        assert broker.packets[0] == (0x40, b"\x00\x01")
        connection.abort("done")


def publish_packet(number: int, payload: bytes, mqtt5: bool) -> bytes:
    body = b"\x00\x01t" + struct.pack("!H", number) + (b"\x00" if mqtt5 else b"") + payload
    length, rest = b"", len(body)
    while True:
        rest, byte = rest >> 7, rest & 0x7F
        length += bytes([byte | 0x80 if rest else byte])
        if not rest:
            return b"\x32" + length + body


@pytest.mark.parametrize("run", [asyncio.run, uvloop.run])
def test_what_is_sent_in_one_turn_arrives_and_goodbye_comes_last(run):
    async def play():
        async with broker_that(lambda level: CONNACK5) as broker:
            connection = connection_to(broker)
            await connection.open(5)
            for number in range(500):
                connection.publish("t", b"%d" % number * 1000, qos=1, retain=False, properties=NO_PROPERTIES)
            await connection.close(5)
            await until(lambda: len(broker.packets) == 501)
            assert [kind >> 4 for kind, _ in broker.packets] == [3] * 500 + [14]
            assert connection.ended.done()

    run(play())


async def test_a_broker_that_does_not_read_stops_nothing_and_is_read_from_on():
    """The stream takes no more: paho keeps the rest, the loop goes on, and all arrives once the peer reads."""
    got: list[Incoming] = []
    gate = asyncio.Event()
    received = bytearray()

    async def slow(reader, writer):
        await reader.read(1000)
        writer.write(CONNACK5)
        await gate.wait()
        while data := await reader.read(65536):
            received.extend(data)

    server = await asyncio.start_server(slow, "127.0.0.1", 0, limit=1024)
    broker = FakeBroker(None)
    broker.port = server.sockets[0].getsockname()[1]
    connection = connection_to(broker, got=got)
    await connection.open(5)
    for _ in range(300):
        connection.publish("t", b"x" * 50_000, qos=0, retain=False, properties=NO_PROPERTIES)
    turns = 0
    for _ in range(50):
        await asyncio.sleep(0.001)
        turns += 1
    assert turns == 50
    gate.set()
    await until(lambda: len(received) >= 300 * 50_000)
    connection.abort("done")
    server.close()


async def test_a_lost_connection_ends_waiting_subscriptions_and_says_why():
    async with broker_that(lambda level: CONNACK5) as broker:
        connection = connection_to(broker)
        await connection.open(5)
        subscribing = asyncio.create_task(connection.subscribe([Subscription("a/#")], within=5))
        await until(lambda: broker.packets)
        broker.writers[0].close()
        with pytest.raises(NotConnected):
            await subscribing
        assert await connection.ended == "it was lost"


async def test_a_malformed_packet_ends_the_connection_only():
    async with broker_that(lambda level: CONNACK5) as broker:
        connection = connection_to(broker)
        await connection.open(5)
        broker.writers[0].write(b"\x32\x04\x00\x09ab")
        async with asyncio.timeout(5):
            await connection.ended
