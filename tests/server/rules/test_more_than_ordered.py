"""What an order has beyond its lines: nobody's history says it alone, so an order is told anew."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from server.case_list import read_case
from server.database import reading, writing
from server.decisions import DecisionError, settle
from server.refolding import rebuild_all
from server.tables import cases
from server.upkeep import verify
from tests.handheld import BIN_A, CABLE, CARTON_1, DAY, PHONE, Chain, unit
from tests.server.site import SITE, enrol, push, state_document

NOW = DAY + 3_600_000


@pytest.fixture
def chains(warehouse: str) -> tuple[Chain, Chain]:
    enrol(1)
    enrol(2)
    lines = [{"subject": PHONE, "quantity": 2}, {"subject": CABLE, "quantity": 3}]
    state_document("order", "SO-1", lines, now_ms=DAY - 9_000)
    return Chain(1), Chain(2)


def told() -> dict[str, tuple[str, str | None]]:
    with reading() as c:
        t = cases.c
        rows = c.execute(sa.select(t.unit, t.status, t.closed_by).where(t.rule == "more_than_ordered"))
        return {row.unit: (row.status, row.closed_by) for row in rows}


def holds() -> None:
    """What is stored is what the ledger says, and is found again when it is lost."""
    assert [problem for problem in verify(SITE, lambda _: None) if "cases" in problem] == []
    before = told()
    with writing() as c:
        c.execute(cases.delete())
    rebuild_all(SITE, lambda _: None)
    assert told() == before


def two_pickers(chains: tuple[Chain, Chain]) -> None:
    """One picks two for the order; the other, who cannot know, a third."""
    one, other = chains
    one.scan(DAY + 1_000, "pick", unit("S1"), location=BIN_A, document="SO-1")
    one.scan(DAY + 3_000, "pick", unit("S2"), location=BIN_A, document="SO-1")
    other.scan(DAY + 2_000, "pick", unit("S3"), location=BIN_A, document="SO-1")


def test_an_order_that_gets_what_it_asks_for_is_no_case(chains: tuple[Chain, Chain]) -> None:
    one, _ = chains
    for at, serial in ((1_000, "S1"), (2_000, "S2")):
        one.scan(DAY + at, "pick", unit(serial), location=BIN_A, document="SO-1")
        one.scan(DAY + at + 500, "pack", unit(serial), container=CARTON_1, document="SO-1")
    one.scan(DAY + 3_000, "pick", CABLE, location=BIN_A, document="SO-1", quantity=3)
    one.scan(DAY + 4_000, "pack", CABLE, container=CARTON_1, document="SO-1", quantity=3)
    push(one, 1, now_ms=NOW)
    assert told() == {}


def test_two_pickers_who_do_not_hear_of_each_other_take_one_too_many(chains: tuple[Chain, Chain]) -> None:
    two_pickers(chains)
    push(chains[0], 1, now_ms=NOW)
    assert told() == {}
    push(chains[1], 1, now_ms=NOW + 1_000)
    assert told() == {unit("S2"): ("open", None)}, (
        "the last that was taken is the one too many, whoever was heard first"
    )
    holds()


def test_a_box_that_is_packed_in_the_place_of_a_picked_one_is_one_too_many_once_the_picked_one_is_packed_as_well(
    chains: tuple[Chain, Chain],
) -> None:
    one, _ = chains
    for at, serial in ((1_000, "S1"), (2_000, "S2")):
        one.scan(DAY + at, "pick", unit(serial), location=BIN_A, document="SO-1")
    for at, serial in ((3_000, "S3"), (4_000, "S2")):  # the picker had taken S3 and scanned S1
        one.scan(DAY + at, "pack", unit(serial), container=CARTON_1, document="SO-1")
    push(one, 1, now_ms=NOW)
    assert told() == {}
    one.scan(DAY + 5_000, "pack", unit("S1"), container=CARTON_1, document="SO-1")
    push(one, 5, now_ms=NOW + 1_000)
    assert told() == {unit("S1"): ("open", None)}
    holds()


def test_it_closes_when_any_of_them_is_put_away_and_names_that_scan(chains: tuple[Chain, Chain]) -> None:
    two_pickers(chains)
    chains[1].scan(DAY + 9_000, "put_away", unit("S3"), location=BIN_A)
    push(chains[0], 1, now_ms=NOW)
    push(chains[1], 1, now_ms=NOW + 1_000)
    assert told() == {unit("S2"): ("explained", "2.1.2")}
    holds()


def test_an_undo_closes_it_and_is_named(chains: tuple[Chain, Chain]) -> None:
    two_pickers(chains)
    for chain in chains:
        push(chain, 1, now_ms=NOW)
    chains[0].scan(DAY + 9_000, "void", unit("S2"), voids="1.1.2", reason="taken for another")
    push(chains[0], 3, now_ms=NOW + 2_000)
    assert told() == {unit("S2"): ("explained", "1.1.3")}
    holds()


def test_pieces_beyond_the_line_are_a_case_until_they_are_put_back(chains: tuple[Chain, Chain]) -> None:
    one, other = chains
    one.scan(DAY + 1_000, "pick", CABLE, location=BIN_A, document="SO-1", quantity=2)
    other.scan(DAY + 2_000, "pack", CABLE, container=CARTON_1, document="SO-1", quantity=4)
    push(one, 1, now_ms=NOW)
    push(other, 1, now_ms=NOW)
    assert [status for status, _ in told().values()] == ["open"]
    holds()
    other.scan(DAY + 3_000, "put_away", CABLE, container=None, location=BIN_A, document="SO-1", quantity=1)
    push(other, 2, now_ms=NOW + 1_000)
    assert [status for status, _ in told().values()] == ["explained"]
    holds()


def test_it_can_only_be_dismissed_and_stays_so(chains: tuple[Chain, Chain]) -> None:
    two_pickers(chains)
    for chain in chains:
        push(chain, 1, now_ms=NOW)
    with reading() as c:
        episode = c.execute(sa.select(cases.c.episode).where(cases.c.rule == "more_than_ordered")).scalar_one()
        case = read_case(c, SITE, unit("S2"), "more_than_ordered", episode)
    assert case is not None
    assert case.detail == "SO-1 asks for 2 of it, and more were taken."
    with pytest.raises(DecisionError, match="put away by a scan"):
        decide(episode, case.evidence, "write_off")
    decide(episode, case.evidence, "dismiss")
    assert [status for status, _ in told().values()] == ["settled"]
    holds()


def decide(episode: str, evidence: str, resolution: str) -> None:
    with writing() as c:
        settle(
            c,
            site=SITE,
            unit=unit("S2"),
            rule="more_than_ordered",
            episode=episode,
            resolution=resolution,
            evidence=evidence,
            operator="Sam",
            now_ms=NOW + 500_000,
        )
