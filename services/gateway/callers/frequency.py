"""How often an address may ask for something: moving windows over what was let through, in bounded memory."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Sequence

from services.gateway.callers.lockout import network_of
from shared.clock import Clock
from shared.errors import Refused

# Times and seconds, as OctoPrint 1.11 limits requests for application keys (recorded).
LIMITS = ((3, 60.0), (5, 600.0), (10, 3600.0))
ADDRESSES = 10_000


Limits = Sequence[tuple[int, float]]


def wait_for(times: Sequence[float], now: float, limits: Limits = LIMITS) -> float:
    """Seconds until one more is allowed, 0 for at once; `times` are those let through, the oldest first."""
    return max([0.0, *(times[-most] + window - now for most, window in limits if len(times) >= most)])


class Frequency:
    """Counts for one gateway; IPv6 clients by their /64. What was refused does not count; `what` is for people."""

    def __init__(self, clock: Clock, limits: Limits = LIMITS, what: str = "requests for application keys") -> None:
        self._clock = clock
        self._limits = limits
        self._what = what
        self._times: OrderedDict[str, deque[float]] = OrderedDict()

    def count(self, address: str) -> None:
        """One more from this address. Raises `Refused` (`too_often`, `detail["retry_after"]` in seconds)."""
        subject, now = network_of(address), self._clock.monotonic()
        times = self._times.setdefault(subject, deque(maxlen=max(most for most, _ in self._limits)))
        self._times.move_to_end(subject)
        if len(self._times) > ADDRESSES:
            self._times.popitem(last=False)
        seconds = wait_for(times, now, self._limits)
        if seconds > 0:
            wait = int(seconds) + 1
            raise Refused(
                f"Too many {self._what} from here: try again in {wait} s",
                code="too_often",
                detail={"retry_after": wait},
            )
        times.append(now)
