"""Questions over a raw socket: their bytes, and what counts as an answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from services.cli.probes import BrokerAddress, broker_answers, connect_packet, http_get


@asynccontextmanager
async def answering(answer: bytes) -> AsyncIterator[int]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1000)
        writer.write(answer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


def test_the_connect_packet_is_mqtt_5_with_name_and_password() -> None:
    assert connect_packet(None, None) == b"\x10\x0d\x00\x04MQTT\x05\x02\x00\x0a\x00\x00\x00"
    assert connect_packet("u", "p") == b"\x10\x13\x00\x04MQTT\x05\xc2\x00\x0a\x00\x00\x00\x00\x01u\x00\x01p"


def test_a_long_password_makes_a_length_of_two_bytes() -> None:
    packet = connect_packet("u", "p" * 200)
    assert (packet[1] & 0x7F) + (packet[2] << 7) == len(packet) - 3


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("mqtt://host", BrokerAddress("host", 1883)),
        ("mqtts://u:p%40w@host", BrokerAddress("host", 8883, "u", "p@w", True)),
        ("mqtt://[::1]:1999", BrokerAddress("::1", 1999)),
    ],
)
def test_an_address_is_read_from_its_url(url: str, expected: BrokerAddress) -> None:
    assert BrokerAddress.parse(url) == expected


@pytest.mark.parametrize(("answer", "code"), [(b"\x20\x03\x00\x00\x00", 0), (b"\x20\x02\x00\x05", 5)])
async def test_the_reason_code_of_a_connack_is_told(answer: bytes, code: int) -> None:
    async with answering(answer) as port:
        assert await broker_answers(BrokerAddress("127.0.0.1", port)) == code


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 400 Bad Request\r\n"])
async def test_an_open_port_that_is_no_broker_is_not_taken_for_one(answer: bytes) -> None:
    async with answering(answer) as port:
        with pytest.raises(ConnectionError):
            await broker_answers(BrokerAddress("127.0.0.1", port))


async def test_a_page_is_read_with_its_status() -> None:
    async with answering(b"HTTP/1.1 503 Service Unavailable\r\nX: y\r\n\r\nno broker") as port:
        assert await http_get("127.0.0.1", port, "/readyz") == (503, "no broker")
