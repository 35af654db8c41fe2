"""What the one who scans is told."""

from dataclasses import replace

import pytest

from sync.event import ScanEvent
from sync.unit import Status
from sync.verdict import Judgement, Known, Verdict, judge
from tests.handheld import BIN_A, BIN_B, CARTON_1, CARTON_2, unit

SCAN = ScanEvent(
    device_no=1, epoch=1, seq=1, action="count", subject=unit("S1"), location=BIN_A, wall_ms=1, boot="b", boot_ms=1
)
RECEIVE = replace(SCAN, action="receive", document="ASN-1", container=CARTON_1, location=None)
STORED = Known(status=Status.STORED, expected=BIN_A, expected_location=BIN_A)
ANNOUNCED = Known(status=Status.ANNOUNCED, announced_by="ASN-1", announced_in=CARTON_1)


@pytest.mark.parametrize(
    ("event", "known", "verdict", "belongs"),
    [
        (SCAN, STORED, Verdict.RIGHT, None),
        (replace(SCAN, location=BIN_B), STORED, Verdict.KNOWN_ELSEWHERE, BIN_A),
        (SCAN, Known(status=Status.STORED, expected=CARTON_1, expected_location=BIN_A), Verdict.RIGHT, None),
        (SCAN, Known(status=Status.STORED, expected=CARTON_1, expected_location=BIN_B), Verdict.KNOWN_ELSEWHERE, BIN_B),
        (SCAN, Known(status=Status.SHIPPED), Verdict.SHIPPED_ALREADY, None),
        (SCAN, ANNOUNCED, Verdict.NOT_EXPECTED, None),
        (SCAN, Known(status=Status.PICKED), Verdict.NOT_EXPECTED, None),  # a count saw what should be gone
        (replace(SCAN, action="inspect"), Known(status=Status.PICKED), Verdict.RIGHT, None),  # in somebody's hands
        (replace(SCAN, action="link"), STORED, Verdict.RIGHT, None),
        (RECEIVE, ANNOUNCED, Verdict.RIGHT, None),
        (replace(RECEIVE, container=CARTON_2), ANNOUNCED, Verdict.KNOWN_ELSEWHERE, CARTON_1),
        (replace(RECEIVE, document="ASN-2"), ANNOUNCED, Verdict.NOT_EXPECTED, CARTON_1),
        (RECEIVE, STORED, Verdict.NOT_EXPECTED, BIN_A),
    ],
)
def test_the_verdict_says_whether_it_is_right_here(
    event: ScanEvent, known: Known, verdict: Verdict, belongs: str | None
) -> None:
    assert judge(event, known, recalled=False, whole=True) == Judgement(verdict=verdict, belongs=belongs)


def test_a_recall_comes_before_everything_else() -> None:
    assert judge(SCAN, STORED, recalled=True, whole=True).verdict is Verdict.RECALLED
    assert judge(SCAN, None, recalled=True, whole=False).verdict is Verdict.RECALLED


def test_a_handheld_whose_map_lacks_a_unit_does_not_call_it_unknown() -> None:
    assert judge(SCAN, None, recalled=False, whole=False).verdict is Verdict.CANNOT_TELL
    assert judge(SCAN, None, recalled=False, whole=True).verdict is Verdict.UNKNOWN
    assert judge(SCAN, Known(status=Status.SEEN), recalled=False, whole=True).verdict is Verdict.UNKNOWN


def test_a_serial_of_a_product_that_the_notice_lists_by_quantity_is_right() -> None:
    assert judge(RECEIVE, None, recalled=False, listed=True, whole=False).verdict is Verdict.RIGHT
    assert judge(SCAN, None, recalled=False, listed=True, whole=True).verdict is Verdict.UNKNOWN
