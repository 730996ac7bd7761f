"""Our PUBLISH codec against paho's, which is the independent witness."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties as PahoProperties

from shared.bus.packets import Incoming, publish_of
from shared.bus.properties import NO_PROPERTIES, Properties, read

text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=200)
some = st.builds(
    Properties,
    expiry=st.none() | st.integers(0, 0xFFFFFFFF),
    reply_to=st.none() | text,
    correlation=st.none() | st.binary(max_size=300),
    content_type=st.none() | text,
    user=st.lists(st.tuples(text, text), max_size=5).map(tuple),
)
NAMES = {
    "MessageExpiryInterval": "expiry",
    "ResponseTopic": "reply_to",
    "CorrelationData": "correlation",
    "ContentType": "content_type",
}


@given(some)
def test_paho_reads_what_we_pack(properties):
    theirs = PahoProperties(PacketTypes.PUBLISH)
    theirs.unpack(properties.pack())
    given_values = {ours: getattr(theirs, name, None) for name, ours in NAMES.items()}
    assert given_values == {ours: getattr(properties, ours) for ours in NAMES.values()}
    assert tuple(getattr(theirs, "UserProperty", ())) == properties.user


@given(some, st.binary(max_size=50), st.integers(0, 20))
def test_we_read_what_paho_packs(properties, payload, offset):
    theirs = PahoProperties(PacketTypes.PUBLISH)
    for name, ours in NAMES.items():
        if getattr(properties, ours) is not None:
            setattr(theirs, name, getattr(properties, ours))
    for pair in properties.user:
        theirs.UserProperty = pair
    theirs.PayloadFormatIndicator = 1
    theirs.SubscriptionIdentifier = 300
    theirs.TopicAlias = 5
    data = b"x" * offset + theirs.pack() + payload
    found, at = read(data, offset)
    assert found == properties
    assert data[at:] == payload


@given(st.binary(max_size=100))
def test_garbage_is_a_value_error_or_something_readable(data):
    try:
        properties, at = read(data, 0)
    except ValueError:
        return
    assert isinstance(properties, Properties)
    assert at <= len(data)


def test_no_properties_are_one_byte():
    assert NO_PROPERTIES.pack() == b"\x00"


def test_a_publish_is_taken_apart():
    packet = b"\x00\x03a/b" + b"\x01\x02" + b"\x00" + b"hello"
    assert publish_of(0x3B, packet, mqtt5=True) == Incoming(
        "a/b", b"hello", qos=1, retained=True, repeated=True, packet_id=258
    )
    assert publish_of(0x30, b"\x00\x01a", mqtt5=False) == Incoming("a", b"", qos=0)


@pytest.mark.parametrize("packet", [b"", b"\x00\x09ab", b"\x00\x01a\x00", b"\x00\x01a\x00\x01\x05"])
def test_a_publish_that_is_cut_is_malformed(packet):
    with pytest.raises(ValueError, match=r"malformed|longer"):
        publish_of(0x32, packet, mqtt5=True)


@given(st.integers(0, 255), st.binary(max_size=60), st.booleans())
def test_no_packet_raises_anything_else(header, packet, mqtt5):
    try:
        publish_of(header, packet, mqtt5)
    except ValueError:
        return
