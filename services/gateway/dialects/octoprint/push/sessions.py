"""SockJS's sessions over HTTP: they outlive single requests, and end 5 s after the last one that listened."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from services.gateway.dialects.octoprint.push.channel import Channel
from services.gateway.dialects.octoprint.push.listener import GO_AWAY, Listener

FORGOTTEN_AFTER = 5.0  # seconds without a receiving request

Key = tuple[str | None, str]  # the printer that the path named, and the id that the client chose


class Session:
    """A listener that is reached by requests; `listening` while one of them receives, else free since `left_at`."""

    def __init__(self, listener: Listener, now: float) -> None:
        self.listener = listener
        self.listening = False
        self.left_at = now


class Sessions:
    """The sessions of one channel, swept at each of its ticks."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._sessions: dict[Key, Session] = {}
        channel.on_tick.append(self._sweep)

    def find(self, key: Key) -> Session | None:
        """The session of that id, while it lives."""
        return self._sessions.get(key)

    def open(self, key: Key, address: str) -> Session:
        """A new session. Raises as `Channel.join`."""
        session = Session(self._channel.join(key[0], address), self._channel.now())
        self._sessions[key] = session
        return session

    @contextmanager
    def receiving(self, session: Session) -> Iterator[Listener]:
        """While a request receives."""
        session.listening = True
        try:
            yield session.listener
        finally:
            session.listening, session.left_at = False, self._channel.now()

    def _sweep(self, now: float) -> None:
        """An ended session is kept as long, so that its client can be told."""
        for key, session in list(self._sessions.items()):
            if not session.listening and now - session.left_at >= FORGOTTEN_AFTER:
                del self._sessions[key]
                session.listener.end(GO_AWAY)
                self._channel.leave(session.listener)
