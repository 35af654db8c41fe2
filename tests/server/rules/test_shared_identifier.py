from tests.handheld import BIN_A, unit
from tests.server.rules.story import Quiet, fact, said, told

IMEI, PLATE = "urn:gsma:imei:49015420-323751-0", "https://warehouse.example/21/LPN7"
RIVAL = Quiet(claimed={IMEI: unit("S2")})


def test_it_says_nothing_of_a_name_that_nobody_else_claims_or_that_is_given_up() -> None:
    assert said("shared_identifier", [fact(1, "receive", location=BIN_A, identifiers=(IMEI,))]) == []
    assert said("shared_identifier", [fact(1, "receive", location=BIN_A, identifiers=(PLATE,))], RIVAL) == []
    assert said("shared_identifier", [fact(1, "unlink", identifiers=(IMEI,), reason="x")], RIVAL) == []


def test_it_says_which_other_unit_claims_the_name_once() -> None:
    scans = [fact(n, "inspect", location=BIN_A, identifiers=(IMEI,)) for n in (1, 2)]
    (case,) = told("shared_identifier", scans, RIVAL)
    assert case.finding.detail == f"{IMEI} is claimed by another unit: {unit('S2')}."
    assert (case.status, case.finding.seen) == ("open", BIN_A)
