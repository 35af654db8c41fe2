from __future__ import annotations

import pytest

from scanner_client.clock import Clock
from scanner_client.database import DatabaseError
from scanner_client.handheld import Handheld
from scanner_client.map_rows import COLLIDED, hashed
from scanner_client.site_map import Cursor, SiteMap
from sync.recall import Recall
from sync.unit import IN_STOCK, Status
from sync.verdict import Known
from tests.scanner_client.conftest import Hands
from tests.scanner_client.scans import BIN_A, BIN_B, ITEM, unit

CARTON = "https://id.gs1.org/00/395060001343520018"
PALLET = "https://id.gs1.org/00/395060001343520025"
STORED = ["stored", BIN_A, BIN_A, None, None, None]


def known_of(site_map: SiteMap, key: str) -> Known | None:
    found = site_map.find(key)
    return found.known if found else None


@pytest.fixture
def site_map(handheld: Handheld) -> SiteMap:
    return handheld.site_map


def learn(site_map: SiteMap, clock: Clock, *changes: list[object], incarnation: str = "i", more: bool = False) -> None:
    site_map.apply(changes, Cursor(cursor="c", incarnation=incarnation), more=more, clock=clock)


def test_unit_is_known_with_its_place(site_map: SiteMap, clock: Clock) -> None:
    learn(site_map, clock, ["unit", unit(1), ["received", BIN_A, BIN_B, "ASN-1", CARTON, "L7"]])
    found = site_map.find(unit(1))
    assert found is not None
    assert (found.lot, found.place) == ("L7", BIN_B)
    assert found.known == Known(
        status=Status.RECEIVED,
        expected=BIN_A,
        expected_location=BIN_A,
        place=BIN_B,
        announced_by="ASN-1",
        announced_in=CARTON,
        lot="L7",
        notice="ASN-1",
    )


def test_unit_that_the_map_does_not_hold_is_not_known(site_map: SiteMap) -> None:
    assert site_map.find(unit(1)) is None


def test_unit_in_a_carton_on_a_pallet_belongs_where_the_pallet_stands(site_map: SiteMap, clock: Clock) -> None:
    learn(
        site_map, clock,
        ["unit", unit(1), ["stored", CARTON, CARTON, None, None, None]],
        ["unit", CARTON, ["stored", PALLET, PALLET, None, None, None]],
        ["unit", PALLET, ["stored", BIN_A, BIN_B, None, None, None]],
    )  # fmt: skip
    known = known_of(site_map, unit(1))
    assert known is not None
    assert (known.expected, known.expected_location) == (CARTON, BIN_B)


def test_cartons_that_stand_in_each_other_stand_nowhere(site_map: SiteMap, clock: Clock) -> None:
    learn(
        site_map, clock,
        ["unit", CARTON, ["stored", PALLET, PALLET, None, None, None]],
        ["unit", PALLET, ["stored", CARTON, CARTON, None, None, None]],
    )  # fmt: skip
    known = known_of(site_map, CARTON)
    assert known is not None
    assert known.expected_location is None


def test_further_identifier_leads_to_its_unit(site_map: SiteMap, clock: Clock) -> None:
    imei = "urn:gsma:imei:49015420-323751-0"
    learn(site_map, clock, ["unit", unit(1), STORED], ["alias", imei, unit(1)])
    found = site_map.find(imei)
    assert found == site_map.find(unit(1))
    assert found is not None
    assert found.key == unit(1)
    learn(site_map, clock, ["alias", imei, None])
    assert site_map.find(imei) is None


def test_entry_that_has_gone_is_forgotten(site_map: SiteMap, clock: Clock) -> None:
    learn(site_map, clock, ["unit", unit(1), STORED], ["item", ITEM, {"name": "Camera"}])
    learn(site_map, clock, ["unit", unit(1), None], ["item", ITEM, None])
    assert (site_map.find(unit(1)), site_map.entry("item", ITEM)) == (None, None)


def test_kind_of_entry_that_this_version_does_not_know_is_kept(site_map: SiteMap, clock: Clock) -> None:
    learn(site_map, clock, ["weather", "today", {"rain": True}])
    assert site_map.entry("weather", "today") == {"rain": True}


