"""A bin's label that the site's list of bins does not hold."""

from __future__ import annotations

from scanner_client.handheld import Handheld
from scanner_client.sighting import Symbol, Tone
from tests.scanner_client.labels import A_01, BIN_1, Begin, Learn, kept, product, see, unit, unit_label
from tests.scanner_client.labels import ITEM as PHONE

STRANGE = Symbol(data=b"LOC:Z-99", symbology="]C0")


def shelf(learn: Learn) -> None:
    known = ["location", A_01, {"code": "A-01", "name": None, "zone": None}]
    learn(known, product(PHONE, "serial"), ["unit", unit("S1"), ["received", A_01]])


def test_unit_put_into_a_bin_that_nobody_knows_is_kept_and_never_called_right(
    handheld: Handheld, begin: Begin, learn: Learn
) -> None:
    shelf(learn)
    session = begin("put_away")
    see(session, unit_label("S1"))
    entered, put = see(session, STRANGE)
    assert (entered.tone, put.tone) == (Tone.LOOK, Tone.LOOK)
    assert put.text.startswith("Kept, but no bin Z-99 is known here")
    assert [(e.action, e.location) for e in kept(handheld)] == [("put_away", put.event and put.event.location)]


def test_unit_put_into_a_bin_of_the_list_is_right(begin: Begin, learn: Learn) -> None:
    shelf(learn)
    session = begin("put_away")
    see(session, unit_label("S1"))
    assert [told.tone for told in see(session, BIN_1)] == [Tone.INFO, Tone.GOOD]


def test_site_that_has_listed_no_bins_may_use_any(begin: Begin, learn: Learn) -> None:
    learn(product(PHONE, "serial"), ["unit", unit("S1"), ["received", A_01]])
    session = begin("put_away")
    see(session, unit_label("S1"))
    assert [told.tone for told in see(session, STRANGE)] == [Tone.INFO, Tone.GOOD]
