"""A command that did not act is told with its reason: the sentences, and the event `command_refused`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from shared.bus.delivery import Delivery
from shared.contracts.messages import OUTSIDER, Caller, Event, Message
from shared.contracts.topics import Kind
from shared.errors import JobError
from shared.identifiers import is_slug, new_id

COMMAND_REFUSED = "command_refused"
_LONGEST_NAME = 64
_SENTENCES = {
    "retained": "retained commands never act; publish without -r",
    "waited": "it waited while nobody was here, and does not say how long it is good; give it `expires_at`",
}


def sentence(reason: str, delivery: Delivery, now: datetime) -> str:
    """What `delivery.refusal` found, for people."""
    if reason == "expired" and delivery.expires_at is not None:
        return f"expired {max(1, round((now - delivery.expires_at).total_seconds()))} s ago"
    return _SENTENCES[reason]


def is_told(delivery: Delivery) -> bool:
    """Whether a refusal is an event as well: for every command, and for a question with nobody to answer to."""
    return delivery.topic.kind is Kind.COMMAND or (delivery.topic.kind is Kind.ASK and delivery.reply_to is None)


def command_of(delivery: Delivery) -> str:
    """The documented name of what was asked: that of the command, else that of the topic; as far as it can be read."""
    config = getattr(type(delivery.message), "__struct_config__", None)
    if config is not None and config.tag:
        return str(config.tag)
    if delivery.topic.kind is not Kind.COMMAND and delivery.topic.kind is not Kind.ASK:
        return ""
    given = _written(delivery.payload)
    if delivery.topic.kind is Kind.ASK and "command" not in given:
        return delivery.topic.template.rpartition("/")[2]
    return str(given.get("command", ""))[:_LONGEST_NAME]


def data(delivery: Delivery, error: JobError) -> dict[str, Any]:
    """What the event says, the same for every command of every service."""
    levels = delivery.levels or {"printer": str(getattr(delivery.message, "printer", "") or "")}
    caller = delivery.message.caller if isinstance(delivery.message, Message) else None
    return {
        **{name: level for name, level in levels.items() if level},
        "command": command_of(delivery),
        "code": error.code,
        "message": error.message,
        "caller": caller_data(caller),
    }


def caller_data(caller: Caller | None) -> dict[str, Any]:
    """A caller as every event shows one; whoever does not say who it is came over MQTT."""
    caller = caller or OUTSIDER
    return {"name": caller.name, "via": caller.via, "role": caller.role}


def event(delivery: Delivery, error: JobError, *, base: str, service: str, now: datetime) -> Event:
    """The event for what this service refused."""
    told = data(delivery, error)
    subject = next((level for level in delivery.levels.values()), None) or told.get("printer")
    return Event(
        id=new_id(), type=COMMAND_REFUSED, source=f"{base}/{service}", time=now, subject=subject,
        traceparent=delivery.traceparent, data=told,
    )  # fmt: skip


def _written(payload: bytes) -> dict[str, Any]:
    """What of a command can be read: the fields of an object, or one word."""
    try:
        found = msgspec.json.decode(payload)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        found = payload[: _LONGEST_NAME + 1].decode(errors="replace").strip()
    if isinstance(found, dict):
        return found
    return {"command": found} if isinstance(found, str) and is_slug(found) else {}
