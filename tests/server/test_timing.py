"""Event times: estimated from two clocks, of which one may be anything."""

from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from server.timing import DRIFT_PPM, TRANSIT_MS, WALL_UNCERTAINTY_MS, ClockSample, Estimate, Reading, estimate
from tests.handheld import DAY

NOW = DAY + 3_600_000
BOOTED = DAY - 1_000_000
SAMPLE = ClockSample(boot="now", offset_ms=BOOTED, wall_skew_ms=0)
FLOOR = DAY - 5_000_000


def at(event_ms: int) -> Estimate:
    return Estimate(event_ms=event_ms)


def this_boot(at_ms: int, wall_ms: int = 0) -> Reading:
    return Reading(boot="now", boot_ms=at_ms - BOOTED, wall_ms=wall_ms)


def earlier_boot(wall_ms: int) -> Reading:
    return Reading(boot="before", boot_ms=5, wall_ms=wall_ms)


def test_the_boot_clock_places_a_scan_whatever_the_wall_clock_says() -> None:
    readings = [this_boot(DAY, wall_ms=wrong) for wrong in (0, DAY, 4_000_000_000_000)]
    found = estimate(readings, SAMPLE, floor=at(FLOOR), ceiling=at(NOW))
    assert {e.event_ms for e in found} == {DAY}
    assert {e.uncertainty_ms for e in found} == {TRANSIT_MS + 3_600_000 * DRIFT_PPM // 1_000_000}


def test_a_scan_of_an_earlier_boot_is_placed_by_the_wall_clock_and_what_it_was_off() -> None:
    slow = ClockSample(boot="now", offset_ms=BOOTED, wall_skew_ms=7_000)
    (found,) = estimate([earlier_boot(DAY - 2_007_000)], slow, floor=at(FLOOR), ceiling=at(NOW))
    assert (found.event_ms, found.uncertainty_ms) == (DAY - 2_000_000, WALL_UNCERTAINTY_MS)


def test_a_scan_before_a_change_of_battery_is_placed_by_the_clock_that_was_sampled_before_it() -> None:
    sample = ClockSample(boot="now", offset_ms=BOOTED, earlier_boot="before", earlier_offset_ms=DAY - 2_000_005)
    (found,) = estimate([earlier_boot(wall_ms=1_000)], sample, floor=at(FLOOR), ceiling=at(NOW))
    assert (found.event_ms, found.uncertainty_ms) == (DAY - 2_000_000, TRANSIT_MS + 5_600_000 * DRIFT_PPM // 1_000_000)


def test_a_clock_that_stood_at_1970_leaves_the_scan_between_its_neighbours() -> None:
    before, after = DAY - 3_000_000, DAY - 900_000
    first, second = estimate([earlier_boot(1_000), this_boot(after)], SAMPLE, floor=at(before), ceiling=at(NOW))
    assert before <= first.event_ms <= second.event_ms == after
    # not half a century: it lies between its neighbours, and those are known to within the transit and the drift
    assert after - before <= first.uncertainty_ms == after - before + second.uncertainty_ms


@pytest.mark.parametrize("off_ms", [-600_000, 600_000])
def test_a_scan_that_a_wrong_neighbour_holds_is_said_to_be_wrong_by_as_much(off_ms: int) -> None:
    """A restored server has the scans after a gap first, by a clock that it has forgotten."""
    wrong = Estimate(event_ms=DAY + off_ms, uncertainty_ms=900_000)
    floor, ceiling = (at(FLOOR), wrong) if off_ms < 0 else (wrong, at(NOW))
    (found,) = estimate([this_boot(DAY)], SAMPLE, floor=floor, ceiling=ceiling)
    drift_ms = max(0, ceiling.event_ms - DAY) * DRIFT_PPM // 1_000_000
    assert found == Estimate(event_ms=DAY + off_ms, uncertainty_ms=abs(off_ms) + TRANSIT_MS + drift_ms)


gaps = st.lists(st.tuples(st.integers(0, 10**6), st.booleans()), min_size=3, max_size=10)


@given(
    gaps, st.integers(-(10**7), 10**7), st.integers(-(10**7), 10**7), st.integers(0, 10**13), st.integers(0, TRANSIT_MS)
)
def test_a_scan_of_the_sampled_boot_is_as_near_as_is_said_however_wrong_its_neighbours_are(
    steps: list[tuple[int, bool]], before_ms: int, after_ms: int, wall_ms: int, transit_ms: int
) -> None:
    (_, *between, _), moments = steps, [DAY]
    for gap_ms, _ in steps[1:]:
        moments.append(moments[-1] + gap_ms)
    true = moments[1:-1]
    clocks = [this_boot(ms) if known else earlier_boot(wall_ms) for ms, (_, known) in zip(true, between, strict=True)]
    floor, ceiling = (
        Estimate(event_ms=ms + off_ms, uncertainty_ms=abs(off_ms))
        for ms, off_ms in ((moments[0], before_ms), (moments[-1], after_ms))
    )
    sample = replace(SAMPLE, offset_ms=SAMPLE.offset_ms + transit_ms)
    found = estimate(clocks, sample, floor=floor, ceiling=ceiling)
    for estimated, ms, (_, known) in zip(found, true, between, strict=True):
        assert not known or abs(estimated.event_ms - ms) <= estimated.uncertainty_ms


wall_clocks = st.one_of(st.integers(0, 2**53 - 1), st.integers(DAY - 10**7, DAY + 10**7))
readings = st.lists(
    st.one_of(
        st.builds(Reading, boot=st.just("now"), boot_ms=st.integers(0, 2**53 - 1), wall_ms=wall_clocks),
        st.builds(Reading, boot=st.sampled_from(["a", "b"]), boot_ms=st.integers(0, 10**9), wall_ms=wall_clocks),
    ),
    max_size=12,
)


@given(readings, st.integers(-(2**53), 2**53), st.integers(0, 10**8))
def test_no_clock_ever_reverses_two_scans_or_leaves_the_time_between_the_neighbours(
    clocks: list[Reading], skew: int, span: int
) -> None:
    sample = ClockSample(boot="now", offset_ms=BOOTED, wall_skew_ms=skew)
    found = estimate(clocks, sample, floor=at(FLOOR), ceiling=at(FLOOR + span))
    times = [e.event_ms for e in found]
    assert len(times) == len(clocks)
    assert times == sorted(times)
    assert all(FLOOR <= t <= FLOOR + span for t in times)
    assert all(0 <= e.uncertainty_ms < 2**62 for e in found)


def sending(at_ms: int, *, boot: str = "now", booted: int = BOOTED) -> Reading:
    return Reading(boot=boot, boot_ms=at_ms - booted, wall_ms=at_ms)


def test_a_slow_link_in_mid_shift_moves_no_scan_to_a_later_moment() -> None:
    quick = ClockSample().after(sending(DAY), DAY + 30)
    slow = quick.after(sending(DAY + 60_000), DAY + 68_000)
    (found,) = estimate([this_boot(DAY + 59_000)], slow, floor=at(FLOOR), ceiling=at(NOW))
    assert abs(found.event_ms - (DAY + 59_000)) <= 30 + 60_000 * DRIFT_PPM // 1_000_000
    assert found.uncertainty_ms >= 7_000  # or the server's clock was set meanwhile, and then it lies so much later


def test_a_first_sending_of_a_boot_that_was_long_on_its_way_is_not_said_to_be_sure() -> None:
    before = ClockSample().after(sending(DAY - 60_000, boot="before"), DAY - 60_000 + 30)
    slow = before.after(sending(DAY), DAY + 7_000)
    (found,) = estimate([this_boot(DAY - 1_000)], slow, floor=at(FLOOR), ceiling=at(NOW))
    assert TRANSIT_MS < abs(found.event_ms - (DAY - 1_000)) <= found.uncertainty_ms
    again = slow.after(sending(DAY + 8_000), DAY + 15_100)
    (found,) = estimate([this_boot(DAY + 7_000)], again, floor=at(FLOOR), ceiling=at(NOW))
    assert TRANSIT_MS < abs(found.event_ms - (DAY + 7_000)) <= found.uncertainty_ms, "nor is the next that was slow"
    week = again.after(sending(DAY + 7 * 86_400_000), DAY + 7 * 86_400_000 + 7_050)
    assert week.doubt_ms == slow.doubt_ms, "nor what may be drift"
    quick = again.after(sending(DAY + 16_000), DAY + 16_030)
    assert (quick.offset_ms, quick.doubt_ms) == (BOOTED + 30, 0), "a quick one says how late they were"


def test_a_scan_before_a_change_of_battery_is_as_doubtful_as_the_slow_sending_that_sampled_its_clock() -> None:
    first = ClockSample().after(sending(DAY - 60_000, boot="first"), DAY - 60_000 + 30)
    slow = first.after(sending(DAY, boot="before"), DAY + 7_000)
    now = slow.after(sending(DAY + 60_000), DAY + 60_030)
    (found,) = estimate(
        [Reading(boot="before", boot_ms=DAY - BOOTED + 9, wall_ms=0)], now, floor=at(FLOOR), ceiling=at(NOW)
    )
    assert TRANSIT_MS < abs(found.event_ms - (DAY + 9)) <= found.uncertainty_ms


@pytest.mark.parametrize("set_by_ms", [-7_000, -800, 800, 3_600_000])
def test_a_quick_first_sending_of_a_boot_is_sure_where_its_wall_clock_says_nothing_of_a_slow_link(
    set_by_ms: int,
) -> None:
    before = ClockSample().after(sending(DAY - 60_000, boot="before"), DAY - 60_000 + 30)
    sent = Reading(boot="now", boot_ms=DAY - BOOTED, wall_ms=DAY - set_by_ms)
    assert before.after(sent, DAY + 30).doubt_ms == 0


def test_a_sending_that_is_overtaken_on_its_way_says_nothing_about_the_clock() -> None:
    known = ClockSample().after(sending(DAY), DAY + 30)
    assert known.after(sending(DAY - 1), DAY + 400_000) == known


def test_a_clock_that_stood_still_in_a_suspended_machine_is_believed_anew() -> None:
    known = ClockSample().after(sending(DAY), DAY + 30)
    slept = Reading(boot="now", boot_ms=DAY + 1_000 - BOOTED, wall_ms=DAY + 3_600_000)
    woken = known.after(slept, DAY + 3_600_000)
    assert (woken.offset_ms, woken.doubt_ms) == (BOOTED + 3_599_000, 0)


def test_a_sending_that_a_proxy_held_for_minutes_says_nothing_about_the_clock() -> None:
    known = ClockSample().after(sending(DAY), DAY + 30)
    assert known.after(sending(DAY + 1_000), DAY + 400_000).offset_ms == BOOTED + 30


def test_a_sending_that_was_held_for_minutes_while_a_copy_of_its_queue_sent_is_said_to_be_late_by_as_much() -> None:
    """Or its machine slept meanwhile: what would tell the two apart is no longer known."""
    known = ClockSample().after(sending(DAY), DAY + 30)
    copied = known.after(sending(DAY + 60_000, boot="the copy's"), DAY + 60_030)
    held = copied.after(sending(DAY + 61_000), DAY + 182_000)
    (found,) = estimate([this_boot(DAY + 1_000)], held, floor=at(FLOOR), ceiling=at(DAY + 182_000))
    assert abs(found.event_ms - (DAY + 1_000)) <= found.uncertainty_ms
    assert found.uncertainty_ms < 125_000


def test_a_quick_sending_after_a_slow_one_mends_what_that_one_said() -> None:
    slow = ClockSample().after(sending(DAY), DAY + 8_000)
    assert slow.after(sending(DAY + 60_000), DAY + 60_030).offset_ms == BOOTED + 30


def test_the_clock_of_the_boot_before_is_kept_while_its_battery_is_changed() -> None:
    before = ClockSample().after(sending(DAY, boot="before"), DAY + 30)
    now = before.after(sending(DAY + 60_000), DAY + 60_030)
    again = now.after(sending(DAY + 70_000), DAY + 70_030)
    assert again.offset_of("before") == now.offset_of("before") == BOOTED + 30


def test_a_wall_clock_that_was_set_while_scans_waited_is_told_to_be_wrong_by_that_much() -> None:
    enrolled = ClockSample().after(sending(DAY - 4_000_000, boot="enrolled"), DAY - 4_000_000)
    set_back = Reading(boot="now", boot_ms=DAY - BOOTED, wall_ms=DAY - 3_600_000)
    (found,) = estimate(
        [earlier_boot(DAY - 3_900_000)], enrolled.after(set_back, DAY), floor=at(FLOOR), ceiling=at(DAY)
    )
    assert abs(found.event_ms - (DAY - 3_900_000)) <= found.uncertainty_ms


@given(st.integers(-(10**9), 10**9), st.integers(-(10**9), 10**9))
def test_a_wall_clock_that_was_set_twice_while_scans_waited_is_told_to_be_wrong_by_all_that_may_be(
    first_ms: int, second_ms: int
) -> None:
    """The second time sets it right again but for a part; the scan was made between, in a boot that sent nothing."""
    enrolled = ClockSample().after(sending(DAY - 4_000_000, boot="enrolled"), DAY - 4_000_000)
    scanned, left_ms = earlier_boot(DAY - 2_000_000 + first_ms), first_ms + second_ms
    sent = Reading(boot="now", boot_ms=DAY - BOOTED, wall_ms=DAY + left_ms)
    assume(abs(left_ms) > WALL_UNCERTAINTY_MS)  # else nobody can know
    (found,) = estimate([scanned], enrolled.after(sent, DAY), floor=at(FLOOR), ceiling=at(DAY))
    assert abs(found.event_ms - (DAY - 2_000_000)) <= found.uncertainty_ms


@given(st.integers(-(10**9), 10**9))
def test_a_wall_clock_that_was_set_right_again_before_anything_was_sent_is_seen_in_the_scans(off_ms: int) -> None:
    enrolled = ClockSample().after(sending(DAY - 4_000_000, boot="enrolled"), DAY - 4_000_000)
    true = [DAY - 3_000_000, DAY - 2_000_000, DAY - 1_900_000]
    walls = [true[0], true[1] + off_ms, true[2]]
    scans = [Reading(boot="before", boot_ms=ms - true[0], wall_ms=max(0, w)) for ms, w in zip(true, walls, strict=True)]
    found = estimate(scans, enrolled.after(sending(DAY), DAY), floor=at(FLOOR), ceiling=at(DAY))
    assert all(abs(f.event_ms - ms) <= f.uncertainty_ms for f, ms in zip(found, true, strict=True))
