"""Floods of malformed messages, and more than was asked for: nothing vanishes silently, good commands are answered."""

from __future__ import annotations

import asyncio
import logging
import random
import resource

from shared.bus import Delivery
from shared.contracts import topics
from shared.contracts.printers import CommandDone, StartPrint
from shared.errors import Broken

FLOOD = 10_000
KINDS = [
    lambda: random.randbytes(random.randint(65, 200)),
    lambda: b"[" * 100_000,
    lambda: b'{"command":' * 20_000,
    lambda: b'{"command":"gcode","lines":"not a list"}',
    lambda: b'{"command":"gcode","lines":[NaN]}',
    lambda: b'{"command":"connect","baudrate":1' + b"0" * 400 + b".5}",
    lambda: b'{"command":"pause","action":"\xff\xfe"}',
    lambda: b'{"command":"fly"}',
    lambda: b'{"command":"start"',
    lambda: b"\x00" * 80,
]


async def test_a_flood_of_malformed_commands_leaves_good_ones_answered(
    broker, base, make_bus, outsider, eventually, caplog
):
    caplog.set_level(logging.WARNING)
    asker, owner = make_bus(broker, "asker"), make_bus(broker, "owner")
    acted: list[Delivery] = []

    async def act(delivery: Delivery) -> CommandDone:
        acted.append(delivery)
        return CommandDone()

    owner.take(topics.PRINTER_SET, act)
    owner.take(topics.COMMAND_PRINTER, act)
    await make_bus.start(asker, owner)

    async def flood() -> None:
        async with outsider(broker) as client:
            client.pending_calls_threshold = 1000
            await client.publish(f"{base}/printer/p1/set", random.randbytes(1024 * 1024), qos=1)
            for start in range(1, FLOOD, 20):
                some = range(start, min(start + 20, FLOOD))
                await asyncio.gather(
                    *(
                        client.publish(f"{base}/printer/p{one % 7}/set", KINDS[one % len(KINDS)](), qos=1)
                        for one in some
                    )
                )

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    flooding, good = asyncio.create_task(flood()), 0
    while not flooding.done():
        assert await asker.ask(topics.COMMAND_PRINTER, StartPrint(printer="p1")) == CommandDone()
        good += 1
        await asyncio.sleep(0.02)
    await flooding
    await eventually(lambda: owner.counters["dropped.undecodable"] == FLOOD)
    assert good >= 20
    assert len(acted) == good
    assert owner.counters["dead_letters"] == FLOOD
    assert owner.counters["reconnects"] == 0
    assert len(caplog.records) < 100
    assert "Traceback" not in caplog.text
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000


async def test_a_handler_that_breaks_does_not_stop_the_others(broker, make_bus, eventually, caplog):
    caplog.set_level(logging.WARNING)
    asker, owner = make_bus(broker, "asker"), make_bus(broker, "owner")
    calls: list[str] = []

    async def act(delivery: Delivery) -> CommandDone:
        calls.append(delivery.message.printer)
        if delivery.message.printer == "broken":
            raise ZeroDivisionError("something nobody thought of")
        return CommandDone()

    owner.take(topics.COMMAND_PRINTER, act)
    await make_bus.start(asker, owner)
    answers = await asyncio.gather(
        *(asker.ask(topics.COMMAND_PRINTER, StartPrint(printer=name)) for name in ("broken", "good") * 10),
        return_exceptions=True,
    )
    assert [type(answer) for answer in answers] == [Broken, CommandDone] * 10
    assert "something nobody thought of" not in str(answers[0])
    assert owner.counters["failed.broken"] == 10
    assert "Traceback" not in caplog.text


async def test_more_messages_than_handlers_can_hold_are_all_handled(broker, make_bus, eventually):
    sender, owner = make_bus(broker, "sender"), make_bus(broker, "owner")
    handled: set[str | None] = set()
    most = 0

    async def act(delivery: Delivery) -> CommandDone:
        nonlocal most
        most = max(most, owner.gauges()["handling"])
        await asyncio.sleep(0.02)
        handled.add(delivery.id)
        return CommandDone()

    owner.take(topics.PRINTER_SET, act, lane=lambda delivery: str(delivery.id))
    await make_bus.start(sender, owner)
    for start in range(0, 1000, 20):
        await asyncio.gather(
            *(sender.publish(topics.PRINTER_SET, StartPrint(id=f"m{start + one}"), printer="p1") for one in range(20))
        )
    await eventually(lambda: len(handled) == 1000)
    assert most <= 500
