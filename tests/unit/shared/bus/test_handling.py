"""What a handler may do and may not: act once, be tried again, fail without hurting anybody."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta

import msgspec
import pytest

from shared.bus.codec import Reader, Undecodable
from shared.bus.counters import Counters
from shared.bus.delivery import NOT_MINE, delivery_of, refusal
from shared.bus.handling import ATTEMPTS, DEAD_PAYLOAD, Handling
from shared.bus.outgoing import Entry
from shared.bus.packets import Incoming
from shared.bus.properties import Properties
from shared.bus.registry import Registry
from shared.contracts import topics
from shared.contracts.messages import Caller, Message
from shared.contracts.printers import CommandDone, StartPrint
from shared.errors import Conflict, Unavailable
from shared.trace import current
from tests.support.clock import ManualClock, settle

ANSWERS = "jobwire/answer/me"


class Sent(list[Entry]):
    """An outgoing queue that only collects."""

    offer = list.append

    def bodies(self, name: str) -> list[dict]:
        return [msgspec.json.decode(entry.payload) for entry in self if entry.topic == name]


class Bench:
    """A `Handling` with a handler that does what the test says."""

    def __init__(self, *outcomes, commands=True) -> None:
        self.clock, self.sent, self.counters = ManualClock(), Sent(), Counters()
        self.calls = 0
        self._outcomes = list(outcomes)
        self.handling = Handling(self.sent, base="jobwire", service="test", clock=self.clock, counters=self.counters)
        registry = Registry("jobwire")
        self.registration = registry.add(topics.PRINTER_SET, self.act, levels={}, lane=None, commands=commands)

    async def act(self, _):
        self.calls += 1
        outcome = self._outcomes.pop(0) if len(self._outcomes) > 1 else self._outcomes[0]
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    async def handle(self, message=None, *, waited=False, **incoming) -> None:
        message = message or StartPrint(id="1", correlation_id="c", reply_to=ANSWERS)
        what = Incoming("jobwire/printer/p1/set", msgspec.json.encode(message), **incoming)
        delivery = delivery_of(topics.PRINTER_SET, {"printer": "p1"}, what, message, waited=waited)
        handling = asyncio.ensure_future(self.handling.handle(self.registration, delivery))
        while not handling.done():
            await settle()
            await self.clock.advance(10)
        await handling

    @property
    def answers(self) -> list[dict]:
        return self.sent.bodies(ANSWERS)

    @property
    def told(self) -> list[dict]:
        return [event["data"] for event in self.sent.bodies("jobwire/event/test/command_refused")]

    @property
    def dead(self) -> list[dict]:
        return self.sent.bodies("jobwire/dead/test")


async def test_the_answer_goes_to_who_asked_with_its_correlation():
    bench = Bench(CommandDone(run="r1"))
    await bench.handle()
    assert bench.answers == [{"id": "1", "correlation_id": "c", "ok": {"run": "r1"}}]
    assert bench.sent[0].properties.correlation == b"c"
    assert bench.dead == []


@pytest.mark.parametrize(("outcome", "answers"), [(None, 1), (NOT_MINE, 0)])
async def test_nothing_to_say_is_an_empty_answer_and_not_mine_is_silence(outcome, answers):
    bench = Bench(outcome)
    await bench.handle()
    assert [answer["ok"] for answer in bench.answers] == [{}] * answers


async def test_a_refusal_is_answered_and_not_a_dead_letter():
    bench = Bench(Conflict("not now", code="printing"))
    await bench.handle()
    assert bench.answers[0]["error"] == {"kind": "conflict", "code": "printing", "message": "not now"}
    assert (bench.calls, bench.dead) == (1, [])


async def test_a_command_that_never_acts_is_told_to_everybody_with_a_plain_reason_and_who_asked():
    bench = Bench(CommandDone())
    late = bench.clock.now() - timedelta(seconds=12)
    await bench.handle(StartPrint(expires_at=late, caller=Caller(name="ann", via="octoprint", role="viewer")))
    await bench.handle(StartPrint(), retained=True)
    assert bench.told == [
        {
            "printer": "p1",
            "command": "start",
            "code": "expired",
            "message": "expired 12 s ago",
            "caller": {"name": "ann", "via": "octoprint", "role": "viewer"},
        },
        {
            "printer": "p1",
            "command": "start",
            "code": "retained",
            "message": "retained commands never act; publish without -r",
            "caller": {"name": "mqtt", "via": "mqtt", "role": None},
        },
    ]


@pytest.mark.parametrize(
    ("topic", "payload", "told"),
    [
        (topics.PRINTER_SET, b"fly", ("fly", "unknown command 'fly'")),
        (topics.PRINTER_SET, b'{"command":"select"}', ("select", "`path` is missing")),
        (topics.PRINTER_SET, b"{pause", ("", "not JSON")),
        (topics.ADD_FILE, b"{}", ("add_file", "`name` is missing")),
        (topics.COMMAND_PRINTER, b'{"command":"select"}', ("select", "`path` is missing")),
    ],
)
async def test_what_cannot_be_understood_is_told_to_everybody_by_its_documented_name(topic, payload, told):
    bench, levels = Bench(None), {"printer": "p1"} if topic is topics.PRINTER_SET else {}
    with pytest.raises(Undecodable) as wrong:
        Reader(topic, lenient=True).read(payload)
    delivery = delivery_of(topic, levels, Incoming(topic.template, payload), None)
    bench.handling.undecodable(delivery, str(wrong.value), answer=True)
    assert (bench.told[0]["command"], bench.told[0]["code"]) == (told[0], "undecodable")
    assert bench.told[0]["message"].startswith(told[1])


async def test_a_question_that_is_answered_is_no_event():
    bench = Bench(None)
    asked = delivery_of(topics.ADD_FILE, {}, Incoming("t", b"{}"), Message(reply_to=ANSWERS))
    bench.handling.undecodable(asked, "`name` is missing", answer=True)
    assert (bench.told, len(bench.answers)) == ([], 1)


async def test_what_is_unavailable_is_tried_again_and_then_done():
    bench = Bench(Unavailable("locked"), Unavailable("locked"), CommandDone())
    await bench.handle()
    assert bench.calls == 3
    assert "ok" in bench.answers[0]


async def test_what_stays_unavailable_is_answered_and_buried_after_a_bounded_number_of_tries():
    bench = Bench(Unavailable("locked"))
    await bench.handle()
    assert bench.calls == ATTEMPTS
    assert bench.answers[0]["error"]["kind"] == "unavailable"
    assert bench.dead[0]["reason"] == "unavailable: locked"
    assert [told["message"] for told in bench.told] == ["locked"]


async def test_a_retry_does_not_go_on_after_the_command_has_expired():
    bench = Bench(Unavailable("locked"))
    message = StartPrint(id="1", reply_to=ANSWERS, expires_at=bench.clock.now() - timedelta(seconds=0.99))
    await bench.handle(message)
    assert bench.calls == 1


async def test_a_broken_handler_is_one_line_a_dead_letter_and_an_answer_without_its_secrets(caplog):
    caplog.set_level(logging.WARNING)
    bench = Bench(KeyError("secret\nsecond line"))
    await bench.handle()
    assert bench.answers[0]["error"] == {"kind": "broken", "code": "broken", "message": "the handler failed"}
    assert len(bench.dead) == 1
    assert len(caplog.records) == 1
    assert caplog.records[0].exc_info is None
    assert "\n" not in caplog.records[0].getMessage()


async def test_an_answer_that_cannot_be_encoded_is_broken_too():
    bench = Bench(object())
    await bench.handle()
    assert bench.answers[0]["error"]["kind"] == "broken"


async def test_a_failed_event_is_buried_and_answered_to_nobody():
    bench = Bench(Conflict("cannot be"), commands=False)
    await bench.handle()
    assert bench.answers == []
    assert bench.dead[0]["reason"] == "conflict: cannot be"


@pytest.mark.parametrize(
    ("change", "incoming", "waited", "reason"),
    [
        ({}, {"retained": True}, False, "retained"),
        ({"expires_at": -1.5}, {}, False, "expired"),
        ({}, {}, True, "waited"),
    ],
)
async def test_what_is_retained_expired_or_of_unknown_age_does_not_act(change, incoming, waited, reason):
    bench = Bench(CommandDone())
    if change:
        change = {"expires_at": bench.clock.now() + timedelta(seconds=change["expires_at"])}
    message = msgspec.structs.replace(StartPrint(id="1", correlation_id="c", reply_to=ANSWERS), **change)
    await bench.handle(message, waited=waited, **incoming)
    assert bench.calls == 0
    assert bench.answers[0]["error"]["kind"] == "expired"
    assert (bench.dead[0]["reason"], bench.dead[0]["id"]) == (reason, "1")
    assert bench.counters[f"dropped.{reason}"] == 1
    assert bench.told[0]["code"] == reason
    assert bench.told[0]["message"] == bench.answers[0]["error"]["message"]


@pytest.mark.parametrize(
    ("expires_in", "waited", "reason"), [(-1.0, True, None), (-1.001, False, "expired"), (5, True, None)]
)
def test_a_second_of_clock_error_is_forgiven(expires_in, waited, reason):
    now = ManualClock().now()
    message = StartPrint(expires_at=now + timedelta(seconds=expires_in))
    delivery = delivery_of(topics.PRINTER_SET, {}, Incoming("t", b""), message, waited=waited)
    assert refusal(delivery, now) == reason


def test_a_time_without_zone_is_taken_as_utc():
    message = StartPrint(expires_at=ManualClock().now().replace(tzinfo=None))
    delivery = delivery_of(topics.PRINTER_SET, {}, Incoming("t", b""), message)
    assert delivery.expires_at == ManualClock().now()


@pytest.mark.parametrize(
    "name", ["jobwire/printer/p1/set", "other/answer/me", "jobwire/answer/a/b", "jobwire/answer/", "$SYS/x"]
)
async def test_a_reply_topic_elsewhere_is_not_answered_and_said_in_a_dead_letter(name):
    bench = Bench(CommandDone())
    await bench.handle(StartPrint(reply_to=name))
    assert bench.calls == 1
    assert [entry.topic for entry in bench.sent] == ["jobwire/dead/test"]


async def test_mqtt_5_properties_stand_in_for_what_the_json_leaves_out():
    bench = Bench(CommandDone())
    properties = Properties(reply_to=ANSWERS, correlation=b"\xff\x00", user=(("id", "7"),))
    await bench.handle(StartPrint(), properties=properties)
    assert bench.sent[0].properties.correlation == b"\xff\x00"
    assert bench.answers[0]["id"] == "7"


async def test_a_dead_letter_is_cut_and_never_buried_itself():
    bench = Bench(None)
    bench.handling.bury("jobwire/x", b"\xff" * 10_000, "why", None)
    bench.handling.bury("jobwire/dead/test", b"{", "why", None)
    assert len(bench.dead) == 1
    assert len(bench.dead[0]["payload"]) == DEAD_PAYLOAD


async def test_a_handler_works_within_the_trace_of_its_message():
    seen = []

    async def look(_):
        seen.append(current.get())

    bench = Bench(None)
    bench.registration.__dict__["handler"] = look
    await bench.handle(StartPrint(traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"))
    assert seen[0].trace_id == "0af7651916cd43dd8448eb211c80319c"
    assert seen[0].span_id != "b7ad6b7169203331"
    assert current.get() is None
