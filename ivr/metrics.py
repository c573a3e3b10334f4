"""Figures for Prometheus: what the service sees and how it fares."""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import REGISTRY, Collector

from ivr.calls.facts import CallEnded, Fact
from ivr.calls.tracker import Tracker
from ivr.pbx.session import Session

CALLS = Counter("ivr_calls", "Calls that ended", ["direction", "disposition"])
FAILURES = Counter("ivr_fact_subscriber_failures", "Facts that a subscriber failed on")


class Metrics(Collector):
    """Reads the session's and the tracker's own figures when asked."""

    def __init__(self, session: Session, tracker: Tracker) -> None:
        self._session = session
        self._tracker = tracker

    def on_fact(self, fact: Fact) -> None:
        if isinstance(fact, CallEnded):
            disposition = fact.call.disposition
            CALLS.labels(fact.call.direction.value, disposition.value if disposition else "").inc()

    def subscriber_failed(self) -> None:
        FAILURES.inc()

    def collect(self) -> Iterator[Metric]:
        state = self._session.state
        yield GaugeMetricFamily("ivr_ami_up", "1 while AMI is watched", value=state.booted)
        yield CounterMetricFamily("ivr_ami_events", "Events from AMI", value=state.events)
        yield CounterMetricFamily(
            "ivr_ami_reconnects", "Times AMI was connected again", value=state.reconnects
        )
        yield CounterMetricFamily(
            "ivr_ami_dropped_messages", "Messages too long to be one", value=state.dropped
        )
        yield CounterMetricFamily(
            "ivr_ami_subscriber_failures", "Exceptions on events", value=state.failures
        )
        yield GaugeMetricFamily("ivr_ami_queue", "Messages waiting", value=state.queue)
        yield GaugeMetricFamily("ivr_ami_lag_seconds", "Age of the last event", value=state.lag_s)
        yield GaugeMetricFamily("ivr_open_calls", "Calls now", value=len(self._tracker.calls))

    def text(self) -> bytes:
        """Everything, in Prometheus' text format."""
        own = CollectorRegistry()
        own.register(self)
        return generate_latest(REGISTRY) + generate_latest(own)
