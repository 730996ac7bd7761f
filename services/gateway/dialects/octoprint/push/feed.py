"""One printer's listeners: looks once a tick, encodes each message once, and hands it to all of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from services.gateway.dialects.octoprint.push import translate
from services.gateway.dialects.octoprint.push.commands import Subscription
from services.gateway.dialects.octoprint.push.filters import LineFilter, Lines
from services.gateway.dialects.octoprint.push.frames import Message
from services.gateway.dialects.octoprint.push.happenings import Happenings
from services.gateway.dialects.octoprint.push.listener import Listener
from services.gateway.dialects.octoprint.push.terminal import Terminals
from services.gateway.dialects.octoprint.push.translate import Look
from services.gateway.live_view import LiveView
from shared.errors import JobError

MOST_PATTERNS = 32  # of listeners' own, that are looked for in one tick

Shared = tuple[datetime | None, int, Lines, Lines]  # who knows the same and wants the same gets the same message

_NO_TIMELAPSE = translate.message("timelapse", None)


class Feed:
    """`place` is the printer that the path named, None for the default one; `printer` the one that was seen there."""

    def __init__(
        self,
        place: str | None,
        view: LiveView,
        happenings: Happenings,
        terminals: Terminals,
        now: Callable[[], datetime],
    ) -> None:
        self.place = place
        self.printer = place
        self.listeners: dict[Listener, None] = {}
        self._view = view
        self._happenings = happenings
        self._terminals = terminals
        self._now = now
        self._had_file = False
        self._look = self.refresh()
        self._encoded: dict[Shared, Message] = {}
        self._patterns: set[Lines] = set()

    def refresh(self) -> Look:
        """Look at the printer now; what is encoded from here on shows this."""
        self._encoded, self._patterns = {}, set()
        self._look = self._seen()
        if self._look.operational and any(listener.subscription.wants_lines for listener in self.listeners):
            self._terminals.want(self.printer or "")
        return self._look

    def greet(self, listener: Listener) -> None:
        """What comes right after a login: all there is to know."""
        self.recall(listener)
        listener.offer(_NO_TIMELAPSE)

    def recall(self, listener: Listener) -> None:
        """`history`, for one that wants the state from now on."""
        wanted = listener.subscription
        if wanted.state:
            look = self.refresh()
            listener.shown, listener.since, listener.read = look.key, look.newest, look.terminal.count
            listener.offer(translate.state_message("history", look, since=None, wanted=wanted))

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
        message = self._current(listener)
        listener.since, listener.read = look.newest or listener.since, look.terminal.count
        listener.offer_current(message)

    def _current(self, listener: Listener) -> Message:
        """Listeners that know and want the same get the same message."""
        wanted = self._bounded(listener.subscription)
        shared = (listener.since, listener.read, wanted.logs, wanted.messages)
        encoded = self._encoded.get(shared)
        if encoded is None:
            encoded = self._encoded[shared] = translate.state_message(
                "current", self._look, since=listener.since, read=listener.read, wanted=wanted
            )
        return encoded

    def _bounded(self, wanted: Subscription) -> Subscription:
        """Too many patterns at once are served without lines."""
        own = {lines for lines in (wanted.logs, wanted.messages) if isinstance(lines, LineFilter)}
        if not own or len(self._patterns | own) > MOST_PATTERNS:
            return replace(wanted, logs=False, messages=False) if own else wanted
        self._patterns |= own
        return wanted

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
            terminal=self._terminals.of(live.id),
        )
