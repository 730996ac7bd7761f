"""Listeners hear of each other, while they are few."""

from __future__ import annotations

import pytest

from services.gateway.dialects.octoprint.push import channel as push
from tests.support.gateway import OPERATOR_KEY
from tests.support.push import auth_of
from tests.support.push_party import HERE, Party, payloads


async def test_listeners_hear_of_each_other_and_administrators_of_whom(party: Party) -> None:
    admin = await party.listening()
    await party.ticks()
    admin.drain()
    olga = party.join()
    await party.say(olga, auth=await auth_of(party.gateway, OPERATOR_KEY))
    olga.drain()
    await party.ticks()
    assert payloads(admin, "event") == [
        {"type": "ClientOpened", "payload": {"remoteAddress": HERE}},
        {"type": "ClientAuthed", "payload": {"username": "olga", "remoteAddress": HERE}},
    ]
    assert payloads(olga, "event") == []  # its own are nothing new to it
    party.channel.leave(admin)
    await party.ticks()
    assert payloads(olga, "event") == [{"type": "ClientClosed", "payload": {}}]


async def test_many_listeners_are_not_told_of_each_other(party: Party, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(push, "MOST_VISITED", 1)
    first = await party.listening()
    await party.listening()
    await party.ticks()
    assert payloads(first, "event") == []
