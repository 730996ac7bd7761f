"""The channel tells each listener what it may know, at its pace, and ends in order."""

from __future__ import annotations

from typing import Any

import pytest

from services.gateway.callers import accounts
from services.gateway.dialects.octoprint.push import channel as push
from services.gateway.dialects.octoprint.push import translate
from services.gateway.dialects.octoprint.push.listener import GO_AWAY, NO_ROOM, TRY_AGAIN
from shared.contracts.printers import Heater, PrinterStatus
from shared.errors import NotFound, Unavailable
from tests.support.clock import eventually, settle
from tests.support.push import happened
from tests.support.push_party import Party, heard, kinds


async def test_connected_comes_at_once_and_nothing_else_without_a_login(party: Party) -> None:
    listener = party.join()
    (message,) = heard(listener)
    assert set(message["connected"]) == {
        "branch", "config_hash", "debug", "display_version", "online", "plugin_hash", "safe_mode", "version",
    }  # fmt: skip
    assert message["connected"]["version"] == "1.11.8"
    await party.ticks(4)
    await happened(party.gateway, "print_started", {"printer": "virtual"})
    assert heard(listener) == []


async def test_connected_is_the_same_for_every_connection(party: Party) -> None:
    assert heard(party.join()) == heard(party.join())


async def test_a_login_is_answered_with_history_and_then_current(party: Party) -> None:
    listener = party.join()
    listener.drain()
    await party.say(listener, auth=party.auth)
    assert kinds(listener) == ["history", "timelapse"]
    await party.ticks()
    assert kinds(listener) == ["current"]


@pytest.mark.parametrize("auth", ["admin:wrong", "olga:{token}", "admin:", ":", "nobody:{token}"])
async def test_a_wrong_login_has_to_be_repeated(party: Party, auth: str) -> None:
    listener = party.join()
    listener.drain()
    await party.say(listener, auth=auth.format(token=party.auth.partition(":")[2]))
    assert heard(listener) == [{"reauthRequired": {"reason": "stale"}}]
    await party.ticks(3)
    assert heard(listener) == []
    await party.say(listener, auth=party.auth)
    assert kinds(listener) == ["history", "timelapse"]


async def test_a_revoked_key_silences_its_listeners_within_15_seconds(party: Party) -> None:
    listener = await party.listening()
    async with party.gateway.store.transaction() as tx:
        for key in await accounts.list_keys(tx):
            await accounts.revoke_key(tx, key.id, now=party.gateway.clock.now())
    await party.ticks(31)
    await eventually(lambda: not listener.token)
    assert kinds(listener)[-1] == "reauthRequired"
    await party.ticks(2)
    assert heard(listener) == []


