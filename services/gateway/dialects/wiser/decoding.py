"""JSON bodies into wire structs; whatever is wrong with one is said in a sentence. Pure."""

from __future__ import annotations

from typing import Any, TypeVar, cast

import msgspec

from shared.bus.wording import plain
from shared.errors import Invalid

Body = TypeVar("Body")


def decoded(text: bytes | str, kind: type[Body]) -> Body:
    """JSON of this shape. Raises `Invalid` with a sentence."""
    try:
        return cast(Body, _decoder(kind).decode(text))
    except RecursionError:
        raise Invalid("the JSON is nested too deeply", code="bad_json") from None
    except (msgspec.MsgspecError, ValueError, OverflowError) as error:
        raise Invalid(plain(error), code="bad_json") from None


def _decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    decoder = _known.get(kind)
    if decoder is None:
        decoder = _known[kind] = msgspec.json.Decoder(kind)
    return decoder


_known: dict[Any, msgspec.json.Decoder[Any]] = {}
