"""What goes over the wire comes to those who want it, once to each, and is published while one of them is there."""

from __future__ import annotations

import pytest

from services.gateway.dialects.octoprint.push import feed
from shared.contracts.printers import FollowLog
from tests.support.clock import settle
from tests.support.push_party import Party, payloads


async def test_lines_come_once_to_each_and_are_asked_for_while_somebody_listens(party: Party) -> None:
    first = await party.listening()
    await party.ticks()
    await settle()
    owner = party.gateway.owner
    assert [type(asked) for asked in owner.asked].count(FollowLog) == 1
    await owner.log("Send: N1 M115*36", "Recv: FIRMWARE_NAME:Marlin", "Recv: ok")
    first.drain()
    await party.ticks()
    assert payloads(first, "current")[-1]["logs"] == ["Send: N1 M115*36", "Recv: FIRMWARE_NAME:Marlin", "Recv: ok"]
    await party.ticks()
    assert payloads(first, "current")[-1]["logs"] == []
    late = party.join()
    await party.say(late, auth=party.auth)
    history = payloads(late, "history")[0]
    assert history["messages"] == ["FIRMWARE_NAME:Marlin"]
    await party.ticks(20)
    await settle()
    assert [type(asked) for asked in owner.asked].count(FollowLog) > 1


async def test_nobody_asks_for_lines_that_nobody_wants(party: Party) -> None:
    await party.listening(subscribe={"state": {"logs": False}, "events": True})
    await party.ticks(3)
    await settle()
    assert not any(isinstance(asked, FollowLog) for asked in party.gateway.owner.asked)


async def test_another_choice_of_lines_begins_with_all_there_is(party: Party) -> None:
    listener = await party.listening()
    await party.ticks()
    await party.gateway.owner.log("Send: M115", "Recv: Cap:EEPROM:1", "Recv: ok")
    await party.ticks()
    listener.drain()
    await party.say(listener, subscribe={"state": {"logs": "Cap:.*1$", "messages": False}, "events": True})
    (history,) = payloads(listener, "history")
    assert (history["logs"], history["messages"]) == (["Recv: Cap:EEPROM:1"], [])
    await party.say(listener, subscribe={"state": {"logs": "Cap:.*1$", "messages": False}})
    assert listener.drain() == []


async def test_too_many_patterns_at_once_are_served_without_lines(
    party: Party, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "MOST_PATTERNS", 1)
    some = [await party.listening(subscribe={"state": {"logs": pattern}}) for pattern in ("Recv", "Send", "Recv")]
    await party.ticks()
    for listener in some:
        listener.drain()
    await party.gateway.owner.log("Send: M115", "Recv: ok")
    await party.ticks()
    assert [payloads(one, "current")[-1]["logs"] for one in some] == [["Recv: ok"], [], ["Recv: ok"]]
