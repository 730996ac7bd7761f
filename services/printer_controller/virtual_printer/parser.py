"""Reads what a host sends as Marlin does: comments, line numbers, checksums, then a code and its words."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import NamedTuple

LONGEST_COMMAND = 95  # bytes kept of a line, comment not counted (Marlin's MAX_CMD_SIZE is 96 with the end mark)

_SECOND_NUMBER = re.compile(rb"M110.*?N *(-?\d+)", re.DOTALL)
_LEADING_INTEGER = re.compile(rb"[ \t]*([-+]?\d+)")
_CODE = re.compile(r"([GMT]) *(\d+(?:\.\d+)?)")
_WORDS = re.compile(r"([A-Z]) *([-+]?(?:\d+\.?\d*|\.\d+))?")


class Refusal(StrEnum):
    """Why a numbered line is not taken, in Marlin's words; the last line number follows after a comma."""

    REPEATED = "one of the last two numbers"
    NUMBER = "Line Number is not Last Line Number+1"
    CHECKSUM = "checksum mismatch"
    NO_CHECKSUM = "No Checksum with line number"


class Command(NamedTuple):
    """A line that passed: its number, or None, and its text without number, checksum and comment."""

    number: int | None
    text: str
    answered: bool = True  # not so for lines of the SD card


def without_comment(line: bytes) -> bytes:
    """The line without `; …` and `( … )`, not longer than Marlin keeps, without spaces before it."""
    if b"(" in line or b";" in line:
        kept = bytearray()
        inside = False
        for byte in line:
            if inside:
                inside = byte != ord(")")
            elif byte == ord(";"):
                break
            elif byte == ord("("):
                inside = True
            else:
                kept.append(byte)
        line = bytes(kept)
    return line[:LONGEST_COMMAND].lstrip(b" ")


def checksum(text: bytes) -> int:
    """All bytes of `text` (at most 128) combined by exclusive or, folding halves of one long number."""
    folded = int.from_bytes(text, "big")
    folded ^= folded >> 512
    folded ^= folded >> 256
    folded ^= folded >> 128
    folded ^= folded >> 64
    folded ^= folded >> 32
    folded ^= folded >> 16
    return (folded ^ folded >> 8) & 0xFF


def check(line: bytes, last: int) -> Command | Refusal:
    """Judge a line without comment, `last` being the last number taken.

    The order is Marlin's (queue.cpp): number first, then the checksum; `M110` sets the number instead of having to
    follow it and may name it a second time; a line without number needs no checksum. REPEATED is a wrong number too,
    told apart because newer Marlins say nothing to it.
    """
    if not line.startswith(b"N"):
        return Command(None, line.partition(b"*")[0].decode("utf-8", "surrogateescape").rstrip())
    body, star, sum_text = line.rpartition(b"*")
    number, text = _number_and_text(body if star else line)
    if b"M110" in line:
        second = _SECOND_NUMBER.search(line)
        number = int(second[1]) if second else number
    elif number != last + 1:
        return Refusal.REPEATED if last - 1 <= number <= last else Refusal.NUMBER
    if not star:
        return Refusal.NO_CHECKSUM
    if _leading_integer(sum_text) != checksum(body):
        return Refusal.CHECKSUM
    return Command(number, text.decode("utf-8", "surrogateescape"))


def _number_and_text(body: bytes) -> tuple[int, bytes]:
    head, _, text = body.partition(b" ")
    if head[1:].isdigit():
        return int(head[1:]), text.strip()
    digits = _LEADING_INTEGER.match(body, 1)
    return (int(digits[1]), body[digits.end() :].strip()) if digits else (0, body[1:].strip())


def _leading_integer(text: bytes) -> int:
    """As C's strtol: the number at the start, or 0."""
    if text.isdigit():
        return int(text)
    digits = _LEADING_INTEGER.match(text)
    return int(digits[1]) if digits else 0


def split_code(text: str) -> tuple[str, str]:
    """`G1` and ` X5` of `G1 X5`; leading zeros are dropped; an unknown form gives an empty code."""
    found = _CODE.match(text)
    if not found:
        return "", text
    number = found[2].lstrip("0") or "0"
    return found[1] + (f"0{number}" if number.startswith(".") else number), text[found.end() :]


def words(argument: str) -> dict[str, float | None]:
    """The words of a command: `{"X": 5.0, "Y": None}` of ` X5 Y`."""
    return {letter: float(number) if number else None for letter, number in _WORDS.findall(argument)}
