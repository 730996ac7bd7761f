"""The printer controllers that have been heard of, and for which printers their word counts now."""

from __future__ import annotations

from shared.contracts.messages import Presence
from shared.contracts.printers import PrinterState

ONLINE, LOST = "online", "lost"


class Owners:
    """The newest presence of each controller's instance. What a controller published counts while it is online."""

    def __init__(self) -> None:
        self._presences: dict[str, Presence] = {}

    def heard(self, instance: str, presence: Presence | None) -> None:
        """Keep a presence; None: it was cleared, so that instance is known no more."""
        if presence is None:
            self._presences.pop(instance, None)
        else:
            self._presences[instance] = presence

    def states(self) -> dict[str, str]:
        """Instance → presence state."""
        return {instance: presence.state for instance, presence in self._presences.items()}

    def anybody_online(self) -> bool:
        """Whether a controller runs."""
        return any(presence.state == ONLINE for presence in self._presences.values())

    def is_lost(self, instance: str) -> bool:
        """Whether that controller died without a word."""
        presence = self._presences.get(instance)
        return presence is not None and presence.state == LOST

    def vouch_for(self, state: PrinterState) -> bool:
        """Whether the process that published `state` lives: its owner is online, and has not started anew since then.

        Versions are milliseconds of Unix time or later, so one from before the owner's start is of an earlier life.
        """
        presence = self._presences.get(state.owner)
        if presence is None or presence.state != ONLINE:
            return False
        return state.version >= int(presence.since.timestamp() * 1000)
