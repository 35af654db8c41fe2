"""A scan that beeped survives a power cut, at whatever moment it comes."""

from __future__ import annotations

import random

from scanner_client.handheld import QUEUE_FILE
from tests.power_cut.cuts import cut, work
from tests.power_cut.disk import Beep, Disk, Sync, Truncate, Write

CUTS = 1_000


def test_whatever_beeped_is_there_after_the_power_was_cut() -> None:
    report = cut(work(seed=1), CUTS, seed=2)
    assert report.lost == []
    assert report.cuts == CUTS
    assert report.newer  # and some cuts came between the disk and the beep, so that they came close enough
    assert report.let_go
    assert report.pulled


def test_a_queue_that_does_not_wait_for_the_disk_loses_scans_that_beeped() -> None:
    report = cut(work(seed=1, weakened=True), 100, seed=2)
    assert len(report.lost) > 25
    assert any("had beeped" in found for found in report.lost)


def test_the_shift_is_long_enough_for_the_log_to_be_moved_into_the_database() -> None:
    log = work(seed=1).log
    begun = next(number for number, operation in enumerate(log) if isinstance(operation, Beep))
    assert any(isinstance(operation, Write) and operation.file == QUEUE_FILE for operation in log[begun:])


def test_what_was_synced_is_never_lost_and_what_was_not_may_be_torn() -> None:
    disk = Disk()
    disk.take(Write("a", 0, b"x" * 2048))
    disk.take(Sync("a"))
    assert {disk.after_cut(random.Random(seed))["a"] for seed in range(20)} == {b"x" * 2048}
    disk.take(Write("a", 0, b"y" * 2048))
    disk.take(Truncate("a", 1024))
    left = {disk.after_cut(random.Random(seed))["a"] for seed in range(200)}
    assert {b"x" * 2048, b"y" * 1024} <= left
    assert any({*content} == {*b"xy"} for content in left)
