"""The time zone of the house: the configured one, or the machine's own."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from shared.settings import SettingsError

LOCAL_ZONE = Path("/etc/localtime")


def time_zone(name: str | None) -> ZoneInfo:
    """The zone of that IANA name; without one the machine's. Raises `SettingsError` for one that does not exist."""
    name = name or _local_zone()
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise SettingsError(
            f"location.time_zone: no time zone is called {name!r}; write for example Europe/Zurich"
        ) from None


def _local_zone() -> str:
    """The machine's zone by name; of one that has none, the zone of its present difference from UTC."""
    _, found, name = str(LOCAL_ZONE.resolve()).partition("zoneinfo/")
    offset = datetime.now(UTC).astimezone().utcoffset()
    return name if found else ("UTC" if not offset else f"Etc/GMT{-int(offset.total_seconds() // 3600):+d}")
