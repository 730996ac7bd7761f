"""Identifiers that sort by time, and the one rule for names that become topic levels."""

from __future__ import annotations

import os
import re
import time

_48_BITS, _12_BITS, _62_BITS = (1 << 48) - 1, (1 << 12) - 1, (1 << 62) - 1
_SLUG = re.compile(r"[A-Za-z0-9_-]{1,64}")


def new_id() -> str:
    """A new unique id: a UUID of version 7 (RFC 9562), so that later ids sort after earlier ones."""
    chance = int.from_bytes(os.urandom(10), "big")
    value = (time.time_ns() // 1_000_000 & _48_BITS) << 80 | 0x7 << 76 | 0b10 << 62
    value |= (chance >> 64 & _12_BITS) << 64 | chance & _62_BITS
    digits = f"{value:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def is_slug(text: str) -> bool:
    """Whether `text` may be one level of a topic: letters, digits, `_` and `-`, at most 64.

    Wildcards in an id have widened access lists before (Mosquitto, CVE-2017-7650), and some brokers
    refuse blanks and dots.
    """
    return _SLUG.fullmatch(text) is not None