async def test_a_database_that_is_away_sends_the_listener_away_to_come_again(
    party: Party, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(token: str, address: str) -> Any:
        raise Unavailable("the database is away")

    listener = party.join()
    monkeypatch.setattr(party.gateway.gateway.callers, "by_token", away)
    await party.say(listener, auth=party.auth)
    assert listener.ending is TRY_AGAIN


async def test_current_comes_every_half_second_while_the_printer_is_connected(party: Party) -> None:
    listener = await party.listening()
    for _ in range(4):
        await party.ticks()
        assert kinds(listener) == ["current"]


@pytest.mark.parametrize(("factor", "expected"), [(1, 12), (2, 6), (3, 4), (100, 1)])
async def test_a_throttle_stretches_the_half_second(party: Party, factor: int, expected: int) -> None:
    listener = await party.listening()
    await party.say(listener, throttle=factor)
    await party.ticks(200)
    listener.drain()
    count = 0
    for _ in range(12 if factor < 100 else 100):
        await party.ticks()
        count += len(kinds(listener))
    assert count == expected


async def test_a_throttled_listener_misses_no_temperature(party: Party) -> None:
    listener = await party.listening(throttle=3)
    found: list[float] = []
    for number in range(12):
        await party.gateway.owner.temperature({"tool0": Heater(actual=float(number), target=0.0)})
        await party.ticks()
        found += [point["tool0"]["actual"] for message in heard(listener) for point in message["current"]["temps"]]
    assert found == [float(number) for number in range(12)]


async def test_a_listener_that_does_not_take_its_current_gets_no_second_one(party: Party) -> None:
    listener = await party.listening()
    await party.gateway.owner.temperature({"tool0": Heater(actual=1.0, target=0.0)})
    await party.ticks(5)
    await party.gateway.owner.temperature({"tool0": Heater(actual=2.0, target=0.0)})
    await party.ticks(5)
    (first,) = heard(listener)
    await party.ticks()
    (second,) = heard(listener)
    temps = [[point["tool0"]["actual"] for point in one["current"]["temps"]] for one in (first, second)]
    assert temps == [[1.0], [2.0]]


async def test_an_offline_printer_is_told_when_it_changes(party: Party) -> None:
    await party.state(PrinterStatus.OFFLINE)
    listener = await party.listening()
    await party.ticks(5)
    assert heard(listener) == []
    await party.state(PrinterStatus.CONNECTING)
    await party.ticks(5)
    assert kinds(listener) == ["event Connecting", "event PrinterStateChanged", "current"]


async def test_a_printer_without_an_owner_is_shown_offline_with_the_reason(party: Party) -> None:
    listener = await party.listening()
    await party.gateway.owner.presence("lost")
    await party.ticks(3)
    (message,) = heard(listener)
    assert message["current"]["state"]["text"] == "Offline"
    assert message["current"]["state"]["error"] == "The printer's controller is not running"
    assert message["current"]["progress"]["completion"] is None
    await party.gateway.owner.presence()
    await party.ticks()
    assert heard(listener)[0]["current"]["state"]["text"] == "Operational"


async def test_each_listener_hears_of_its_own_printer(party: Party) -> None:
    await party.state(PrinterStatus.OPERATIONAL, printer="mk3")
    default, virtual, other = [await party.listening(place) for place in (None, "virtual", "mk3")]
    await happened(party.gateway, "print_started", {"printer": "virtual"})
    await happened(party.gateway, "file_added", {"path": "a.gcode"})
    await party.state(PrinterStatus.PAUSED, printer="mk3")
    files = ["event FileAdded", "event UpdatedFiles", "event Upload"]
    assert kinds(virtual) == ["event PrintStarted", "event ChartMarked", *files]
    for one in (other, default):  # the default one is the first by id
        assert kinds(one) == [*files, "event PrinterStateChanged"]
    with pytest.raises(NotFound):
        party.join("nosuch")


async def test_an_event_that_comes_twice_is_told_once(party: Party) -> None:
    listener = await party.listening()
    for _ in range(2):
        await happened(party.gateway, "print_resumed", {"printer": "virtual"}, event_id="same")
    assert kinds(listener) == ["event PrintResumed", "event ChartMarked"]


async def test_marks_stand_in_every_current(party: Party) -> None:
    await happened(party.gateway, "print_started", {"printer": "virtual"})
    listener = await party.listening()
    await party.ticks()
    (message,) = heard(listener)
    assert [mark["label"] for mark in message["current"]["markings"]] == ["Start"]


@pytest.mark.parametrize(
    ("subscribe", "expected"),
    [
        ({}, []),
        ({"state": True}, ["current"]),
        ({"state": {"logs": False}}, ["current"]),
        ({"events": ["PrintStarted"]}, ["event PrintStarted"]),
        ({"events": True, "state": True}, ["event PrintStarted", "event ChartMarked", "current"]),
        ({"plugins": True}, []),
    ],
)
async def test_a_subscription_leaves_out_what_it_does_not_name(
    party: Party, subscribe: dict[str, Any], expected: list[str]
) -> None:
    listener = await party.listening(subscribe=subscribe)
    await happened(party.gateway, "print_started", {"printer": "virtual"})
    await party.ticks()
    assert kinds(listener) == expected


async def test_history_is_left_out_as_well(party: Party) -> None:
    listener = party.join()
    listener.drain()
    await party.say(listener, subscribe={"events": True})
    await party.say(listener, auth=party.auth)
    assert kinds(listener) == ["timelapse"]


async def test_a_current_is_encoded_once_for_all(party: Party, monkeypatch: pytest.MonkeyPatch) -> None:
    listeners = [await party.listening() for _ in range(70)]
    await party.ticks()
    for listener in listeners:
        listener.drain()
    encode, calls = translate.state_message, []

    def counting(*args: Any, **kwargs: Any) -> Any:
        calls.append(args)
        return encode(*args, **kwargs)

    monkeypatch.setattr(translate, "state_message", counting)
    await party.ticks()
    assert len({id(message) for one in listeners for message in one.drain()}) == len(calls) == 1


async def test_there_is_an_end_to_how_many_listen(party: Party, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(push, "MOST_LISTENERS", 2)
    first = party.join()
    party.join()
    with pytest.raises(Unavailable):
        party.join()
    party.channel.leave(first)
    party.join()
    assert len(party.channel) == 2


async def test_the_oldest_without_a_login_makes_room_and_others_stay(
    party: Party, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(push, "MOST_ANONYMOUS", 2)
    known = await party.listening()
    waiting = [party.join() for _ in range(3)]
    assert [one.ending for one in (known, *waiting)] == [None, NO_ROOM, None, None]


async def test_all_end_when_the_service_stops(party: Party) -> None:
    listeners = [await party.listening(), party.join()]
    party.gateway.gateway.stopping.set()
    await settle()
    assert [one.ending for one in listeners] == [GO_AWAY, GO_AWAY]
    assert len(party.channel) == 0
    with pytest.raises(Unavailable):
        party.join()


async def test_a_fault_sends_all_away_and_the_next_ones_are_served(
    party: Party, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    listener = await party.listening()
    with monkeypatch.context() as broken:
        broken.setattr(party.gateway.gateway.view, "printer", lambda _: 1 / 0)
        await party.ticks()
    assert listener.ending is GO_AWAY
    assert "the push channel has failed" in caplog.text
    again = await party.listening()
    await party.ticks()
    assert kinds(again) == ["current"]


async def test_the_beat_rests_while_nobody_listens(party: Party) -> None:
    listener = await party.listening()
    party.channel.leave(listener)
    await party.ticks(2)
    assert party.channel._beat is None
    again = await party.listening()
    await party.ticks()
    assert kinds(again) == ["current"]