def test_page_for_which_the_disk_has_no_room_leaves_rows_and_cursor_as_they_were(
    handheld: Handheld, site_map: SiteMap, clock: Clock
) -> None:
    learn(site_map, clock, ["unit", unit(1), STORED])
    (pages,) = handheld.database.row("PRAGMA page_count") or (0,)
    handheld.database.rows(f"PRAGMA max_page_count={pages}")
    many = [["unit", unit(n), STORED] for n in range(2, 5_000)]
    with pytest.raises(DatabaseError, match="full"):
        site_map.apply(
            [*many, ["unit", unit(1), ["beamed_up"]]], Cursor(cursor="d", incarnation="i"), more=False, clock=clock
        )
    assert (site_map.size(), site_map.cursor().cursor, site_map.unread.listed()) == (1, "c", [])


def test_another_incarnation_replaces_what_was_known_when_all_of_it_has_come(site_map: SiteMap, clock: Clock) -> None:
    learn(site_map, clock, ["unit", unit(1), STORED], ["unit", unit(2), STORED], ["location", BIN_A, {"code": "A"}])
    learn(site_map, clock, ["unit", unit(1), STORED], incarnation="j", more=True)
    assert site_map.find(unit(2)) is not None, "until the last page has come, the old data answer"
    learn(site_map, clock, ["unit", unit(3), STORED], incarnation="j")
    assert [site_map.find(unit(n)) is not None for n in (1, 2, 3)] == [True, False, True]
    assert site_map.entry("location", BIN_A) is None


def test_recall_bites_until_it_is_released_by_name(site_map: SiteMap, clock: Clock) -> None:
    learn(site_map, clock, ["recall", "R-1", {"number": "R-1", "reason": "Fire", "item": ITEM, "lots": ["L7"]}])
    recall = Recall(number="R-1", reason="Fire", item=ITEM, lots=("L7",))
    assert site_map.recalls() == (recall,)
    learn(site_map, clock, incarnation="j")
    assert site_map.recalls() == (recall,), "a server that was restored may have forgotten it"
    learn(site_map, clock, ["recall", "R-1", None], incarnation="j")
    assert site_map.recalls() == ()


def test_age_of_the_data_counts_from_the_last_whole_pull(site_map: SiteMap, hands: Hands) -> None:
    assert site_map.age_ms(hands.clock) is None
    learn(site_map, hands.clock, ["unit", unit(1), STORED], more=True)
    assert site_map.age_ms(hands.clock) is None
    learn(site_map, hands.clock)
    hands.pass_ms(720_000)
    hands.wall -= 10**9
    assert site_map.age_ms(hands.clock) == 720_000


def test_age_is_unknown_after_a_restart_of_the_machine(site_map: SiteMap, clock: Clock) -> None:
    learn(site_map, clock)
    rebooted = Clock(wall_ms=clock.wall_ms, boot_ms=lambda: 1, boot="boot-2")
    assert site_map.age_ms(rebooted) is None


def test_two_units_that_share_a_hash_are_not_told_apart_wrongly(site_map: SiteMap, clock: Clock) -> None:
    learn(site_map, clock, ["unit", unit(1), STORED])
    site_map._database.run("UPDATE units SET tail='another'")
    assert site_map.find(unit(1)) is None, "another unit stands under this hash"
    learn(site_map, clock, ["unit", unit(1), STORED])
    assert site_map._database.row("SELECT status FROM units") == (COLLIDED,), "now two do: it answers for neither"
    assert site_map.find(unit(1)) is None


def test_hash_fits_the_integers_of_the_database() -> None:
    for n in range(200):
        key, check = hashed(unit(n))
        assert -(2**63) <= key < 2**63
        assert -(2**31) <= check < 2**31


def test_location_is_found_by_the_code_that_people_use(site_map: SiteMap, clock: Clock) -> None:
    learn(site_map, clock, ["location", BIN_A, {"code": "A-01", "name": "", "zone": "A"}])
    assert (site_map.location("A-01"), site_map.location("Z")) == (BIN_A, None)


def test_bin_names_the_units_that_belong_in_it(site_map: SiteMap, clock: Clock) -> None:
    learn(
        site_map, clock,
        ["unit", unit("A%2F2"), ["stored", BIN_A, BIN_B, None, None, None]],
        ["unit", unit(1), STORED],
        ["unit", unit(3), ["stored", BIN_B, BIN_A, None, None, None]],
    )  # fmt: skip
    assert site_map.expected_in(BIN_A) == [unit(1), unit("A%2F2")]
    assert site_map.expected_in("https://warehouse.example/414/HH/254/Z") == []


