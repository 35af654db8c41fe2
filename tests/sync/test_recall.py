"""What a recall bites on."""

import pytest

from sync.recall import Recall
from tests.handheld import CABLE, PHONE, unit

BY_LOT = Recall(number="R1", reason="battery", item=PHONE, lots=("L1",))
BY_ITEM = Recall(number="R2", reason="battery", item=PHONE)
BY_UNIT = Recall(number="R3", reason="battery", units=(unit("S1"),))


@pytest.mark.parametrize(
    ("recall", "key", "item", "lot"),
    [
        (BY_LOT, unit("S1"), PHONE, "L2"),
        (BY_LOT, unit("S1", CABLE), CABLE, "L1"),
        (BY_ITEM, unit("S1", CABLE), CABLE, None),
        (BY_UNIT, unit("S2"), PHONE, None),
        (BY_ITEM, "urn:gsma:imei:49015420-323751-0", None, None),
        (Recall(number="R4", reason="names nothing"), unit("S1"), PHONE, "L1"),
    ],
)
def test_it_lets_go(recall: Recall, key: str, item: str | None, lot: str | None) -> None:
    assert not recall.bites(key=key, item=item, lot=lot)


@pytest.mark.parametrize(
    ("recall", "key", "lot"),
    [
        (BY_LOT, unit("S1"), "L1"),
        (BY_LOT, unit("S1"), None),  # its lot is not known: it may be one of them
        (BY_ITEM, unit("never heard of"), "L9"),
        (BY_UNIT, unit("S1"), "L9"),
    ],
)
def test_it_bites(recall: Recall, key: str, lot: str | None) -> None:
    assert recall.bites(key=key, item=PHONE, lot=lot)


def test_a_recall_travels_as_a_row_and_bites_the_same() -> None:
    row = {"number": "R1", "reason": "battery", "item": PHONE, "lots": ["L1"], "units": None, "since_ms": 1}
    assert Recall.from_row(row) == BY_LOT
