"""Commands for one load: accepted in every documented form, refused with the documented error, never half done."""

from __future__ import annotations

from typing import Any

import pytest

from shared.contracts import load_topics as topics
from shared.contracts.loads import ChangeLoad, ControlLoad, PingLoad, SetHvacGroup, SetLoad, TargetState
from shared.errors import Invalid, NotFound, TooLarge
from tests.support.loads import LoadRig


@pytest.mark.parametrize(
    ("load", "sent", "reported"),
    [
        (1, {"bri": 5000}, {"bri": 5000}),
        (1, {"target": {"bri": 4000}}, {"bri": 4000}),
        (2, {"text": "ON"}, {"bri": 10000}),
        (1, {"text": "50%"}, {"bri": 5000}),
        (6, {"bri": 100, "ct": 2700}, {"bri": 100, "ct": 2700}),
        (7, {"bri": 100, "red": 1, "green": 2, "blue": 3, "white": 4}, {"red": 1, "blue": 3}),
    ],
)
async def test_a_light_becomes_what_it_is_told(
    rig: LoadRig, load: int, sent: dict[str, Any], reported: dict[str, Any]
) -> None:
    await rig.bus.send(topics.LOAD_SET, _encoded(sent), load=str(load))
    await rig.clock.advance(3)
    await rig.reports(load, **reported)
    assert rig.bus.last(topics.LOAD_STATE, load=str(load)).bri == rig.state(load)["bri"]


async def test_a_blind_travels_and_stops_at_its_button(rig: LoadRig) -> None:
    await rig.bus.send(topics.LOAD_SET, _encoded({"level": 10000}), load="4")
    await rig.clock.advance(5)
    await rig.reports(4, moving="down")
    answer = await rig.ask(topics.COMMAND_LOAD, ControlLoad(load=4, button="stop"))
    assert answer.load == 4
    await rig.clock.advance(1)
    await rig.reports(4, moving="stop")
    assert 1000 < rig.state(4)["level"] < 5000


async def test_a_dimmer_fades_from_press_to_release(rig: LoadRig) -> None:
    await rig.ask(topics.COMMAND_LOAD, ControlLoad(load=1, button="up", event="press"))
    await rig.clock.advance(1)
    await rig.ask(topics.COMMAND_LOAD, ControlLoad(load=1, button="up", event="release"))
    await rig.clock.advance(2)
    assert 0 < rig.state(1)["bri"] < 10000
    before = rig.state(1)["bri"]
    await rig.clock.advance(2)
    assert rig.state(1)["bri"] == before


async def test_the_answer_says_what_a_press_means_for_the_load(rig: LoadRig) -> None:
    answer = await rig.ask(topics.COMMAND_LOAD, ControlLoad(load=2, button="toggle"))
    assert answer.target == TargetState(bri=10000)


async def test_an_hvac_group_gets_its_temperatures(rig: LoadRig) -> None:
    answer = await rig.ask(topics.SET_HVAC_GROUP, SetHvacGroup(group=1, target_temperature=24))
    assert answer.target == TargetState(target_temperature=24)
    await rig.clock.advance(1)
    await rig.reports(11, target_temperature=24)
    assert rig.bus.last(topics.HVAC_GROUP_STATE, group="1").target_temperature == 24


@pytest.mark.parametrize(
    ("request_", "error", "code"),
    [
        (SetLoad(load=99, bri=1), NotFound, "no_such_load"),
        (SetLoad(load=-1, bri=1), NotFound, "no_such_load"),
        (SetLoad(load=2, level=1), Invalid, "wrong_attribute"),
        (SetLoad(load=1, bri=10001), Invalid, "out_of_range"),
        (SetLoad(load=1, bri=-1), Invalid, "out_of_range"),
        (SetLoad(load=1), Invalid, "no_attribute"),
        (SetLoad(load=11, bri=1), Invalid, "wrong_attribute"),
        (SetLoad(load=1, text="sideways"), Invalid, "unknown_word"),
        (ControlLoad(load=1, button="sideways"), Invalid, "no_such_button"),
        (ControlLoad(load=1, button="up", event="hold"), Invalid, "no_such_event"),
        (ControlLoad(load=11, button="up"), Invalid, "wrong_attribute"),
        (PingLoad(load=1, time_ms=1), Invalid, "out_of_range"),
        (ChangeLoad(load=1, kind=999), Invalid, "out_of_range"),
        (ChangeLoad(load=1, room=2**40), Invalid, "out_of_range"),
        (ChangeLoad(load=1, name="x" * 1000), TooLarge, "too_long"),
    ],
)
async def test_nonsense_is_refused_and_changes_nothing(
    rig: LoadRig, request_: Any, error: type[Exception], code: str
) -> None:
    states = {load.id: load.state for load in rig.controller.loads}
    with pytest.raises(error) as refused:
        await rig.ask(topics.COMMAND_LOAD, request_)
    assert refused.value.code == code  # type: ignore[attr-defined]
    await rig.clock.advance(5)
    assert {load.id: load.state for load in rig.controller.loads} == states


async def test_a_refused_command_without_an_asker_is_told_as_an_event(rig: LoadRig) -> None:
    await rig.bus.send(topics.LOAD_SET, _encoded({"bri": 99999}), load="1")
    [told] = await rig.events("command_refused")
    assert (told["load"], told["code"]) == ("1", "out_of_range")


async def test_a_load_is_renamed_and_moved_to_another_room(rig: LoadRig) -> None:
    answer = await rig.ask(topics.COMMAND_LOAD, ChangeLoad(load=1, name="Chandelier", room=None))
    assert (answer.info.name, answer.info.room, answer.info.kind) == ("Chandelier", None, 0)
    published = rig.bus.last(topics.LOAD_INFO, load="1")
    assert (published.name, published.room, published.owner) == ("Chandelier", None, rig.controller.owner)


async def test_a_command_that_had_no_effect_is_told_as_an_event(rig: LoadRig) -> None:
    rig.drivers.virtual.fault(2, "unreachable")
    await rig.ask(topics.COMMAND_LOAD, SetLoad(load=2, bri=10000))
    await rig.clock.advance(20)
    told = await rig.event("load_command_failed")
    assert told["receipt"]["outcome"] == "unreachable"


async def test_a_load_that_goes_away_is_offline_and_comes_back(rig: LoadRig) -> None:
    assert rig.bus.last(topics.LOAD_AVAILABLE, load="2") == "online"
    rig.drivers.virtual.fault(2, "unreachable")
    await rig.ask(topics.COMMAND_LOAD, SetLoad(load=2, bri=10000))
    await rig.clock.advance(10)
    assert rig.bus.last(topics.LOAD_AVAILABLE, load="2") == "offline"
    rig.drivers.virtual.fault(2, "")
    await rig.clock.advance(1)
    assert rig.bus.last(topics.LOAD_AVAILABLE, load="2") == "online"


def _encoded(sent: dict[str, Any]) -> SetLoad:
    target = sent.pop("target", None)
    return SetLoad(**sent, target=TargetState(**target) if target else None)
