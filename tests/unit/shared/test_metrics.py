"""Metrics: what is counted anyway appears under one name each, and a source that is away spoils nothing."""

from __future__ import annotations

from prometheus_client import CollectorRegistry

from shared.metrics import ServiceMetrics


def page(metrics: ServiceMetrics) -> list[str]:
    return [line for line in metrics.page().decode().splitlines() if not line.startswith("#")]


def test_counters_and_gauges_are_read_at_every_scrape() -> None:
    metrics = ServiceMetrics("gateway", "one", CollectorRegistry())
    counts = {"handled": 1}
    metrics.counts("bus_events", "What the bus counted.", lambda: counts)
    metrics.gauges("outbox_waiting", "Waiting.", lambda: {"count": 3})
    counts["handled"] = 5
    lines = page(metrics)
    assert 'jobwire_bus_events_total{event="handled"} 5.0' in lines
    assert 'jobwire_outbox_waiting{of="count"} 3.0' in lines
    assert any(line.startswith('jobwire_build_info{instance="one",service="gateway"') for line in lines)


def test_a_source_that_fails_leaves_the_others() -> None:
    metrics = ServiceMetrics("gateway", "one", CollectorRegistry())
    metrics.gauges("away", "Fails.", lambda: {}["x"])
    metrics.gauges("here", "Works.", lambda: {"x": 1})
    assert 'jobwire_here{of="x"} 1.0' in page(metrics)
    assert not any("jobwire_away" in line for line in page(metrics))


def test_a_closed_collector_leaves_its_registry() -> None:
    registry = CollectorRegistry()
    ServiceMetrics("gateway", "one", registry).close()
    assert ServiceMetrics("gateway", "one", registry).page()
