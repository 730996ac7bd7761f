"""Scenes, rooms and the site: kept for clients, who alone understand what is in them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from sqlalchemy import delete

from services.load_controller import keeping
from services.load_controller.asking import Asked
from services.load_controller.controller import Controller
from services.load_controller.house import SITE
from services.load_controller.models import RecordRow
from shared.contracts.house import DeleteRecord, ReadRecords, RecordRequest, Records, Room, Scene, WriteRecord
from shared.errors import Conflict, Invalid, NotFound, TooLarge

MOST = 1000  # of a kind
LARGEST = 16 * 1024  # bytes of JSON
_SHAPES: dict[str, Any] = {"scene": Scene, "room": Room, "site": None}


async def write(asked: Asked, request: WriteRecord) -> Records:
    """A new record, or a change of what is given. There is one site."""
    _check_kind(request.kind)
    records = asked.house.records.setdefault(request.kind, {})
    number = SITE if request.kind == "site" else request.record
    if number is None:
        if len(records) >= MOST:
            raise Conflict(f"there are {MOST} records of kind {request.kind} already", code="too_many_records")
        number = await keeping.new_id(asked, request.kind)
    elif number not in records and request.kind != "site":
        raise _no_such(request.kind, number)
    before = {} if request.whole else records.get(number, {})
    contents = _shaped(request.kind, {**before, **request.values, "id": number})
    await asked.tx.merge(RecordRow(kind=request.kind, id=number, contents=contents))
    asked.after(lambda: records.update({number: contents}))
    return Records(records=[contents])


async def remove(asked: Asked, request: DeleteRecord) -> Records:
    """It is gone."""
    _check_kind(request.kind)
    records = asked.house.records.setdefault(request.kind, {})
    if request.record not in records:
        raise _no_such(request.kind, request.record)
    its = (keeping.key(RecordRow.kind) == request.kind) & (keeping.key(RecordRow.id) == request.record)
    await asked.tx.execute(delete(RecordRow).where(its))
    asked.after(lambda: records.pop(request.record, None))
    return Records(records=[records[request.record]])


def read(controller: Controller, request: ReadRecords) -> Records:
    """By id."""
    _check_kind(request.kind)
    records = controller.house.records.get(request.kind, {})
    if request.record is None:
        return Records(records=[records[number] for number in sorted(records)])
    if request.record not in records:
        raise _no_such(request.kind, request.record)
    return Records(records=[records[request.record]])


CHANGES: dict[type[RecordRequest], Callable[[Asked, Any], Awaitable[Records]]] = {
    WriteRecord: write,
    DeleteRecord: remove,
}


def _check_kind(kind: str) -> None:
    if kind not in _SHAPES:
        raise Invalid(f"there is no kind {kind[:40]!r}: {', '.join(_SHAPES)}", code="no_such_kind")


def _shaped(kind: str, contents: dict[str, Any]) -> dict[str, Any]:
    """What is known of a record has its type; what else a client keeps in it stays."""
    shape = _SHAPES[kind]
    try:
        known = msgspec.to_builtins(msgspec.convert(contents, shape)) if shape is not None else {}
        shaped: dict[str, Any] = {**contents, **known}
        size = len(msgspec.json.encode(shaped))
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise Invalid(f"{kind}: {str(error)[:200]}", code="bad_record") from None
    if size > LARGEST:
        raise TooLarge(f"a record has at most {LARGEST} bytes", code="too_large")
    return shaped


def _no_such(kind: str, number: int) -> NotFound:
    return NotFound(f"{kind} {number} not found", code=f"no_such_{kind}")
