"""What a process counts, as Prometheus reads it: one registry, filled when it is asked.

Modules that count for themselves use `prometheus_client` and its default registry; this adds what the bus, the outbox
and the service count anyway.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from prometheus_client import REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from shared.build import version

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

Counts = Callable[[], Mapping[str, float]]


class ServiceMetrics:
    """The collector of one service. Sources are called at every scrape, from the thread of the ops server."""

    def __init__(self, service: str, instance: str, registry: CollectorRegistry = REGISTRY) -> None:
        self._labels = {"service": service, "instance": instance, "version": version()}
        self._registry = registry
        self._counts: list[tuple[str, str, Counts]] = []
        self._gauges: list[tuple[str, str, Counts]] = []
        registry.register(self)

    def counts(self, name: str, doc: str, source: Counts) -> None:
        """Export `jobwire_<name>_total{event=…}`: numbers that only grow."""
        self._counts.append((f"jobwire_{name}", doc, source))

    def gauges(self, name: str, doc: str, source: Counts) -> None:
        """Export `jobwire_<name>{of=…}`: numbers of now."""
        self._gauges.append((f"jobwire_{name}", doc, source))

    def collect(self) -> Iterator[Metric]:
        """Called by the registry. A source that fails leaves its family empty."""
        build = GaugeMetricFamily("jobwire_build_info", "What runs here.", labels=list(self._labels))
        build.add_metric(list(self._labels.values()), 1)
        yield build
        for name, doc, source in self._counts:
            yield _filled(CounterMetricFamily(name, doc, labels=["event"]), source)
        for name, doc, source in self._gauges:
            yield _filled(GaugeMetricFamily(name, doc, labels=["of"]), source)

    def page(self) -> bytes:
        """All of it as text."""
        return generate_latest(self._registry)

    def close(self) -> None:
        """Leave the registry."""
        self._registry.unregister(self)


def _filled(family: CounterMetricFamily | GaugeMetricFamily, source: Counts) -> Metric:
    try:
        values = dict(source())
    except Exception:  # a scrape must not fail because one source is away
        values = {}
    for label, value in sorted(values.items()):
        family.add_metric([label], value)
    return family
