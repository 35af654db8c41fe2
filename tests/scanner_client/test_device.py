from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from scanner_client.device import (
    DEVICE_FILE,
    MARK_FILE,
    DeviceError,
    Mark,
    MarkFile,
    is_signed,
    load_device,
    machine_fingerprint,
    new_device,
    new_epoch,
    save_device,
)
from sync.event import INT_MAX


def test_device_comes_back_as_it_was_saved(tmp_path: Path) -> None:
    device = new_device("Dock 1", "machine")
    save_device(tmp_path, device)
    assert load_device(tmp_path) == device


def test_folder_that_was_never_used_holds_no_device(tmp_path: Path) -> None:
    assert load_device(tmp_path) is None


def test_private_key_is_readable_for_its_owner_alone(tmp_path: Path) -> None:
    save_device(tmp_path, new_device("Dock 1", "machine"))
    assert (tmp_path / DEVICE_FILE).stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("damage", [b"", b"{}", b"[]", b"\xff", b'{"private_key": "AA=="}'])
def test_damaged_key_is_never_replaced_by_a_new_one(tmp_path: Path, damage: bytes) -> None:
    (tmp_path / DEVICE_FILE).write_bytes(damage)
    with pytest.raises(DeviceError, match="is damaged; put back a copy of it"):
        load_device(tmp_path)


def test_what_the_device_signs_only_its_key_proves() -> None:
    device, other = new_device("a", "m"), new_device("b", "m")
    assert is_signed(device.public_key, device.sign(b"x"), b"x")
    assert not is_signed(other.public_key, device.sign(b"x"), b"x")
    assert not is_signed(device.public_key, device.sign(b"x"), b"y")
    assert not is_signed(b"short", b"", b"x")


def test_epochs_are_safe_in_json_and_differ() -> None:
    epochs = {new_epoch() for _ in range(200)}
    assert len(epochs) == 200
    assert all(1 <= epoch <= INT_MAX for epoch in epochs)


def test_mark_remembers_the_last_event(tmp_path: Path) -> None:
    marks = MarkFile(tmp_path)
    assert marks.read() is None
    marks.write(Mark(epoch=2**53 - 1, seq=10))
    marks.write(Mark(epoch=5, seq=11))
    marks.close()
    with closing(MarkFile(tmp_path)) as again:
        assert again.read() == Mark(epoch=5, seq=11)


def test_mark_torn_by_a_power_cut_says_nothing(tmp_path: Path) -> None:
    with closing(MarkFile(tmp_path)) as marks:
        marks.write(Mark(epoch=5, seq=11))
        data = bytearray((tmp_path / MARK_FILE).read_bytes())
        data[7] ^= 1
        (tmp_path / MARK_FILE).write_bytes(data)
        assert marks.read() is None


def test_fingerprint_of_one_machine_stays_the_same() -> None:
    assert machine_fingerprint() == machine_fingerprint()


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (0x00_1B_44_11_3A_B7, 0x00_1B_44_11_3A_B8, False),
        (0x02_1B_44_11_3A_B7, 0xDA_A1_19_00_00_01, True),
        (0x01_1B_44_11_3A_B7, 0x03_00_00_00_00_01, True),
    ],
    ids=["two cards", "an address that changes with each network", "no card"],
)
def test_a_machine_is_another_by_its_network_card_and_not_by_an_address_that_it_only_has_for_a_while(
    monkeypatch: pytest.MonkeyPatch, one: int, other: int, *, same: bool
) -> None:
    found = []
    for node in (one, other):
        monkeypatch.setattr("uuid.getnode", lambda node=node: node)
        found.append(machine_fingerprint())
    assert (found[0] == found[1]) is same
