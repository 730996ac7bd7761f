"""Packets are cut out of whatever pieces arrive, and packed as the broker reads them."""

from __future__ import annotations

import random

import pytest

from shared.bus import framing
from shared.bus.framing import Framing, Malformed
from shared.bus.packets import publish_of
from shared.bus.properties import Properties

SAID = Properties(expiry=5, reply_to="b/answer/me", correlation=b"1", content_type="text/plain", user=(("id", "7"),))


@pytest.mark.parametrize("size", [0, 1, 100, 127, 128, 16_383, 16_384, 2_100_000])
@pytest.mark.parametrize("properties", [None, Properties(), SAID])
def test_a_message_comes_out_as_it_went_in(size: int, properties: Properties | None) -> None:
    data = framing.publish("b/t/é", b"x" * size, qos=1, retain=True, packet_id=513, properties=properties)
    (packet,) = Framing().packets(data)
    message = publish_of(packet.head[0], packet.body, properties is not None)
    assert packet.kind == framing.PUBLISH
    assert (message.topic, len(message.payload), message.qos, message.retained) == ("b/t/é", size, 1, True)
    assert (message.packet_id, message.properties) == (513, properties or Properties())


def test_a_message_that_needs_no_acknowledgement_has_no_packet_id() -> None:
    (packet,) = Framing().packets(framing.publish("t", b"x", qos=0, retain=False, packet_id=9, properties=None))
    assert (packet.head, packet.body) == (b"\x30\x04", b"\x00\x01tx")


def test_pieces_of_any_size_give_the_same_packets() -> None:
    chance = random.Random(1)
    sent = [
        framing.publish("t", bytes(chance.choices(range(256), k=chance.choice((0, 3, 200, 20_000)))),
                        qos=1, retain=False, packet_id=number, properties=None)
        for number in range(1, 60)
    ]  # fmt: skip
    stream = b"".join([*sent, framing.puback(7), b"\xd0\x00"])
    for _ in range(30):
        framed, found, at = Framing(), [], 0
        while at < len(stream):
            piece = chance.choice((1, 2, 7, 1000, 65_536))
            found += framed.packets(stream[at : at + piece])
            at += piece
        assert b"".join(packet.head + packet.body for packet in found) == stream
        assert [packet.kind for packet in found] == [3] * len(sent) + [4, 13]


@pytest.mark.parametrize(
    ("body", "said"), [(b"\x01\x02", (258, 0)), (b"\x00\x07\x10", (7, 16)), (b"\x00\x07\x87\x00", (7, 135))]
)
def test_an_acknowledgement_says_which_and_how(body: bytes, said: tuple[int, int]) -> None:
    assert framing.puback_of(body) == said


def test_what_is_no_mqtt_is_refused() -> None:
    with pytest.raises(Malformed):
        Framing().packets(b"\x32\xff\xff\xff\xff\x01")
    with pytest.raises(Malformed):
        framing.puback_of(b"\x01")


@pytest.mark.parametrize("topic", ["b/answer/+", "b/#", "b/\0", "x" * 70_000, "b/\ud800"])
def test_a_topic_that_would_end_the_connection_is_not_packed(topic: str) -> None:
    with pytest.raises((ValueError, OverflowError)):
        framing.publish(topic, b"", qos=1, retain=False, packet_id=1, properties=None)
