"""Identifiers that sort by time, and the one rule for names that become topic levels."""

from __future__ import annotations

import os
import re
import time
import uuid

_SLUG = re.compile(r"[A-Za-z0-9_-]{1,64}")


def new_id() -> str:
    """A new unique id: a UUID of version 7 (RFC 9562), so that later ids sort after earlier ones."""
    milliseconds = time.time_ns() // 1_000_000
    value = (milliseconds & ((1 << 48) - 1)) << 80
    value |= 0x7 << 76
    value |= int.from_bytes(os.urandom(2), "big") % (1 << 12) << 64
    value |= 0b10 << 62
    value |= int.from_bytes(os.urandom(8), "big") % (1 << 62)
    return str(uuid.UUID(int=value))


def is_slug(text: str) -> bool:
    """Whether `text` may be one level of a topic: letters, digits, `_` and `-`, at most 64.

    Wildcards in an id have widened access lists before (Mosquitto, CVE-2017-7650), and some brokers
    refuse blanks and dots.
    """
    return _SLUG.fullmatch(text) is not None
