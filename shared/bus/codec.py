"""Payloads in and out: what cannot be understood is one kind of error, whatever was sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, get_args

import msgspec

from shared.bus.properties import NO_PROPERTIES, Properties
from shared.bus.wording import plain
from shared.contracts.messages import Event, Message
from shared.contracts.topics import Kind, Topic

JSON = "application/json"

Words = Mapping[str, Mapping[str, Any]] | Callable[[str], "Mapping[str, Any] | None"]
"""What single words mean, as the JSON of a message: a table, or a function that answers None for other words."""

_CLEARABLE = (Kind.STATE, Kind.PRESENCE)
_WORD_LIMIT = 64
_ENVELOPE = msgspec.json.Decoder(Message, strict=False)


class Undecodable(Exception):
    """The payload does not fit its topic; the text is a short reason without the payload."""


class Reader:
    """Decodes the payloads of one catalogue row.

    `lenient` is for what people and other systems send: numbers and booleans as text where nothing is lost, an empty
    payload for `{}`, and one word (`pause`) for the command of that name. `words` gives other words their JSON.
    """

    def __init__(self, topic: Topic, *, lenient: bool = False, words: Words | None = None) -> None:
        self._text = topic.payload is str
        self._clearable = topic.kind in _CLEARABLE
        self._lenient = lenient
        table = {} if words is None or callable(words) else dict(words)
        self._word: Callable[[str], Mapping[str, Any] | None] = words if callable(words) else table.get
        self._tag = _tag_field(topic.payload) if lenient else None
        self._commands = tuple(dict.fromkeys([*_tags(topic.payload), *table])) if self._tag else ()
        self._type = topic.payload
        self._decoder = None if self._text else msgspec.json.Decoder(topic.payload, strict=not lenient)

    def read(self, payload: bytes) -> Any:
        """The message; None for a cleared retained value. Raises `Undecodable`."""
        try:
            if not payload and self._clearable:
                return None
            if self._decoder is None:
                return payload.decode()
            if self._lenient:
                return self._read_lenient(payload)
            return self._decoder.decode(payload)
        except RecursionError:
            raise Undecodable("nested too deeply") from None
        except (msgspec.MsgspecError, ValueError, OverflowError) as error:
            raise Undecodable(plain(error, self._commands, self._tag)) from None

    def _read_lenient(self, payload: bytes) -> Any:
        assert self._decoder is not None
        start = payload[:_WORD_LIMIT].lstrip()[:1]
        if start in (b"{", b"["):
            return self._decoder.decode(payload)
        if len(payload) > _WORD_LIMIT:
            raise Undecodable("neither a JSON object nor one word")
        word = payload.decode().strip().strip('"').lower()
        if not word:
            return self._decoder.decode(b"{}")
        meant = self._word(word)
        if meant is not None:
            return msgspec.convert(dict(meant), self._type, strict=False)
        if self._tag is not None:
            return msgspec.convert({self._tag: word}, self._type, strict=False)
        return self._decoder.decode(payload)


def encode(payload: Any) -> bytes:
    """A struct as JSON, text as UTF-8, bytes as they are."""
    if isinstance(payload, bytes):
        return payload
    return payload.encode() if isinstance(payload, str) else msgspec.json.encode(payload)


def envelope_of(payload: bytes) -> Message | None:
    """What every message may say about itself, where the rest cannot be understood; None when nothing can."""
    try:
        return _ENVELOPE.decode(payload)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None


def properties_of(payload: Any, expiry: int | None) -> Properties:
    """What the JSON says once more as MQTT 5 properties: events as CloudEvents 1.0 over MQTT, binary mode."""
    given: tuple[tuple[str, str | None], ...]
    if isinstance(payload, Event):
        given = (
            ("specversion", "1.0"),
            ("id", payload.id),
            ("type", payload.type),
            ("source", payload.source),
            ("time", payload.time.isoformat()),
            ("subject", payload.subject),
            ("traceparent", payload.traceparent),
        )
    elif isinstance(payload, Message):
        given = (("id", payload.id), ("traceparent", payload.traceparent))
    else:
        return NO_PROPERTIES if expiry is None else Properties(expiry=expiry)
    user = tuple((name, value) for name, value in given if value is not None)
    return Properties(expiry=expiry, content_type=JSON, user=user)


def _tags(payload: Any) -> Iterator[str]:
    for one in get_args(payload) or (payload,):
        yield str(one.__struct_config__.tag)


def _tag_field(payload: Any) -> str | None:
    for one in get_args(payload) or (payload,):
        config = getattr(one, "__struct_config__", None)
        if config is not None and config.tag_field:
            return str(config.tag_field)
    return None
