"""The tally as Prometheus reads it: gathered when it asks, so counting costs nothing on the way of an event."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector, CollectorRegistry

from reaper_tui.stream.admission import Admission
from reaper_tui.stream.hub import Hub
from reaper_tui.stream.tally import BUCKETS

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
PREFIX = "reaper_stream"


class StreamCollector(Collector):
    """Turns the numbers of a hub into metrics."""

    def __init__(self, hub: Hub, admission: Admission) -> None:
        self._hub = hub
        self._admission = admission

    def collect(self) -> Iterator[Metric]:
        """Yield every metric as it is now."""
        hub, tally = self._hub, self._hub.tally
        live = sum(session.is_live for session in hub.sessions)
        for name, text, value in (
            ("listeners", "Connected listeners", len(hub.sessions)),
            ("listeners_live", "Listeners that are up to date", live),
            ("connections", "Connections that count against the limits", self._admission.listening),
            ("addresses", "Addresses that listen", self._admission.addresses),
            ("head", "Newest event sent", hub.flushed),
            ("pending_bytes", "Bytes that wait for listeners", tally.pending_bytes),
            ("lag_seconds", "From noting the last event to sending it", tally.lag_seconds),
            ("up", "Whether the feed can be read", int(hub.standing is not None and not hub.trouble)),
        ):
            yield GaugeMetricFamily(f"{PREFIX}_{name}", text, value)
        for name, text, value in (
            ("events", "Events taken from the feed", tally.events),
            ("deliveries", "Live events written to listeners", tally.deliveries),
            ("replayed", "Older events written to listeners", tally.replayed),
            ("sent_bytes", "Bytes of live events", tally.bytes),
            ("fell_behind", "Times a listener became slow", tally.fell_behind),
            ("gaps", "Times a listener was told of a gap", tally.gaps),
            ("opened", "Listeners that came", tally.opened),
            ("requests", "Requests and handshakes", tally.requests),
        ):
            yield CounterMetricFamily(f"{PREFIX}_{name}", text, value)
        for name, text, counts in (
            ("dismissed", "Listeners sent away, by reason", tally.dismissed),
            ("refused", "Requests and handshakes refused, by reason", tally.refused),
        ):
            family = CounterMetricFamily(f"{PREFIX}_{name}", text, labels=["reason"])
            for reason, count in sorted(counts.items()):
                family.add_metric([reason], count)
            yield family
        yield self._flushes()

    def _flushes(self) -> Metric:
        spread = self._hub.tally.flush_seconds
        below = 0
        buckets: list[tuple[str, float]] = []
        for bound, count in zip((*map(str, BUCKETS), "+Inf"), spread.counts, strict=True):
            below += count
            buckets.append((bound, below))
        return HistogramMetricFamily(
            f"{PREFIX}_flush_seconds", "Time to write one batch to all", buckets, sum_value=spread.total
        )


def registry_of(hub: Hub, admission: Admission) -> CollectorRegistry:
    """Return the registry of one service."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(StreamCollector(hub, admission))
    ProcessCollector(registry=registry)
    return registry


def exposition(registry: CollectorRegistry) -> bytes:
    """Return all metrics as text."""
    return generate_latest(registry)