@pytest.mark.parametrize("status", list(Status))
def test_only_what_is_in_stock_is_expected_in_its_bin(site_map: SiteMap, clock: Clock, status: Status) -> None:
    learn(site_map, clock, ["unit", unit(1), [status.value, BIN_A, BIN_A, None, None, None]])
    assert site_map.expected_in(BIN_A) == ([unit(1)] if status in IN_STOCK else [])


def test_what_belongs_in_a_carton_on_a_pallet_belongs_in_the_bin_where_the_pallet_was_seen(
    site_map: SiteMap, clock: Clock
) -> None:
    learn(
        site_map, clock,
        ["unit", unit(1), ["stored", CARTON, CARTON, None, None, None]],
        ["unit", CARTON, ["stored", PALLET, None, None, None, None]],
        ["unit", PALLET, ["stored", BIN_A, BIN_B, None, None, None]],
    )  # fmt: skip
    expected = {place: site_map.expected_in(place) for place in (BIN_A, BIN_B, PALLET, CARTON)}
    assert expected == {BIN_A: [], BIN_B: [unit(1)], PALLET: [unit(1)], CARTON: [unit(1)]}


def test_cartons_that_stand_in_each_other_hold_each_unit_once(site_map: SiteMap, clock: Clock) -> None:
    learn(
        site_map, clock,
        ["unit", unit(1), ["stored", CARTON, CARTON, None, None, None]],
        ["unit", CARTON, ["stored", PALLET, PALLET, None, None, None]],
        ["unit", PALLET, ["stored", CARTON, CARTON, None, None, None]],
    )  # fmt: skip
    assert site_map.expected_in(PALLET) == [unit(1)]


def test_carton_names_the_announced_units_that_have_not_come_in_yet(site_map: SiteMap, clock: Clock) -> None:
    learn(
        site_map, clock,
        ["unit", unit(1), ["announced", None, CARTON, "ASN-1", CARTON, None]],
        ["unit", unit(2), ["received", BIN_A, BIN_A, "ASN-1", CARTON, None]],
        ["unit", unit(3), ["announced", None, PALLET, "ASN-1", PALLET, None]],
    )  # fmt: skip
    assert site_map.announced_in(CARTON) == [unit(1)]


def test_unit_named_like_another_product_of_the_same_number_is_not_taken_for_it(
    site_map: SiteMap, clock: Clock
) -> None:
    learn(site_map, clock, ["unit", unit(1), STORED])
    other = "https://id.gs1.org/01/09506000134369/21/1"
    site_map._database.run("UPDATE units SET hash=?", hashed(other)[0])
    assert site_map.find(other) is None
    learn(site_map, clock, ["unit", other, None])
    assert site_map.size() == 1, "nor is it deleted in its stead"


def test_what_was_announced_in_a_carton_is_here_once_the_pallet_around_it_came_in(
    site_map: SiteMap, clock: Clock
) -> None:
    announced = ["announced", None, CARTON, "ASN-1", CARTON, None, 5]
    pallet = ["stored", BIN_A, BIN_A, None, None, None, 10, 10, "ASN-1"]
    learn(
        site_map, clock,
        ["unit", unit(1), announced],
        ["unit", unit(2), ["announced", None, CARTON, "ASN-2", CARTON, None, 5]],
        ["unit", CARTON, ["announced", None, PALLET, "ASN-1", PALLET, None, 5, 5, None]],
        ["unit", PALLET, ["announced", None, None, "ASN-1", None, None, 0, 5, None]],
    )  # fmt: skip
    assert known_of(site_map, unit(1)) == Known(
        status=Status.ANNOUNCED, announced_by="ASN-1", announced_in=CARTON, notice="ASN-1", place=CARTON
    )
    learn(site_map, clock, ["unit", PALLET, pallet])
    known = known_of(site_map, unit(1))
    assert known is not None
    assert (known.status, known.expected_location, known.inferred) == (Status.STORED, BIN_A, True)
    assert site_map.expected_in(BIN_A) == [unit(1)]


