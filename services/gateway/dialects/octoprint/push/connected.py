"""The first message of every connection: the same for the whole life of an installation and version."""

from __future__ import annotations

from services.gateway.callers.callers import Callers
from services.gateway.dialects.octoprint import translate as octoprint
from services.gateway.dialects.octoprint.push import translate, wire
from services.gateway.dialects.octoprint.push.frames import Message
from shared.build import version


def message(callers: Callers) -> Message:
    """`connected`: by its hashes a client sees whether it speaks to the same installation and version as before."""
    payload = wire.Connected(
        config_hash=_hash(callers, "configuration"),
        display_version=octoprint.SERVER,
        plugin_hash=_hash(callers, f"plugins of {version()}"),
        version=octoprint.SERVER,
    )
    return translate.message("connected", payload)


def _hash(callers: Callers, name: str) -> str:
    """32 hex digits, as OctoPrint's hashes have."""
    return callers.public_id(name).replace("-", "")
