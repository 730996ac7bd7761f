"""When wrong credentials lock a subject, and for how long. Time is passed in; nothing here knows a database.

A subject is an address, or a user name at an address: so a guesser locks out himself, never the rightful holder
elsewhere. The same wrong credential again is a client with an old key, not a guess, and counts once.
"""

from __future__ import annotations

import ipaddress
from datetime import datetime, timedelta

import msgspec

FREE_GUESSES = 10
FIRST_DELAY = timedelta(seconds=1)
LONGEST_DELAY = timedelta(minutes=15)
FORGOTTEN_AFTER = timedelta(days=1)
_REMEMBERED = 64  # different wrong credentials that are told apart


class Guesses(msgspec.Struct, frozen=True):
    """What is known of one subject: how many different wrong credentials, which, when, and the lock."""

    count: int = 0
    seen: tuple[str, ...] = ()
    last_at: datetime | None = None
    locked_until: datetime | None = None


def after_wrong(guesses: Guesses, fingerprint: str, now: datetime) -> Guesses:
    """The subject after one more wrong credential; the tenth different one locks for 1 s, each further twice as long.

    >>> [after_wrong(Guesses(count=n), "x", now).locked_until for n in (8, 9, 10)]   # none, 1 s, 2 s
    """
    if is_forgotten(guesses, now):
        guesses = Guesses()
    if fingerprint in guesses.seen:
        return guesses
    count = guesses.count + 1
    delay = delay_after(count)
    return Guesses(
        count=count,
        seen=(*guesses.seen, fingerprint)[-_REMEMBERED:],
        last_at=now,
        locked_until=now + delay if delay else None,
    )


def delay_after(count: int) -> timedelta:
    """How long a subject is locked after its `count`-th different wrong credential; zero for the first nine."""
    if count < FREE_GUESSES:
        return timedelta()
    doublings = min(count - FREE_GUESSES, 20)
    return min(FIRST_DELAY * int(2**doublings), LONGEST_DELAY)


def locked_for(guesses: Guesses, now: datetime) -> float:
    """Seconds until the subject may try again; 0 when it is not locked. A clock set back cannot lock for longer."""
    if guesses.locked_until is None or now >= guesses.locked_until:
        return 0.0
    return min(guesses.locked_until - now, LONGEST_DELAY).total_seconds()


def is_forgotten(guesses: Guesses, now: datetime) -> bool:
    """Whether the last guess is so long ago that counting starts again."""
    return guesses.last_at is None or now - guesses.last_at >= FORGOTTEN_AFTER


def address_subject(address: str) -> str:
    """The subject of an address: an IPv6 client owns a whole /64, so that is what is counted."""
    return f"address {network_of(address)}"


def login_subject(user: str, address: str) -> str:
    """The subject of a user name at an address; only the printable start of the name is kept."""
    name = "".join(character if character.isprintable() else "?" for character in user[:100])
    return f"login {network_of(address)} {name}"


def network_of(address: str) -> str:
    """The address as it is counted; anything that is no IP address is counted as it stands."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address[:64]
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)
