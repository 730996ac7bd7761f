"""The bus: messages between services over MQTT, acknowledged after they were handled, answered when asked."""

from shared.bus.bus import Bus
from shared.bus.counters import Counters
from shared.bus.delivery import NOT_MINE, Delivery

__all__ = ["NOT_MINE", "Bus", "Counters", "Delivery"]
