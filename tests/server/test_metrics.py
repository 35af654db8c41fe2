"""Several workers count together, however many of them come and go."""

from __future__ import annotations

from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest, values
from prometheus_client.multiprocess import MultiProcessCollector

from server import metrics


def serves(pid: int, pushes: int) -> None:
    """A worker with this number takes some pushes."""
    values.ValueClass = values.MultiProcessValue(lambda: pid)  # type: ignore[no-untyped-call]
    registry = CollectorRegistry()
    events = Counter("events", "Events", ["outcome"], registry=registry)
    seconds = Histogram("seconds", "Seconds", buckets=(1, 2), registry=registry)
    for _ in range(pushes):
        events.labels("accepted").inc()
        seconds.observe(1.5)


def test_what_workers_counted_that_have_ended_stays_counted_and_their_files_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    monkeypatch.setattr(values, "ValueClass", values.ValueClass)
    for pid in range(101, 106):
        serves(pid, pushes=pid - 100)
        metrics.forget(pid)
    serves(11, pushes=2)
    serves(1011, pushes=4)  # whose number ends like another's
    metrics.forget(11)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "counter_1011.db",
        "counter_ended.db",
        "histogram_1011.db",
        "histogram_ended.db",
    ]
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    told = generate_latest(registry).decode().splitlines()
    assert 'events_total{outcome="accepted"} 21.0' in told
    assert {
        'seconds_bucket{le="1.0"} 0.0',
        'seconds_bucket{le="2.0"} 21.0',
        "seconds_count 21.0",
        "seconds_sum 31.5",
    } <= set(told)
