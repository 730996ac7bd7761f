"""What the load controller counts."""

from __future__ import annotations

from collections.abc import Mapping

from services.load_controller.controller import Controller
from shared.metrics import ServiceMetrics


def export(controller: Controller, metrics: ServiceMetrics) -> None:
    """Show it on the metrics page."""

    def loads() -> Mapping[str, float]:
        held = [load for load in controller.loads if load.driver is not None]
        return {
            "known": len(controller.loads),
            "held": len(held),
            "away": sum(load.available is False for load in held),
            "awaited": len(controller.driving.deadlines),
        }

    def waiting() -> Mapping[str, float]:
        return {"receipts": len(controller.outcomes), "parked": len(controller.parked)}

    metrics.gauges("loads", "Loads of the house, and commands that they have not answered.", loads)
    metrics.gauges("load_controller_waiting", "What waits to be written or to be taken over.", waiting)
    metrics.gauges("parts_held", "Shards and house held here.", lambda: {"all": len(controller.holdings.held)})