def test_unit_left_with_its_carton_unless_it_was_packed_into_it_since(site_map: SiteMap, clock: Clock) -> None:
    learn(
        site_map, clock,
        ["unit", unit(1), ["packed", CARTON, CARTON, None, None, None, 5]],
        ["unit", unit(2), ["packed", CARTON, CARTON, None, None, None, 20]],
        ["unit", CARTON, ["shipped", None, None, None, None, None, 10, 10, None]],
    )  # fmt: skip
    found = [known_of(site_map, unit(n)) for n in (1, 2)]
    assert [known.status for known in found if known] == [Status.SHIPPED, Status.PACKED]


def test_what_left_in_a_tote_and_stayed_elsewhere_is_not_in_it_when_it_comes_home(
    site_map: SiteMap, clock: Clock
) -> None:
    learn(
        site_map, clock,
        ["unit", unit(1), ["packed", CARTON, CARTON, None, None, None, 5]],
        ["unit", unit(2), ["packed", CARTON, CARTON, None, None, None, 20]],
        ["unit", unit(3), ["announced", None, CARTON, "ASN-1", CARTON, None, 5]],
        ["unit", CARTON, ["stored", BIN_A, BIN_A, None, None, None, 15, 15, None, *[None] * 5, [10]]],
    )  # fmt: skip
    found = [known_of(site_map, unit(n)) for n in (1, 2, 3)]
    assert [known.status for known in found if known] == [Status.SHIPPED, Status.PACKED, Status.SHIPPED]
    assert site_map.packed_in(CARTON) == [unit(2)]
    assert site_map.expected_in(BIN_A) == site_map.expected_in(CARTON) == [unit(2)]


@pytest.mark.parametrize(("last", "awaited"), [([[10]], [True]), ([], [False]), ([[9]], [False])])
def test_a_carton_is_awaited_back_empty_once_it_has_arrived_elsewhere(
    site_map: SiteMap, clock: Clock, last: list[list[int]], awaited: list[bool]
) -> None:
    learn(site_map, clock, ["unit", CARTON, ["shipped", *[None] * 5, 10, 10, *[None] * 6, *last]])
    known = known_of(site_map, CARTON)
    assert known is not None
    assert (known.status, [known.emptied]) == (Status.SHIPPED, awaited)


def test_what_came_in_a_tote_that_left_empty_stays_here(site_map: SiteMap, clock: Clock) -> None:
    learn(
        site_map, clock,
        ["unit", unit(1), ["announced", None, CARTON, "TRANSFER-1", CARTON, None, 5]],
        ["unit", unit(2), ["stored", CARTON, CARTON, None, None, None, 6]],
        ["unit", unit(3), ["announced", None, CARTON, "TRANSFER-2", CARTON, None, 20]],
        ["unit", CARTON, ["announced", None, None, "TRANSFER-2", None, None, 20, 20, "TRANSFER-1", *[None] * 5, [-20]]],
    )  # fmt: skip
    found = [known_of(site_map, unit(n)) for n in (1, 2, 3)]
    assert [known.status for known in found if known] == [Status.RECEIVED, Status.STORED, Status.ANNOUNCED]


def test_each_load_of_a_tote_goes_by_how_the_tote_left_next(site_map: SiteMap, clock: Clock) -> None:
    learn(
        site_map, clock,
        ["unit", unit(1), ["packed", CARTON, CARTON, None, None, None, 5]],
        ["unit", unit(2), ["packed", CARTON, CARTON, None, None, None, 15]],
        ["unit", unit(3), ["packed", CARTON, CARTON, None, None, None, 25]],
        ["unit", unit(4), ["packed", CARTON, CARTON, None, None, None, 35]],
        ["unit", CARTON, ["stored", BIN_A, BIN_A, None, None, None, 32, 32, None, *[None] * 5, [10, -20, 30]]],
    )  # fmt: skip
    found = [known_of(site_map, unit(n)) for n in (1, 2, 3, 4)]
    assert [known.status for known in found if known] == [
        Status.SHIPPED, Status.PACKED, Status.SHIPPED, Status.PACKED,
    ]  # fmt: skip
    assert site_map.packed_in(CARTON) == [unit(4)]
    assert site_map.expected_in(BIN_A) == [unit(2), unit(4)], "the second left the tote, and is somewhere here"
