"""Figures for Prometheus at /metrics.

Each app has a registry of its own. With several workers every scrape reaches one of them, so set
`PROMETHEUS_MULTIPROC_DIR` to an empty folder before they start: the counters then add up over all workers. What
is read from the database (open cases, handhelds) is the same from every one of them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Final

from flask import Blueprint, Flask, Response, current_app
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from server.database import reading
from server.ingest import Ingested
from server.standing import read_standing
from sync.protocol import Outcome

blueprint = Blueprint("metrics", __name__)

PUSH_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Figures:
    """The counters of one app."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.events = Counter(
            "scan_events", "Events that handhelds sent, by what became of them", ["outcome"], registry=self.registry
        )
        self.failed = Counter(
            "scan_events_failed", "Events that were set aside because the server failed on them", registry=self.registry
        )
        self.push_seconds = Histogram(
            "scan_push_seconds",
            "From a verified push to its durable answer",
            buckets=PUSH_SECONDS,
            registry=self.registry,
        )
        for outcome in Outcome:
            self.events.labels(outcome.value)


class StandingCollector(Collector):
    """What stands in the database at the moment of the scrape."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        with reading() as connection:
            standing = read_standing(connection)
        cases = GaugeMetricFamily("scan_cases_open", "Open cases, by rule", labels=["rule"])
        for rule, number in standing.open_cases.items():
            cases.add_metric([rule], number)
        yield cases
        yield GaugeMetricFamily("scan_devices", "Handhelds that may send", value=standing.devices)
        yield GaugeMetricFamily(
            "scan_events_waiting", "Events that handhelds said they had not sent yet", value=standing.waiting
        )
        yield GaugeMetricFamily("scan_events_quarantined", "Events nobody has repaired", value=standing.quarantined)


def register(app: Flask) -> None:
    """Give this app its figures and the page that shows them."""
    app.extensions["figures"] = Figures()
    app.register_blueprint(blueprint)


def push_seconds() -> AbstractContextManager[object]:
    """Times the block as one push."""
    figures: Figures = current_app.extensions["figures"]
    return figures.push_seconds.time()


def count_events(taken: Ingested) -> None:
    """Count what became of the events of one push."""
    figures: Figures = current_app.extensions["figures"]
    figures.events.labels(Outcome.ACCEPTED.value).inc(taken.accepted)
    figures.events.labels(Outcome.DUPLICATE.value).inc(taken.duplicate)
    figures.failed.inc(taken.failed)
    for exception in taken.exceptions:
        figures.events.labels(str(exception["outcome"])).inc()


@blueprint.get("/metrics")
def show() -> Response:
    """The figures, in Prometheus' text format."""
    figures: Figures = current_app.extensions["figures"]
    counted = figures.registry
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        counted = CollectorRegistry()
        MultiProcessCollector(counted)  # type: ignore[no-untyped-call]
    standing = CollectorRegistry()
    standing.register(StandingCollector())
    return Response(generate_latest(counted) + generate_latest(standing), content_type=CONTENT_TYPE_PLAIN_0_0_4)
