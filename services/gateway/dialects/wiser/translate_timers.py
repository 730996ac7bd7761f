"""Timers between Wiser's bodies and our contracts. Pure."""

from __future__ import annotations

from typing import Any

import msgspec

from services.gateway.dialects.wiser.decoding import decoded
from services.gateway.dialects.wiser.wire_house import TimerBody, WhenBody
from shared.contracts.timers import AmendTimer, CreateTimer, ReplaceTimer, Timer, TimerWhen

_MEANT = frozenset({*TimerBody.__struct_fields__, "id"})


def timer(stored: Timer) -> dict[str, Any]:
    """A timer as clients know it, with what they stored beside."""
    when = {"every": stored.when.every, "at": stored.when.at}
    return {**stored.extra, "id": stored.id, "enabled": stored.enabled, "job": stored.job, "when": when}


def creation(text: bytes) -> CreateTimer:
    """A new timer. Raises `Invalid`."""
    body, extra = _read(text)
    return CreateTimer(enabled=_or(body.enabled, True), job=_or(body.job, None), when=_whole(body.when), extra=extra)


def replacement(number: int, text: bytes) -> ReplaceTimer:
    """A whole timer in the place of another. Raises `Invalid`."""
    body, extra = _read(text)
    return ReplaceTimer(
        timer=number, enabled=_or(body.enabled, True), job=_or(body.job, None), when=_whole(body.when), extra=extra
    )


def amendment(number: int, text: bytes) -> AmendTimer:
    """What changes of a timer. Raises `Invalid`."""
    body, extra = _read(text)
    when = _or(body.when, WhenBody())
    return AmendTimer(timer=number, enabled=body.enabled, job=body.job, every=when.every, at=when.at, extra=extra)


def _read(text: bytes) -> tuple[TimerBody, dict[str, Any]]:
    everything = decoded(text, dict[str, Any])
    extra = {name: value for name, value in everything.items() if name not in _MEANT}
    return decoded(text, TimerBody), extra


def _whole(when: WhenBody | msgspec.UnsetType) -> TimerWhen:
    given, default = _or(when, WhenBody()), TimerWhen()
    return TimerWhen(every=_or(given.every, default.every), at=_or(given.at, default.at))


def _or(value: Any, otherwise: Any) -> Any:
    return otherwise if value is msgspec.UNSET else value
