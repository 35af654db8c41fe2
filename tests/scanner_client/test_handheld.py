from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from scanner_client.clock import Clock
from scanner_client.database import InUseError
from scanner_client.device import DEVICE_FILE, MARK_FILE, DeviceError, Mark, load_device, save_device
from scanner_client.handheld import QUEUE_FILE, open_handheld, standing, why_new_epoch
from tests.scanner_client.scans import scan_of


@pytest.mark.parametrize(
    ("queue", "device_epoch", "mark", "moved", "reason"),
    [
        pytest.param(Mark(epoch=7, seq=5), 7, Mark(epoch=7, seq=5), False, None, id="as it was left"),
        pytest.param(Mark(epoch=7, seq=5), 7, Mark(epoch=7, seq=3), False, None, id="mark lost by a power cut"),
        pytest.param(Mark(epoch=7, seq=5), 7, None, False, None, id="mark torn by a power cut"),
        pytest.param(Mark(epoch=7, seq=5), 6, Mark(epoch=6, seq=9), False, None, id="killed in a new epoch"),
        pytest.param(None, 7, Mark(epoch=7, seq=5), False, "is new", id="queue lost"),
        pytest.param(Mark(epoch=7, seq=5), 7, Mark(epoch=7, seq=6), False, "older copy: it ends at 5", id="copy"),
        pytest.param(Mark(epoch=7, seq=5), 8, Mark(epoch=8, seq=1), False, "older copy", id="copy of long ago"),
        pytest.param(Mark(epoch=7, seq=5), 7, Mark(epoch=8, seq=1), False, "older copy", id="device restored too"),
        pytest.param(Mark(epoch=7, seq=5), 7, Mark(epoch=7, seq=5), True, "from another", id="other machine"),
    ],
)
def test_queue_goes_on_only_where_nothing_speaks_against_it(
    *, queue: Mark | None, device_epoch: int, mark: Mark | None, moved: bool, reason: str | None
) -> None:
    known = frozenset({6, 7}) if queue else frozenset[int]()
    why = why_new_epoch(queue=queue, known=known, device_epoch=device_epoch, mark=mark, moved=moved)
    assert why is None if reason is None else why is not None and reason in why


def test_handheld_keeps_its_name_and_its_scans_when_it_is_switched_on_again(tmp_path: Path, clock: Clock) -> None:
    with open_handheld(tmp_path, clock) as first:
        [event] = first.commit([scan_of(1)])
    with open_handheld(tmp_path, clock) as again:
        [later] = again.commit([scan_of(2)])
        assert again.renewed is None
    assert later.name == (event.device_no, event.epoch, 2)


def test_scan_that_is_kept_is_never_said_to_be_lost_because_the_mark_beside_it_cannot_be_written(
    tmp_path: Path, clock: Clock
) -> None:
    with open_handheld(tmp_path, clock) as handheld:
        handheld.commit([scan_of(1)])
    (tmp_path / MARK_FILE).unlink()
    (tmp_path / MARK_FILE).symlink_to("/dev/full")
    with open_handheld(tmp_path, clock) as handheld:
        [event] = handheld.commit([scan_of(2)])
        assert (event.seq, handheld.outbox.waiting()) == (2, 2)


def test_restored_queue_goes_on_in_a_new_epoch_and_still_owes_what_was_in_it(tmp_path: Path, clock: Clock) -> None:
    home = tmp_path / "home"
    with open_handheld(home, clock) as handheld:
        first = handheld.commit([scan_of(1), scan_of(2)])
    shutil.copy(home / QUEUE_FILE, tmp_path / "copy")
    with open_handheld(home, clock) as handheld:
        handheld.commit([scan_of(3)])
    shutil.copy(tmp_path / "copy", home / QUEUE_FILE)
    with open_handheld(home, clock) as handheld:
        [event] = handheld.commit([scan_of(4)])
        assert handheld.renewed == "the queue is an older copy: it ends at 2, and 3 had been committed"
        old, new = handheld.outbox.epochs()
        assert (old.epoch, old.waiting) == (first[0].epoch, 2)
        assert (new.predecessor, new.waiting, event.seq) == (old.epoch, 1, 1)
        assert (new.lost_epoch, new.lost_through) == (old.epoch, 3), "and says that scan 3 is gone"
        assert handheld.outbox.next_run().lines == handheld.outbox.runs(old.epoch)[0].lines


def test_lost_queue_begins_a_new_epoch_that_names_the_one_before(tmp_path: Path, clock: Clock) -> None:
    with open_handheld(tmp_path, clock) as handheld:
        [event] = handheld.commit([scan_of(1)])
    for file in tmp_path.glob(QUEUE_FILE + "*"):
        file.unlink()
    with open_handheld(tmp_path, clock) as handheld:
        [epoch] = handheld.outbox.epochs()
        assert epoch.predecessor == event.epoch != epoch.epoch
        assert (epoch.lost_epoch, epoch.lost_through) == (event.epoch, 1)


def test_folder_copied_to_another_machine_begins_a_new_epoch(tmp_path: Path, clock: Clock) -> None:
    with open_handheld(tmp_path, clock) as handheld:
        epoch = handheld.outbox.epoch
        handheld.change(replace(handheld.device, machine="another machine"))
    with open_handheld(tmp_path, clock) as handheld:
        assert handheld.renewed == "the folder was copied to this machine from another"
        assert handheld.outbox.epoch != epoch
        assert handheld.device.predecessor == epoch
        assert handheld.outbox.epochs()[-1].lost_epoch is None
    with open_handheld(tmp_path, clock) as handheld:
        assert handheld.renewed is None


def test_power_cut_between_queue_and_device_file_costs_no_epoch(tmp_path: Path, clock: Clock) -> None:
    with open_handheld(tmp_path, clock) as handheld:
        before = handheld.device
        handheld.renew("a test")
        after = handheld.outbox.epoch
    save_device(tmp_path, before)
    (tmp_path / MARK_FILE).unlink()
    with open_handheld(tmp_path, clock) as handheld:
        assert handheld.outbox.epoch == after
    restored = load_device(tmp_path)
    assert restored is not None
    assert (restored.epoch, restored.predecessor) == (after, before.epoch)


def test_queue_without_its_key_is_refused_and_kept(tmp_path: Path, clock: Clock) -> None:
    with open_handheld(tmp_path, clock) as handheld:
        handheld.commit([scan_of(1)])
    (tmp_path / DEVICE_FILE).rename(tmp_path / "key")
    with pytest.raises(DeviceError, match=r"Put its device.json back"), open_handheld(tmp_path, clock):
        pass
    (tmp_path / "key").rename(tmp_path / DEVICE_FILE)
    with open_handheld(tmp_path, clock) as handheld:
        assert standing(handheld).waiting == 1


def test_queue_of_another_handheld_is_refused(tmp_path: Path, clock: Clock) -> None:
    for name in ("a", "b"):
        with open_handheld(tmp_path / name, clock):
            pass
    shutil.copy(tmp_path / "a" / QUEUE_FILE, tmp_path / "b" / QUEUE_FILE)
    with pytest.raises(DeviceError, match="belongs to another handheld"), open_handheld(tmp_path / "b", clock):
        pass


def test_second_program_on_the_same_queue_is_refused(tmp_path: Path, clock: Clock) -> None:
    with (
        open_handheld(tmp_path, clock),
        pytest.raises(InUseError, match="is open in another process: end that first"),
        open_handheld(tmp_path, clock),
    ):
        pass
