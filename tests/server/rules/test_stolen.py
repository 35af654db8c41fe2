from sync.stolen import Theft
from tests.handheld import BIN_A, BIN_B
from tests.server.rules.story import Quiet, fact, said, told

THEFT = Theft(report="ST-1", reason="Taken from the window.", since_ms=0)


def test_it_says_nothing_of_what_nobody_reported_and_of_what_nobody_scanned() -> None:
    assert said("stolen", [fact(1, "inspect", location=BIN_A)]) == []
    assert said("stolen", [fact(1, "stolen", device=0, document="ST-1")], Quiet(theft=THEFT)) == []


def test_any_scan_of_it_is_a_case_until_it_is_found() -> None:
    story = [fact(1, "inspect", location=BIN_A), fact(2, "reject", location=BIN_B, reason="stolen")]
    assert said("stolen", story, Quiet(theft=THEFT)) == [("open", None, BIN_A), ("open", None, BIN_B)]
    assert said("stolen", [*story, fact(3, "inspect", location=BIN_B)], Quiet(theft=THEFT))[2:] == [], "no news"
    found = told("stolen", [*story, fact(9, "found", device=0, document="ST-1")], Quiet(theft=THEFT))
    assert [case.status for case in found] == ["explained", "explained"]
