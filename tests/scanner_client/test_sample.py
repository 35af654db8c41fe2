"""How much of a carton must be read one by one, said at the handheld with no network."""

from __future__ import annotations

import pytest

from tests.scanner_client.labels import A_01, CARTON, CARTON_LABEL, Begin, Learn, see, unit, unit_label

UNITS = ("S1", "S2", "S3", "S4")


@pytest.fixture
def announced(learn: Learn) -> None:
    rows: list[list[object]] = [["unit", unit(s), ["announced", None, CARTON, "ASN-1", CARTON, None, 5]] for s in UNITS]
    carton = ["announced", None, None, "ASN-1", None, None, 0, 5, None]
    document = {"kind": "asn", "state": "open", "lines": [], "bins": [], "blind": False, "supplier": "Acme"}
    learn(*rows, ["unit", CARTON, carton], ["document", "ASN-1", document])


def told(begin: Begin) -> list[str]:
    session = begin("receive", location=A_01, document="ASN-1")
    symbols = (CARTON_LABEL, unit_label("S1"), unit_label("S2"))
    return [answer.text for symbol in symbols for answer in see(session, symbol)]


@pytest.mark.usefixtures("announced")
def test_nothing_is_asked_where_nobody_set_a_rule(begin: Begin) -> None:
    assert told(begin) == ["Right.", "Right.", "Right."]


@pytest.mark.usefixtures("announced")
def test_the_suppliers_rule_is_told_with_each_scan_of_the_carton(begin: Begin, learn: Learn) -> None:
    learn(["sampling", "*", {"mode": "all", "value": 0}], ["sampling", "Acme", {"mode": "share", "value": 50}])
    assert told(begin) == [
        "Right. 0 of 2 to read one by one.",
        "Right. 1 of 2 to read one by one.",
        "Right. Enough of this carton was read one by one: 2.",
    ]


@pytest.mark.usefixtures("announced")
def test_what_another_handheld_read_counts_once_it_is_known(begin: Begin, learn: Learn) -> None:
    learn(
        ["sampling", "*", {"mode": "count", "value": 3}],
        ["unit", unit("S4"), ["received", CARTON, CARTON, "ASN-1", CARTON, None, 9]],
    )
    assert told(begin)[-1] == "Right. Enough of this carton was read one by one: 3."
