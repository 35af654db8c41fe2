"""Putting away: the bin is suggested before it is chosen, and any other is taken."""

from __future__ import annotations

import pytest

from scanner_client.handheld import Handheld
from tests.scanner_client.labels import A_01, A_02, BIN_1, BIN_2, ITEM, Begin, Learn, kept, see, unit, unit_label


@pytest.fixture
def known(learn: Learn) -> None:
    learn(
        ["location", A_01, {"code": "A-01", "zone": "small"}],
        ["location", A_02, {"code": "A-02", "zone": "small"}],
        ["item", ITEM, {"name": "Phone", "mode": "serial", "zone": "small"}],
        ["unit", unit("S1"), ["received", None, None, None, None, None]],
        ["unit", unit("S2"), ["received", None, None, None, None, None]],
    )


@pytest.mark.usefixtures("known")
def test_the_bins_label_puts_away_what_was_scanned_before_it(handheld: Handheld, begin: Begin) -> None:
    session = begin("put_away")
    [told] = see(session, unit_label("S1"))
    assert told.text.startswith("Put it into A-01: it is empty.")
    assert kept(handheld) == []
    assert [answer.text for answer in see(session, BIN_1)] == ["Bin A-01.", "Right."]
    assert [(e.subject, e.location) for e in kept(handheld)] == [(unit("S1"), A_01)]


@pytest.mark.usefixtures("known")
def test_a_unit_whose_bin_was_not_scanned_is_named_when_the_next_one_is_taken_up(
    handheld: Handheld, begin: Begin
) -> None:
    session = begin("put_away")
    see(session, unit_label("S1"))
    [told] = see(session, unit_label("S2"))
    assert told.text.startswith("Phone S1 was not put away: scan it again with its bin. Put it into A-01")
    see(session, BIN_1)
    assert [e.subject for e in kept(handheld)] == [unit("S2")]


@pytest.mark.usefixtures("known")
def test_another_bin_is_taken_and_said(handheld: Handheld, begin: Begin, learn: Learn) -> None:
    learn(["unit", unit("S3"), ["stored", A_01, A_01, None, None, None]])
    session = begin("put_away")
    [told] = see(session, unit_label("S1"))
    assert "A-01: the same product is there" in told.text
    assert [answer.text for answer in see(session, BIN_2)][-1] == "Right. Suggested was A-01."
    see(session, unit_label("S2"))
    assert [e.location for e in kept(handheld)] == [A_02]  # who scans the unit first scans a bin for each
    assert [answer.text for answer in see(session, BIN_2)][-1] == "Right. Suggested was A-01."
    assert [e.location for e in kept(handheld)] == [A_02, A_02]


@pytest.mark.usefixtures("known")
def test_who_scans_the_bin_first_puts_away_one_unit_after_another(handheld: Handheld, begin: Begin) -> None:
    session = begin("put_away")
    see(session, BIN_2)
    for serial in ("S1", "S2"):
        see(session, unit_label(serial))
    assert [(e.subject, e.location) for e in kept(handheld)] == [(unit("S1"), A_02), (unit("S2"), A_02)]
