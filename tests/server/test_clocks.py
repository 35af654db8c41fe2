"""Handhelds' clocks that jump, are set or are wrong: when a scan was made, and in which order."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from server.tables import events
from tests.handheld import BIN_A, BIN_B, DAY, Chain, unit
from tests.server.pushes import NOW, handheld, outcomes, place_of, stored
from tests.server.site import enrol, push, site


def test_a_gap_that_is_filled_is_held_between_the_scans_around_it(warehouse: str) -> None:
    device = handheld()
    for n in range(5):
        device.scan(DAY + n * 10, "inspect", unit(f"S{n}"), location=BIN_A)
    push(device, 3, 3, now_ms=NOW)
    device.boot_at_ms += 70  # this link is slower, which makes the scans look 70 ms later
    push(device, 1, 5, now_ms=NOW + 90_000)
    times = [t for (t,) in stored(events.c.event_ms)]
    assert times == sorted(times)


def test_a_clock_that_jumps_and_a_reboot_never_reverse_two_scans(warehouse: str) -> None:
    device = handheld()
    for n, error in enumerate((0, 10**11, -(10**9), -(DAY - 5_000))):  # right, forward, backward, 1970
        device.wall_error_ms = error
        device.boot, device.boot_at_ms = f"boot-{n}", DAY + n * 60_000 - 500
        device.scan(DAY + n * 60_000, "inspect", unit(f"S{n}"), location=BIN_A)
    device.wall_error_ms = 0
    taken = push(device, now_ms=NOW)
    assert taken.accepted == 4
    times = [t for (t,) in stored(events.c.event_ms)]
    assert times == sorted(times)
    assert times[0] == DAY
    assert DAY <= times[-1] <= NOW


def test_scans_before_a_change_of_battery_keep_their_time_though_they_come_after_it_in_two_pushes(
    warehouse: str,
) -> None:
    device = handheld()
    device.scan(DAY, "inspect", unit("S1"), location=BIN_A)
    push(device, now_ms=DAY + 1_000)
    for n in (2, 3):
        device.scan(DAY + n * 60_000, "inspect", unit(f"S{n}"), location=BIN_A)
    device.boot, device.boot_at_ms, device.wall_error_ms = "boot-2", NOW - 60_000, -(DAY - 5_000)
    device.scan(NOW - 30_000, "inspect", unit("S4"), location=BIN_A)
    push(device, 2, 2, now_ms=NOW)
    push(device, 3, now_ms=NOW + 1_000)
    assert [t for (t,) in stored(events.c.event_ms)] == [DAY, DAY + 120_000, DAY + 180_000, NOW - 30_000]


def test_a_scan_that_a_restored_server_gets_late_may_be_anywhere_between_its_neighbours_if_the_clock_was_set(
    warehouse: str,
) -> None:
    """Its boot was known to the server that was lost, and its wall clock is what is left."""
    device, days = handheld(), 86_400_000
    device.scan(DAY, "inspect", unit("S1"), location=BIN_A)
    push(device, now_ms=DAY + 1_000)
    device.boot, device.boot_at_ms = "boot-2", DAY + 5 * days
    device.scan(DAY + 6 * days, "inspect", unit("S2"), location=BIN_A)  # acknowledged by the server that was lost
    device.boot, device.boot_at_ms, device.wall_error_ms = "boot-3", DAY + 7 * days, 2 * days
    device.scan(DAY + 8 * days, "inspect", unit("S3"), location=BIN_A)
    assert push(device, 3, now_ms=DAY + 8 * days + 1_000).missing == [[2, 2]]
    push(device, 2, 2, now_ms=DAY + 8 * days + 2_000)
    ((below, _), (moment, doubt), (above, _)) = stored(events.c.event_ms, events.c.uncertainty_ms)
    assert abs(moment - (DAY + 6 * days)) <= doubt
    assert below < moment < above
    assert doubt <= max(moment - below, above - moment) + 2_000, "no further than its neighbours and their own doubt"


def test_scans_of_a_queue_that_was_begun_anew_are_timed_by_what_the_queue_before_it_told_of_that_boot(
    warehouse: str,
) -> None:
    device = handheld(wall_error_ms=-(DAY - 5_000))
    device.scan(DAY, "inspect", unit("S1"), location=BIN_A)
    push(device, now_ms=DAY + 1_000)
    renewed = Chain(1, epoch=2, boot=device.boot, boot_at_ms=device.boot_at_ms, wall_error_ms=device.wall_error_ms)
    renewed.scan(DAY + 60_000, "inspect", unit("S2"), location=BIN_A)
    renewed.boot, renewed.boot_at_ms, renewed.wall_error_ms = "boot-2", NOW - 60_000, 0
    push(renewed, now_ms=NOW, predecessor=device.epoch)
    assert [t for (t,) in stored(events.c.event_ms)] == [DAY, DAY + 60_000]


def test_scans_made_before_the_handheld_was_enrolled_keep_their_time(warehouse: str) -> None:
    """Or before it was enrolled again, with a server that was restored from an older backup and had forgotten it."""
    enrol(1, enrolled_ms=NOW - 1_000)
    chain = Chain(1)
    chain.scan(DAY, "move", unit("S1"), location=BIN_A)
    chain.scan(DAY + 60_000, "move", unit("S1"), location=BIN_B)
    push(chain, now_ms=NOW)
    assert stored(events.c.event_ms) == [(DAY,), (DAY + 60_000,)]


def test_a_queue_that_is_carried_as_a_file_uses_the_clocks_of_its_last_own_sending(warehouse: str) -> None:
    device = handheld(wall_error_ms=7_200_000)
    device.scan(DAY, "inspect", unit("S1"), location=BIN_A)
    push(device, now_ms=NOW)
    device.scan(NOW + 1_000, "inspect", unit("S2"), location=BIN_A)
    week_later = NOW + 7 * 86_400_000
    push(device, 2, now_ms=week_later, carried=True)
    assert [t for (t,) in stored(events.c.event_ms)] == [DAY, NOW + 1_000]


wrong_clocks = st.lists(st.integers(-(DAY - 10**7), 10**12), min_size=6, max_size=6)


@settings(max_examples=15, deadline=None)
@given(wrong_clocks)
def test_a_wrong_clock_never_changes_which_scans_are_accepted(errors: list[int]) -> None:
    found = []
    for wrong in ([0] * 6, errors):
        with site("sqlite://"):
            device = handheld()
            for n, error in enumerate(wrong):
                device.wall_error_ms = error
                device.scan(DAY + n * 60_000, "move", unit("S1"), location=[BIN_A, BIN_B][n % 2])
            taken = push(device, now_ms=NOW)
            found.append((taken.accepted, taken.acked_through, outcomes(taken), place_of(unit("S1"))))
    assert found[0] == found[1]
