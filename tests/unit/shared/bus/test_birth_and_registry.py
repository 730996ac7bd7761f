"""Birth publishes again what this process stands for; the registry finds handlers and subscribes each topic once."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest

from shared.bus.birth import Birth, Identity
from shared.bus.counters import Counters
from shared.bus.link import next_attempt, pause_before
from shared.bus.outgoing import Entry, Outgoing
from shared.bus.registry import Registry
from shared.contracts import topics
from shared.contracts.messages import Presence
from shared.errors import Invalid, Unavailable
from tests.support.clock import ManualClock


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def birth(clock):
    return Birth(Identity("jobwire", "test", "one", "1", "boot"), clock=clock, counters=Counters())


@pytest.fixture
def outgoing(clock):
    return Outgoing(monotonic=clock.monotonic, counters=Counters())


def waiting(outgoing) -> dict[str, bytes]:
    return {entry.topic: entry.payload for entry in outgoing._waiting}


async def test_birth_publishes_the_newest_values_that_the_callbacks_did_not(birth, outgoing):
    for name, value in (("a", b"old"), ("a", b"new"), ("b", b"1"), ("c", b"1"), ("d", b"1")):
        birth.remembered.note(Entry(name, value, retain=True))
    birth.remembered.connected()

    async def born(session_present):
        birth.remembered.note(Entry("b", b"2", retain=True))

    birth.on_birth(born)
    birth.remembered.note(Entry("c", b""))
    birth.remembered.forget("d")
    await birth.give(outgoing, session_present=False)
    assert waiting(outgoing) == {"a": b"new"}
    assert all(entry.retain for entry in outgoing._waiting)


async def test_a_value_that_has_expired_is_not_published_again(birth, outgoing, clock):
    birth.remembered.note(Entry("a", b"1", retain=True, expires=clock.monotonic() + 5))
    birth.remembered.connected()
    await clock.advance(6)
    await birth.give(outgoing, session_present=True)
    assert waiting(outgoing) == {}


async def test_a_callback_that_fails_is_tried_again_and_does_not_stop_the_rest(birth, outgoing):
    calls = []

    class Impatient:
        async def sleep(self, seconds):
            calls.append("waited")

    birth._clock = Impatient()

    async def fails(session_present):
        calls.append(session_present)
        raise Unavailable("not yet")

    async def works(session_present):
        calls.append("works")

    birth.on_birth(fails)
    birth.on_birth(works)
    birth.remembered.note(Entry("a", b"1", retain=True))
    birth.remembered.connected()
    await birth.give(outgoing, session_present=True)
    assert calls == [True, "waited"] * 3 + ["works"]
    assert waiting(outgoing) == {"a": b"1"}
    assert birth._counters["failed.birth"] == 1


def test_the_will_says_lost_in_the_same_place_as_online(birth):
    will, online = birth.will(), birth.presence("online", "MQTT 5")
    assert will.topic == online.topic == "jobwire/service/test/one"
    assert online.retain
    assert msgspec.json.decode(will.payload)["state"] == "lost"


@pytest.mark.parametrize(
    ("boot_id", "state", "later", "rival"),
    [
        ("boot", "online", 5, False),
        ("other", "online", 5, True),
        ("other", "lost", 5, True),
        ("other", "offline", 5, False),
        ("other", "lost", -5, False),
    ],
)
def test_only_a_younger_process_with_our_name_is_a_rival(birth, clock, boot_id, state, later, rival):
    since = clock.now() + timedelta(seconds=later)
    assert birth.is_rival(Presence(state=state, version="1", boot_id=boot_id, since=since)) is rival


async def handler(_):
    return None


def registry_with(*wanted):
    registry = Registry("jobwire")
    for topic, levels, commands in wanted:
        registry.add(topic, handler, levels=levels, lane=None, commands=commands)
    return registry


def test_a_message_finds_all_its_handlers_and_no_other():
    registry = registry_with(
        (topics.PRINTER_STATE, {}, False),
        (topics.PRINTER_STATE, {"printer": "p1"}, False),
        (topics.PRINTER_JOB, {}, False),
    )
    assert [match.levels for match in registry.match("jobwire/printer/p1/state")] == [{"printer": "p1"}] * 2
    assert len(registry.match("jobwire/printer/p2/state")) == 1
    assert registry.match("jobwire/printer/p2/unknown") == []
    assert registry.match("other/printer/p1/state") == []


def test_a_covered_filter_is_not_subscribed_twice():
    registry = registry_with(
        (topics.PRINTER_STATE, {"printer": "p1"}, False),
        (topics.PRINTER_STATE, {}, False),
        (topics.PRINTER_STATE, {}, False),
        (topics.PRINTER_SET, {"printer": "p1"}, True),
    )
    wanted = [(one.filter, one.commands) for one in registry.subscriptions()]
    assert wanted == [("jobwire/printer/+/state", False), ("jobwire/printer/p1/set", True)]


def test_a_handler_added_later_is_found_too():
    registry = registry_with()
    assert registry.match("jobwire/printer/p1/state") == []
    registry.add(topics.PRINTER_STATE, handler, levels={}, lane=None, commands=False)
    assert len(registry.match("jobwire/printer/p1/state")) == 1


@pytest.mark.parametrize("levels", [{"printer": "#"}, {"printer": "a/b"}, {"printer": ""}, {"prnter": "p1"}])
def test_levels_with_wildcards_or_that_the_topic_does_not_have_are_refused(levels):
    with pytest.raises(Invalid):
        registry_with((topics.PRINTER_STATE, levels, False))


def test_pauses_grow_to_30_seconds_are_spread_and_begin_short():
    assert [pause_before(attempt, 0.0) for attempt in (0, 5, 1000)] == [0.2] * 3
    longest = [pause_before(attempt, 1.0) for attempt in range(40)]
    assert longest[0] == pytest.approx(0.4)
    assert longest == sorted(longest)
    assert longest[-1] == 30.0
    # A broker that was away for five seconds is found again within five: the pause is never longer than the outage.
    for attempt in range(1, 10):
        assert longest[attempt] < sum(longest[:attempt]) / 2 + 0.6


def test_only_a_rival_makes_the_pauses_between_working_connections_grow():
    attempts = {"good": 7, "short": 0, "rival": 0}
    for _ in range(20):
        attempts["good"] = next_attempt(attempts["good"], lived=60, rival=False)
        attempts["short"] = next_attempt(attempts["short"], lived=0.5, rival=False)
        attempts["rival"] = next_attempt(attempts["rival"], lived=60, rival=True)
    assert attempts == {"good": 0, "short": 2, "rival": 20}
