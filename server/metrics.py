"""Figures for Prometheus at /metrics.

Each app has a registry of its own. With several workers every scrape reaches one of them, so they count in files of
one folder (`share`), and whichever is asked adds up over all of them. What is read from the database (open cases,
handhelds) is the same from every one of them.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import Final

from flask import Blueprint, Flask, Response, current_app
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest, values
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from server.database import reading
from server.ingest import Ingested
from server.standing import read_standing
from sync.protocol import Outcome

blueprint = Blueprint("metrics", __name__)

_FOLDER: Final = "PROMETHEUS_MULTIPROC_DIR"
"""Environment variable of prometheus_client: where the processes of one server count together."""
_ENDED: Final = "ended"
"""Stands for a process's number in the names of the files of all that have ended."""
SCRAPES_MAX: Final = 3
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
        yield GaugeMetricFamily("scan_changes_untold", "Changes that the server failed to tell", value=standing.untold)
        yield GaugeMetricFamily("scan_changes_unread", "Changes a handheld could not read", value=standing.unread)


def register(app: Flask) -> None:
    """Give this app its figures and the page that shows them."""
    app.extensions["figures"] = Figures()
    app.register_blueprint(blueprint)


def share() -> Path | None:
    """Count from now on together with the processes that this one forks; the folder that was made for it.

    None where the environment names a folder already: prometheus_client uses that one by itself.
    """
    if _FOLDER in os.environ:
        return None
    folder = tempfile.mkdtemp(prefix="scan-metrics-")
    os.environ[_FOLDER] = folder
    # prometheus_client asks for the variable when it is imported, and that was before anyone knew how many workers.
    values.ValueClass = values.MultiProcessValue()  # type: ignore[no-untyped-call]
    return Path(folder)


def unshare(folder: Path) -> None:
    """Remove what `share` made."""
    shutil.rmtree(folder, ignore_errors=True)


def forget(pid: int) -> None:
    """A process that counted with others has ended: what it counted is added to what those before it did.

    Workers are replaced for ever, and each scrape reads every file: there are no more of them than workers.
    """
    for path in sorted(Path(os.environ[_FOLDER]).glob(f"*_{pid}.db")) if _FOLDER in os.environ else ():
        kind = path.stem.removesuffix(f"_{pid}")  # counters and histograms, whose values add up
        ended = MmapedDict(str(path.with_name(f"{kind}_{_ENDED}.db")))  # type: ignore[no-untyped-call]
        for key, value, at_s, _ in MmapedDict.read_all_values_from_file(str(path)):  # type: ignore[no-untyped-call]
            before, _ = ended.read_value(key)  # type: ignore[no-untyped-call]
            ended.write_value(key, before + value, at_s)  # type: ignore[no-untyped-call]
        ended.close()  # type: ignore[no-untyped-call]
        path.unlink()


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
    counted = _counted_by_all() if _FOLDER in os.environ else generate_latest(figures.registry)
    standing = CollectorRegistry()
    standing.register(StandingCollector())
    return Response(counted + generate_latest(standing), content_type=CONTENT_TYPE_PLAIN_0_0_4)


def _counted_by_all() -> bytes:
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    for _ in range(SCRAPES_MAX - 1):
        with suppress(FileNotFoundError):  # a process has ended meanwhile, and its file is gone
            return generate_latest(registry)
    return generate_latest(registry)
