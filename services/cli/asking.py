"""One question to a service over MQTT, from a client that comes, asks and goes."""

from __future__ import annotations

import asyncio
import getpass
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import aiomqtt
import msgspec

from services.cli.exits import CommandError, Exit
from services.cli.probes import BrokerAddress
from services.cli.watch import client_of
from shared.contracts import topics
from shared.contracts.messages import Answer, Caller
from shared.contracts.topics import Topic
from shared.errors import raised_from
from shared.identifiers import new_id

WITHIN = 5.0  # seconds for an answer
QUIET = 0.3  # seconds without another retained message


@asynccontextmanager
async def connected(address: BrokerAddress) -> AsyncIterator[aiomqtt.Client]:
    """A client on the broker. Raises `CommandError` when it cannot be reached."""
    try:
        async with client_of(address) as client:
            yield client
    except aiomqtt.MqttError as error:
        where = f"{address.host}:{address.port}"
        raise CommandError(f"the broker at {where} cannot be reached ({error})", Exit.NOT_REACHABLE) from None


async def ask(client: aiomqtt.Client, base: str, topic: Topic, request: Any) -> Any:
    """The answer as `topic.answer`. Raises `CommandError` for a refusal and when nobody answers."""
    number = new_id()
    reply_to = topics.ANSWER.build(base, client=f"cli-{number}")
    asked = msgspec.structs.replace(
        request,
        id=number,
        time=datetime.now(UTC),
        expires_at=datetime.now(UTC) + timedelta(seconds=WITHIN),
        reply_to=reply_to,
        caller=Caller(name=getpass.getuser(), via="cli", role="admin"),
    )
    await client.subscribe(reply_to, qos=1)
    await client.publish(topic.build(base), msgspec.json.encode(asked), qos=1)
    try:
        async with asyncio.timeout(WITHIN):
            async for message in client.messages:
                if str(message.topic) == reply_to:
                    return _answered(bytes(message.payload), topic)
    except TimeoutError:
        raise CommandError("nobody answered; is `jobwire up` running?", Exit.TIMED_OUT) from None
    raise CommandError("the connection to the broker ended", Exit.NOT_REACHABLE)


def _answered(payload: bytes, topic: Topic) -> Any:
    answer = msgspec.json.decode(payload, type=Answer)
    if answer.error is not None:
        raise CommandError(raised_from(answer.error).message, Exit.REFUSED)
    return msgspec.json.decode(answer.ok, type=topic.answer)


async def retained(client: aiomqtt.Client, *filters: str) -> dict[str, bytes]:
    """What the broker keeps for these filters."""
    found: dict[str, bytes] = {}
    for each in filters:
        await client.subscribe(each, qos=1)
    messages = aiter(client.messages)
    try:
        while True:
            message = await asyncio.wait_for(anext(messages), QUIET)
            found[str(message.topic)] = bytes(message.payload)
    except TimeoutError:
        return {topic: payload for topic, payload in found.items() if payload}
