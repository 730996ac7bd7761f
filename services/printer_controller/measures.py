"""What the printers count, for the service's metrics page."""

from __future__ import annotations

from dataclasses import asdict

from services.printer_controller import view as views
from services.printer_controller.fleet import Fleet
from shared.metrics import ServiceMetrics


def export(fleet: Fleet, metrics: ServiceMetrics) -> None:
    """Show the printers' numbers; labels are `<printer>.<what>`."""
    metrics.counts("serial_events", "What happened on the printers' lines.", lambda: _serial(fleet))
    metrics.counts("reports_dropped", "Reports that did not fit before the database.", lambda: _dropped(fleet))
    metrics.gauges("printers", "How the printers are.", lambda: _printers(fleet))


def _serial(fleet: Fleet) -> dict[str, float]:
    return {
        f"{printer.id}.{name}": value
        for printer in fleet
        if printer.session is not None
        for name, value in asdict(printer.session.counters).items()
        if isinstance(value, int | float)
    }


def _dropped(fleet: Fleet) -> dict[str, float]:
    return {f"{printer.id}.{name}": count for printer in fleet for name, count in printer.notes.dropped.items()}


def _printers(fleet: Fleet) -> dict[str, float]:
    values: dict[str, float] = {}
    for printer in fleet:
        values[f"{printer.id}.held"] = printer.held
        values[f"{printer.id}.available"] = views.availability(printer.status) == "online"
        values[f"{printer.id}.printing"] = printer.run is not None
        values[f"{printer.id}.notes_waiting"] = len(printer.notes)
    return values
