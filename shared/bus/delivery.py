"""A message as a handler gets it, and the rules that say whether it may act."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from shared.bus.packets import Incoming
from shared.contracts.messages import Event, Message
from shared.contracts.topics import Topic

CLOCK_LEEWAY = timedelta(seconds=1)


class _NotMine:
    """The type of `NOT_MINE`."""

    def __repr__(self) -> str:
        return "NOT_MINE"


NOT_MINE: Final[Any] = _NotMine()
"""A `take` handler returns this when the message is for another owner: nothing is answered."""


@dataclass(frozen=True)
class Delivery:
    """One message for one handler.

    `levels` are the named levels of the topic; `message` is the decoded payload: a struct, text for topics of text, or
    None where a retained value was cleared. `reply_to` is as the asker sent it; only below `answer/` it is used.
    """

    topic: Topic
    levels: dict[str, str]
    payload: bytes
    message: Any
    retained: bool = False
    id: str | None = None
    reply_to: str | None = None
    correlation_id: str | None = None
    expires_at: datetime | None = None
    name: str = ""
    correlation_data: bytes | None = None
    traceparent: str | None = None
    waited: bool = False


def delivery_of(
    topic: Topic, levels: dict[str, str], incoming: Incoming, message: Any, *, waited: bool = False
) -> Delivery:
    """What the JSON says, and where it is silent what the MQTT 5 properties say."""
    given = incoming.properties
    user = dict(given.user)
    envelope = message if isinstance(message, Message) else Message()
    own_id = message.id if isinstance(message, Message | Event) else None
    trace = message.traceparent if isinstance(message, Message | Event) else None
    correlation = given.correlation
    return Delivery(
        topic=topic,
        levels=levels,
        payload=incoming.payload,
        message=message,
        retained=incoming.retained,
        id=own_id or user.get("id"),
        reply_to=envelope.reply_to or given.reply_to,
        correlation_id=envelope.correlation_id or (correlation.decode(errors="replace") if correlation else None),
        expires_at=_aware(envelope.expires_at),
        name=incoming.topic,
        correlation_data=correlation,
        traceparent=trace or user.get("traceparent"),
        waited=waited,
    )


def refusal(delivery: Delivery, now: datetime) -> str | None:
    """Why a command must not act: `retained`, `expired`, `waited`, or None when it may.

    A second of clock error is forgiven. `waited`: the broker kept it while nobody was here, and it does not say until
    when it is good; it may be hours old.
    """
    if delivery.retained:
        return "retained"
    if delivery.expires_at is None:
        return "waited" if delivery.waited else None
    return "expired" if now > delivery.expires_at + CLOCK_LEEWAY else None


def _aware(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment
