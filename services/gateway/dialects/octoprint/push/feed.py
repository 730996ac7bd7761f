"""One printer's listeners: looks once a tick, encodes each message once, and hands it to all of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from services.gateway.dialects.octoprint.push import translate
from services.gateway.dialects.octoprint.push.frames import Message
from services.gateway.dialects.octoprint.push.happenings import Happenings
from services.gateway.dialects.octoprint.push.listener import Listener
from services.gateway.dialects.octoprint.push.translate import Look
from services.gateway.live_view import LiveView
from shared.errors import JobError

_NO_TIMELAPSE = translate.message("timelapse", None)


class Feed:
    """`place` is the printer that the path named, None for the default one; `printer` the one that was seen there."""

    def __init__(self, place: str | None, view: LiveView, happenings: Happenings, now: Callable[[], datetime]) -> None:
        self.place = place
        self.printer = place
        self.listeners: dict[Listener, None] = {}
        self._view = view
        self._happenings = happenings
        self._now = now
        self._had_file = False
        self._look = self.refresh()
        self._encoded: dict[datetime | None, Message] = {}

    def refresh(self) -> Look:
        """Look at the printer now; what is encoded from here on shows this."""
        self._encoded = {}
        self._look = self._seen()
        return self._look

    def greet(self, listener: Listener) -> None:
        """What comes right after a login: all there is to know."""
        look = self.refresh()
        if listener.subscription.state:
            listener.shown, listener.since = look.key, look.newest
            listener.offer(translate.state_message("history", look, since=None))
        listener.offer(_NO_TIMELAPSE)

    def serve(self, listener: Listener, tick: int) -> None:
        """Give the listener its `current`, if it is time for one.

        As recorded one comes each half second while the printer is connected; else only when something has changed.
        """
        look = self._look
        if tick - listener.last_tick < listener.factor or not listener.subscription.state:
            return
        if not (look.operational or look.key != listener.shown) or not listener.takes_current:
            return
        listener.last_tick, listener.shown = tick, look.key
        since, listener.since = listener.since, look.newest or listener.since
        listener.offer_current(self._current(since))

    def _current(self, since: datetime | None) -> Message:
        """Listeners that know the same temperatures get the same message."""
        encoded = self._encoded.get(since)
        if encoded is None:
            encoded = self._encoded[since] = translate.state_message("current", self._look, since=since)
        return encoded

    def _seen(self) -> Look:
        try:
            live = self._view.printer(self.place)
        except JobError as error:
            return translate.unavailable(self._now(), error.message, had_file=self._had_file)
        self.printer, view = live.id, live.view
        self._had_file = view.had_file
        return Look(
            key=(live.id, view.revision),
            at=self._now(),
            state=live.state,
            job=view.job,
            had_file=view.had_file,
            readings=tuple(view.history),
            markings=self._happenings.markings(live.id),
        )
