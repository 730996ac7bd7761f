"""Ids are unique and sort by the time they were made."""

from __future__ import annotations

import time
import uuid

from shared.identifiers import new_id


def test_ids_are_uuids_of_version_seven() -> None:
    value = uuid.UUID(new_id())
    assert value.version == 7
    assert value.variant == uuid.RFC_4122


def test_a_later_id_sorts_after_an_earlier_one() -> None:
    ids = []
    for _ in range(5):
        ids.append(new_id())
        time.sleep(0.002)
    assert ids == sorted(ids)


def test_ids_do_not_repeat() -> None:
    assert len({new_id() for _ in range(10_000)}) == 10_000
