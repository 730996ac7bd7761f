"""How long a machine waits for its heaters, each warming up at its own steady rate from the moment it was told."""

from __future__ import annotations

from services.printer_controller.analysis.machine import Machine

AMBIENT = 21.0  # °C
HOTTEST = 450.0


class Heating:
    """Temperatures over time, by heater (`tool0`, `bed`, `chamber`); times in seconds since the start of the file."""

    def __init__(self, machine: Machine) -> None:
        self._rates = {"bed": machine.bed_heating, "chamber": machine.chamber_heating}
        self._hotend_rate = machine.hotend_heating
        self._settling = machine.settling
        self._warming: dict[str, tuple[float, float]] = {}  # target and when it is reached

    def set(self, heater: str, target: float, now: float) -> None:
        """A new target (°C); cooling is taken to be over at once, since nothing waits for it as a rule."""
        target = min(target, HOTTEST)
        start = self._temperature(heater, now)
        self._warming[heater] = (target, now + max(0.0, target - start) / self._rate(heater))

    def wait(self, heater: str, now: float) -> float:
        """How long to wait until the target is reached and holds."""
        _, reached = self._warming.get(heater, (0.0, 0.0))
        return max(0.0, reached - now) + self._settling

    def _temperature(self, heater: str, now: float) -> float:
        target, reached = self._warming.get(heater, (AMBIENT, 0.0))
        return max(AMBIENT, target - max(0.0, reached - now) * self._rate(heater))

    def _rate(self, heater: str) -> float:
        return self._rates.get(heater, self._hotend_rate)
