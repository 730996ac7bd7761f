"""Virtual loads for tests."""

from __future__ import annotations

from typing import Any

from services.load_controller.drivers.driver import Driver
from services.load_controller.drivers.house import Drivers
from shared.load_settings import LoadSettings, LoadType, VirtualLoadSettings

QUICK = VirtualLoadSettings(fade=2.0, travel=20.0, tilt=0.5, report_after=0.02)


def started(
    drivers: Drivers, kind: LoadType, sub_type: str = "", *, virtual: VirtualLoadSettings = QUICK, **last: Any
) -> Driver:
    """Load 1, which was `last` before."""
    driver = drivers.driver(LoadSettings(id=1, type=kind, sub_type=sub_type, virtual=virtual), last)
    driver.start()
    return driver
