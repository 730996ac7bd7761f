"""Connections end and come back: order, retained state, presence, and other clients with our name."""

from __future__ import annotations

import asyncio
import logging
import random

import msgspec
import pytest

from shared.bus import Delivery
from shared.contracts import topics
from shared.contracts.messages import Event
from shared.contracts.printers import CommandDone, StartPrint
from shared.errors import OutcomeUnknown, Unavailable


async def retained(client, name: str) -> bytes | None:
    """The retained value of one topic as a new subscriber gets it."""
    await client.subscribe(name, qos=1)
    try:
        async with asyncio.timeout(2):
            async for message in client.messages:
                return bytes(message.payload)
    except TimeoutError:
        return None


async def test_messages_of_one_topic_come_in_order(broker, make_bus, eventually):
    sender, receiver = make_bus(broker, "sender"), make_bus(broker, "receiver")
    seen: dict[str, list[int]] = {"a": [], "b": [], "c": []}

    async def note(delivery: Delivery) -> None:
        await asyncio.sleep(random.random() * 0.001)
        seen[delivery.levels["name"]].append(delivery.message.data["number"])

    receiver.follow(topics.EVENT, note)
    await make_bus.start(sender, receiver)

    async def send(name: str) -> None:
        for number in range(300):
            event = Event(id=f"{name}{number}", type="counted", source="test", time=sender._clock.now(),
                          data={"number": number})  # fmt: skip
            await sender.publish(topics.EVENT, event, service="sender", name=name)

    await asyncio.gather(*(send(name) for name in seen))
    await eventually(lambda: all(len(numbers) == 300 for numbers in seen.values()))
    assert all(numbers == list(range(300)) for numbers in seen.values())


async def test_state_is_there_again_after_the_broker_forgot_it(killable, base, make_bus, outsider, eventually):
    owner = make_bus(killable, "owner")
    births: list[bool] = []

    async def born(session_present: bool) -> None:
        births.append(session_present)
        await owner.publish(topics.PRINTER_AVAILABLE, "online", printer="p2")

    owner.on_birth(born)
    await make_bus.start(owner)
    owner.publish_latest(topics.PRINTER_AVAILABLE, "online", printer="p1")
    await owner.publish(topics.PRINTER_AVAILABLE, "online", printer="p3")
    async with outsider(killable) as client:
        for printer in ("p1", "p2", "p3"):
            await client.publish(f"{base}/printer/{printer}/available", b"", qos=1, retain=True)
        await client.publish(f"{base}/service/owner/one", b"", qos=1, retain=True)
    await asyncio.to_thread(killable.kill)
    await eventually(lambda: not owner.connected)
    for step in ("offline", "still offline", "ready"):
        owner.publish_latest(topics.PRINTER_AVAILABLE, step, printer="p1")
    await asyncio.to_thread(killable.restart)
    await owner.wait_connected(5)
    await eventually(lambda: len(births) == 2 and owner.gauges()["waiting"] == 0)
    async with outsider(killable) as client:
        assert await retained(client, f"{base}/printer/p1/available") == b"ready"
        assert await retained(client, f"{base}/printer/p2/available") == b"online"
        assert await retained(client, f"{base}/printer/p3/available") == b"online"
        presence = await retained(client, f"{base}/service/owner/one")
    assert presence is not None
    assert msgspec.json.decode(presence)["state"] == "online"


async def test_a_clean_end_is_shown_as_offline(broker, base, make_bus, outsider):
    bus = make_bus(broker, "owner")
    await make_bus.start(bus)
    await bus.close()
    async with outsider(broker) as client:
        presence = await retained(client, f"{base}/service/owner/one")
    assert presence is not None
    assert msgspec.json.decode(presence)["state"] == "offline"


async def test_two_processes_with_one_name_do_not_throw_each_other_out_for_ever(broker, make_bus, caplog):
    caplog.set_level(logging.WARNING)
    older, younger = make_bus(broker, "same"), make_bus(broker, "same")
    await make_bus.start(older)
    await make_bus.start(younger)
    await asyncio.sleep(5)
    thrown_out = older.counters["reconnects"] + younger.counters["reconnects"]
    assert 1 <= thrown_out <= 24
    assert "another process is connected as" in caplog.text


async def test_a_publish_waits_for_the_broker_to_come_back(killable, make_bus, eventually):
    sender, receiver = make_bus(killable, "sender"), make_bus(killable, "receiver")
    seen: list[str] = []

    async def note(delivery: Delivery) -> None:
        seen.append(delivery.message)

    receiver.follow(topics.PRINTER_AVAILABLE, note)
    await make_bus.start(sender, receiver)
    await asyncio.to_thread(killable.kill)
    await eventually(lambda: not sender.connected)
    with pytest.raises(Unavailable):
        await sender.publish(topics.PRINTER_AVAILABLE, "given up", within=0.2, printer="p1")
    with pytest.raises(Unavailable):
        await sender.ask(topics.COMMAND_PRINTER, StartPrint())
    publishing = asyncio.create_task(sender.publish(topics.PRINTER_AVAILABLE, "online", printer="p2"))
    await asyncio.to_thread(killable.restart)
    await publishing
    await eventually(lambda: "online" in seen)


async def test_a_frozen_broker_leaves_outcomes_unknown_and_nothing_hangs(killable, make_bus):
    asker, owner = make_bus(killable, "asker"), make_bus(killable, "owner")

    async def act(_: Delivery) -> CommandDone:
        return CommandDone()

    owner.take(topics.COMMAND_PRINTER, act)
    await make_bus.start(asker, owner)
    killable.freeze()
    try:
        with pytest.raises(OutcomeUnknown):
            await asker.ask(topics.COMMAND_PRINTER, StartPrint(), within=0.5)
        with pytest.raises(OutcomeUnknown):
            await asker.publish(topics.PRINTER_AVAILABLE, "online", within=0.5, printer="p1")
    finally:
        killable.freeze(False)
    assert await asker.ask(topics.COMMAND_PRINTER, StartPrint(), within=5) == CommandDone()
