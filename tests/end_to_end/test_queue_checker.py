"""The checker says nothing about a whole queue, and names each way in which one can be wrong."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sync.event import GENESIS, decode
from tests.end_to_end.queue_checker import Evidence, Stored, findings
from tests.handheld import DAY, DOCK, Chain, unit

CHAIN = Chain(7)
for _serial in ("A", "B", "C"):
    CHAIN.scan(DAY, "receive", unit(_serial), location=DOCK)
NAMES = [(7, 1, seq) for seq in (1, 2, 3)]
ROWS = {
    name: [Stored(line=line, digest=digest, outcome="accepted")]
    for name, line, digest in zip(NAMES, CHAIN.lines, CHAIN.digests[1:], strict=True)
}
WHOLE = Evidence(
    typed={decode(line).barcode or b"": 1 for line in CHAIN.lines},
    beeped=dict.fromkeys(NAMES[:2], None) | {NAMES[0]: unit("A"), NAMES[1]: unit("B")},
    committed=dict(zip(NAMES, CHAIN.lines, strict=True)),
    released={(7, 1): 3},
    stored=ROWS,
    marks={(7, 1): (3, CHAIN.digests[3])},
)
FIRST_ONLY = {NAMES[0]: ROWS[NAMES[0]]}
GAP = {name: rows for name, rows in ROWS.items() if name != NAMES[1]}


def test_a_scan_that_was_kept_before_it_could_beep_is_in_order() -> None:
    assert findings(WHOLE) == []


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (replace(WHOLE, beeped={**WHOLE.beeped, (7, 1, 9): None}), "7.1.9 beeped and is not in the queue"),
        (replace(WHOLE, beeped={**WHOLE.beeped, NAMES[2]: unit("X")}), "7.1.3 beeped for"),
        (replace(WHOLE, stored=FIRST_ONLY, marks={(7, 1): (1, CHAIN.digests[1])}), "7.1.3 was committed once and is 0"),
        (replace(WHOLE, stored=ROWS | {NAMES[0]: ROWS[NAMES[0]] * 2}), "7.1.1 was committed once and is 2 times"),
        (replace(WHOLE, committed={**WHOLE.committed, NAMES[0]: CHAIN.lines[1]}), "7.1.1 has other bytes"),
        (
            replace(WHOLE, stored=ROWS | {NAMES[2]: [replace(ROWS[NAMES[2]][0], outcome="quarantined")]}),
            "7.1.3 is quarantined",
        ),
        (replace(WHOLE, committed={name: WHOLE.committed[name] for name in NAMES[:2]}), "no handheld committed it"),
        (replace(WHOLE, typed={}), "was typed 0 times and kept 1 times"),
        (Evidence(typed={}, beeped={}, committed={}, released={}, stored={}, marks={}), "such a run shows nothing"),
        (replace(WHOLE, stored=GAP), "7.1 is acknowledged through 3, and it is whole through 1"),
        (replace(WHOLE, marks={}), "7.1 is acknowledged through 0, and it is whole through 3"),
        (replace(WHOLE, marks={(7, 1): (3, GENESIS)}), "7.1 is acknowledged through 3"),
        (replace(WHOLE, stored=GAP), "7.1 was released through 3, and it is whole through 1"),
    ],
)
def test_what_is_lost_twice_invented_or_altered_is_named(wrong: Evidence, said: str) -> None:
    assert any(said in finding for finding in findings(wrong)), findings(wrong)
