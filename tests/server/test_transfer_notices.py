"""What the other site is told of a transfer when its cartons leave, and what it is told otherwise later."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import pytest
import sqlalchemy as sa

from server import imported, inventory
from server.database import reading, stamp, transact, writing
from server.defects.origin import origin
from server.receipts.receipt import close_receipt
from server.tables import cases, devices, document_rows, documents, sites, unit_states
from server.told_anew import parts as told_anew_parts
from server.upkeep import verify
from tests.handheld import BIN_A, BIN_B, CABLE, CARTON_1, CARTON_2, DAY, DOCK, PHONE, Chain, unit
from tests.server import site
from tests.server.office import take
from tests.server.site import SITE
from tests.server.test_statements import counting

NORTH: Final = "north"
PALLET: Final = "https://id.gs1.org/00/395060001343520032"
MINUTE_MS: Final = 60_000
ORDER: Final = "number,gtin,quantity,to_site\n" + "".join(
    f"TRANSFER-1,{item.rpartition('/')[2]},{quantity},north\n" for item, quantity in ((PHONE, 5), (CABLE, 20))
)
Said = tuple[int, str, str, dict[str, Any]]
"""A scan: minutes since the day began, action, subject, further fields."""


@dataclass
class Handheld:
    """One of a site, whose scans the server hears of together."""

    chain: Chain
    heard: int = 0

    @classmethod
    def of(cls, where: str, device_no: int) -> Handheld:
        row = {"device_no": device_no, "site": where, "name": f"HH-{device_no}", "role": "receiver"}
        with writing() as c:
            c.execute(devices.insert().values(**row, public_key=bytes(32), enrolled_ms=DAY - 10_000_000))
        return cls(Chain(device_no))

    def says(self, *scans: Said, at: int) -> None:
        """Scan, and be heard of at this minute."""
        for minute, action, subject, fields in scans:
            self.chain.scan(DAY + minute * MINUTE_MS, action, subject, operator="Mia", **fields)
        found = site.push(self.chain, self.heard + 1, now_ms=DAY + at * MINUTE_MS + 1_000)
        assert (found.exceptions, found.failed) == ([], 0)
        self.heard = len(self.chain.lines)


def scan(minute: int, action: str, subject: str, **fields: Any) -> Said:
    return minute, action, subject, fields


def packed(minute: int, carton: str, *serials: str, cables: int = 0) -> list[Said]:
    """Picked and packed for the transfer."""
    things: list[tuple[str, dict[str, Any]]] = [(unit(serial), {}) for serial in serials]
    things += [(CABLE, {"quantity": cables})] if cables else []
    said = []
    for subject, fields in things:
        fields |= {"document": "TRANSFER-1"}
        said += [
            scan(minute, "pick", subject, **fields | ({"origin": BIN_A} if cables and subject == CABLE else {})),
            scan(minute, "pack", subject, container=carton, **fields),
        ]
    return said


@pytest.fixture
def here(warehouse: str) -> Handheld:
    """A handheld at the site that sends, where five phones and forty cables lie in a bin."""
    with writing() as c:
        c.execute(sites.insert().values(site=NORTH, name=NORTH, codes={}))
    take("order", ORDER, now_ms=DAY)
    found = Handheld.of(SITE, 1)
    stock = [scan(0, "receive", unit(f"S{n}"), location=BIN_A) for n in range(5)]
    found.says(*stock, scan(0, "put_away", CABLE, quantity=40, location=BIN_A), at=1)
    return found


@pytest.fixture
def door(here: Handheld) -> Handheld:
    """Another one there, which may have no network."""
    return Handheld.of(SITE, 2)


@pytest.fixture
def there(here: Handheld) -> Handheld:
    """One at the site that the transfer goes to."""
    return Handheld.of(NORTH, 3)


def standing(where: str) -> dict[str, str]:
    """How each unit stands, by its serial number."""
    u = unit_states.c
    with reading() as c:
        rows = c.execute(sa.select(u.unit, u.status).where(u.site == where, u.item.isnot(None)))
        return {row.unit.rpartition("/")[2]: row.status for row in rows}


def stands_on(where: str, carton: str) -> str | None:
    u = unit_states.c
    with reading() as c:
        return c.execute(sa.select(u.place).where(u.site == where, u.unit == carton)).scalar()


def open_cases() -> set[tuple[str, str]]:
    """At either site: rule, and serial number, SSCC or product."""
    t = cases.c
    with reading() as c:
        rows = c.execute(sa.select(t.rule, t.unit).where(t.status == "open"))
        return {(row.rule, row.unit.rpartition("/")[2]) for row in rows}


def stock(where: str) -> dict[str, int]:
    with reading() as c:
        return dict(inventory.on_hand(c, where))


def announced() -> dict[str, set[str]]:
    """Number of a notice at the other site -> the units in it, by serial number."""
    found: dict[str, set[str]] = {}
    d, r = documents.c, document_rows.c
    with reading() as c:
        query = sa.select(d.number, r.subject).join(document_rows, r.document == d.digest)
        for number, subject in c.execute(query.where(d.site == NORTH, d.kind == "asn", r.subject.contains("/21/"))):
            found.setdefault(number, set()).add(subject.rpartition("/")[2])
    return found


def close(number: str, at: int) -> None:
    transact(lambda c: close_receipt(c, site=NORTH, number=number, operator="Noor", now_ms=DAY + at * MINUTE_MS))


def nothing_is_stored_otherwise_than_folded() -> None:
    assert [said for where in (SITE, NORTH) for said in verify(where, lambda _: None) if "folded by" not in said] == []


def on_a_pallet(here: Handheld) -> None:
    """Two phones and two cables in one carton, a phone in another, both on a pallet that leaves with minute 20."""
    stacks = [scan(15, "move", box, container=PALLET, location=BIN_A) for box in (CARTON_1, CARTON_2)]
    filled = [*packed(10, CARTON_1, "S0", "S1", cables=2), *packed(11, CARTON_2, "S2")]
    here.says(*filled, *stacks, scan(20, "ship", PALLET), at=20)
    assert standing(NORTH) == dict.fromkeys(("S0", "S1", "S2"), "announced")


def test_what_is_heard_late_of_one_carton_takes_no_other_one_off_their_pallet(
    here: Handheld, door: Handheld, there: Handheld
) -> None:
    on_a_pallet(here)
    door.says(scan(12, "unpack", unit("S0"), origin=CARTON_1, location=BIN_A), at=25)
    assert stands_on(NORTH, CARTON_2) == PALLET
    there.says(scan(40, "receive", PALLET, document="TRANSFER-1", location=DOCK), at=40)
    close("TRANSFER-1", at=45)
    assert open_cases() == set()
    nothing_is_stored_otherwise_than_folded()


def test_what_was_taken_out_of_a_carton_before_its_pallet_left_is_not_awaited(here: Handheld, door: Handheld) -> None:
    on_a_pallet(here)
    door.says(scan(12, "unpack", unit("S0"), origin=CARTON_1, location=BIN_A), at=25)
    assert standing(NORTH) == {"S1": "announced", "S2": "announced"}
    nothing_is_stored_otherwise_than_folded()


def test_two_sites_that_call_their_transfers_the_same_are_each_received_under_a_number_of_their_own(
    here: Handheld,
) -> None:
    with writing() as c:
        c.execute(sites.insert().values(site="east", name="east", codes={}))
    rows = [{"subject": PHONE, "quantity": 1, "attributes": {"to_site": NORTH}}]
    site.state_document("order", "TRANSFER-1", rows, now_ms=DAY, where="east")
    east = Handheld.of("east", 4)
    east.says(scan(5, "receive", unit("E1"), location=BIN_A), *packed(6, CARTON_2, "E1"), at=7)
    here.says(*packed(10, CARTON_1, "S0"), scan(20, "ship", CARTON_1), at=20)
    east.says(scan(21, "ship", CARTON_2), at=21)
    assert announced() == {"TRANSFER-1": {"S0"}, "TRANSFER-1-2": {"E1"}}


def test_what_is_heard_of_after_its_carton_was_received_and_closed_has_come_in_with_it(
    here: Handheld, door: Handheld, there: Handheld
) -> None:
    here.says(*packed(10, CARTON_1, "S0", cables=2), scan(20, "ship", CARTON_1), at=20)
    there.says(scan(40, "receive", CARTON_1, document="TRANSFER-1", location=DOCK), at=40)
    close("TRANSFER-1", at=45)
    door.says(*packed(11, CARTON_1, "S1", cables=3), at=50)
    assert stock(NORTH) == {PHONE: 2, CABLE: 5}
    assert announced() == {"TRANSFER-1": {"S0", "S1"}}
    assert open_cases() == set()
    nothing_is_stored_otherwise_than_folded()


def a_tote_goes_twice(here: Handheld, there: Handheld, *, back: bool) -> None:
    """Each time with a phone and cables; there it is emptied, and perhaps scanned out before it comes back."""
    here.says(*packed(10, CARTON_1, "S0", cables=4), scan(20, "ship", CARTON_1), at=20)
    there.says(
        scan(40, "receive", CARTON_1, document="TRANSFER-1", location=DOCK),
        scan(41, "put_away", unit("S0"), location=BIN_A),
        scan(42, "move", CABLE, quantity=4, origin=CARTON_1, location=BIN_A),
        *([scan(43, "ship", CARTON_1)] if back else []),
        at=43,
    )
    here.says(*packed(60, CARTON_1, "S1", cables=3), scan(70, "ship", CARTON_1), at=70)
    assert (standing(NORTH)["S1"], announced()) == ("announced", {"TRANSFER-1": {"S0"}, "TRANSFER-1-2": {"S1"}})
    assert stock(NORTH) == {PHONE: 1, CABLE: 4}, "what it brings is on the road"


def test_a_tote_that_comes_a_second_time_brings_what_is_in_it_by_then(here: Handheld, there: Handheld) -> None:
    a_tote_goes_twice(here, there, back=True)
    there.says(scan(90, "receive", CARTON_1, document="TRANSFER-1-2", location=DOCK), at=90)
    assert stock(NORTH) == {PHONE: 2, CABLE: 7}
    assert open_cases() == {("shipped_already", CARTON_1.rpartition("/")[2])}, "nobody said that the tote was back"
    for number in ("TRANSFER-1", "TRANSFER-1-2"):
        close(number, at=95)
    assert open_cases() == set(), "it had arrived there, and so came back empty"
    assert stock(SITE) == {PHONE: 3, CABLE: 33}
    nothing_is_stored_otherwise_than_folded()


def test_what_comes_in_a_tote_that_nobody_knows_to_have_left_again_is_here_once_it_is_scanned(
    here: Handheld, there: Handheld
) -> None:
    a_tote_goes_twice(here, there, back=False)
    there.says(
        scan(90, "receive", unit("S1"), document="TRANSFER-1-2", location=DOCK),
        scan(91, "receive", CABLE, quantity=3, document="TRANSFER-1-2", location=DOCK),
        at=91,
    )
    assert stock(NORTH) == {PHONE: 2, CABLE: 7}
    assert open_cases() == {("shipped_already", CARTON_1.rpartition("/")[2])}, "nobody said that the tote was back"
    for number in ("TRANSFER-1", "TRANSFER-1-2"):
        close(number, at=95)
    assert open_cases() == set(), "it had arrived there, and so came back empty"
    assert stock(SITE) == {PHONE: 3, CABLE: 33}
    nothing_is_stored_otherwise_than_folded()


def a_carton_goes_twice_on_its_pallet(
    here: Handheld, there: Handheld, number: str, *, unpacked: bool = True, back: bool = False
) -> None:
    """Each time with a phone and cables; whether there it is seen to be emptied, and both to be on their way back."""
    stacked = {"container": PALLET, "location": BIN_A}
    here.says(
        *packed(10, CARTON_1, "S0", cables=4), scan(15, "move", CARTON_1, **stacked), scan(20, "ship", PALLET), at=20
    )
    there.says(scan(40, "receive", PALLET, document="TRANSFER-1", location=DOCK), at=40)
    close("TRANSFER-1", at=41)
    if unpacked:
        there.says(
            scan(42, "put_away", unit("S0"), location=BIN_A),
            scan(43, "move", CABLE, quantity=4, origin=CARTON_1, location=BIN_A),
            scan(44, "move", CARTON_1, location=BIN_A),
            *([scan(45, "ship", CARTON_1), scan(46, "ship", PALLET)] if back else []),
            at=46,
        )
    filled = [
        scan(minute, action, subject, **fields | ({"document": number} if "document" in fields else {}))
        for minute, action, subject, fields in packed(60, CARTON_1, "S1", cables=3)
    ]
    here.says(
        *[scan(55, "move", box, location=BIN_A) for box in (PALLET, CARTON_1)],
        *filled,
        scan(65, "move", CARTON_1, **stacked),
        scan(70, "ship", PALLET),
        at=70,
    )
    following = "TRANSFER-1-2" if number == "TRANSFER-1" else number
    assert (standing(NORTH)["S1"], announced()) == ("announced", {"TRANSFER-1": {"S0"}, following: {"S1"}})
    assert stock(NORTH) == {PHONE: 1, CABLE: 4}, "what it brings is on the road"


def test_a_carton_that_goes_a_second_time_on_its_pallet_comes_in_with_that(here: Handheld, there: Handheld) -> None:
    a_carton_goes_twice_on_its_pallet(here, there, "TRANSFER-1", back=True)
    there.says(scan(90, "receive", PALLET, document="TRANSFER-1-2", location=DOCK), at=90)
    assert stock(NORTH) == {PHONE: 2, CABLE: 7}
    close("TRANSFER-1-2", at=95)
    assert {rule for rule, _ in open_cases()} <= {"shipped_already"}, "nobody said that the pallet was back"
    nothing_is_stored_otherwise_than_folded()


@pytest.mark.parametrize("number", ["TRANSFER-1", "TRANSFER-2"])
@pytest.mark.parametrize("unpacked", [True, False], ids=["unpacked", "as it came"])
def test_what_is_in_stock_stays_so_when_its_carton_comes_again_that_nobody_knows_to_have_left(
    here: Handheld, there: Handheld, number: str, *, unpacked: bool
) -> None:
    take("order", ORDER.replace("TRANSFER-1", "TRANSFER-2"), now_ms=DAY)
    a_carton_goes_twice_on_its_pallet(here, there, number, unpacked=unpacked)
    assert stock(NORTH) == {PHONE: 1, CABLE: 4}, "of the first load, whether it was scanned out of the carton or not"
    nothing_is_stored_otherwise_than_folded()


@pytest.mark.parametrize("heard", [50, 65], ids=["before it arrived", "afterwards"])
def test_what_is_heard_late_of_a_carton_that_a_closed_receipt_lacked_comes_in_with_it(
    here: Handheld, door: Handheld, there: Handheld, heard: int
) -> None:
    here.says(*packed(10, CARTON_1, "S0"), *packed(10, CARTON_2, "S4"), at=15)
    here.says(scan(20, "ship", CARTON_1), scan(21, "ship", CARTON_2), at=21)
    there.says(scan(40, "receive", CARTON_2, document="TRANSFER-1", location=DOCK), at=40)
    close("TRANSFER-1", at=45)
    lacking = {("short", "S0"), ("lost_in_transit", "S0")}
    assert open_cases() == lacking
    late = packed(11, CARTON_1, "S1", cables=3)
    if heard < 60:
        door.says(*late, at=heard)
    there.says(scan(60, "receive", CARTON_1, document=max(announced()), location=DOCK), at=60)
    if heard > 60:
        door.says(*late, at=heard)
    assert stock(NORTH) == {PHONE: 2, CABLE: 3}, "what was reported as lacking has to be seen"
    close(max(announced()), at=90)
    assert open_cases() == lacking
    there.says(scan(95, "receive", unit("S0"), document="TRANSFER-1", location=DOCK), at=95)
    close("TRANSFER-1", at=96)
    assert open_cases() == set()
    nothing_is_stored_otherwise_than_folded()


def test_what_is_heard_of_after_its_carton_was_put_away_without_a_receipt_has_come_in_with_it(
    here: Handheld, door: Handheld, there: Handheld
) -> None:
    here.says(*packed(10, CARTON_1, "S0"), scan(20, "ship", CARTON_1), at=20)
    there.says(scan(40, "put_away", CARTON_1, location=BIN_A), at=40)
    door.says(*packed(11, CARTON_1, "S1", cables=3), at=50)
    assert stock(NORTH) == {PHONE: 2, CABLE: 3}
    assert announced() == {"TRANSFER-1": {"S0", "S1"}}
    nothing_is_stored_otherwise_than_folded()


def test_pieces_come_in_with_a_carton_that_arrives_before_anybody_heard_that_it_left(
    here: Handheld, door: Handheld, there: Handheld
) -> None:
    here.says(*packed(10, CARTON_1, cables=4), at=15)
    there.says(scan(40, "receive", CARTON_1, document="TRANSFER-1", location=DOCK), at=40)
    door.says(scan(20, "ship", CARTON_1), at=50)
    assert (stock(SITE)[CABLE], stock(NORTH)[CABLE]) == (36, 4)
    nothing_is_stored_otherwise_than_folded()


def test_cartons_of_one_product_that_leave_together_are_folded_together(here: Handheld) -> None:
    boxes = (CARTON_1, CARTON_2, PALLET)
    here.says(*(said for box in boxes for said in packed(10, box, cables=2)), at=15)
    with counting() as one:
        here.says(scan(20, "ship", CARTON_1), at=20)
    with counting() as two:
        here.says(scan(30, "ship", CARTON_2), scan(31, "ship", PALLET), at=31)
    of_one, of_two = (sum("FROM stock_levels" in statement for statement in sent) for sent in (one, two))
    assert of_one == of_two > 0


@pytest.mark.parametrize("how", ["put_away", "move", "quarantine"])
def test_what_lay_somewhere_else_before_its_carton_left_is_not_awaited_once_that_is_heard_of(
    here: Handheld, door: Handheld, how: str
) -> None:
    here.says(*packed(10, CARTON_1, "S0", "S1"), scan(20, "ship", CARTON_1), at=20)
    door.says(scan(15, how, unit("S0"), location=BIN_B, reason="scratched"), at=25)
    assert standing(NORTH) == {"S1": "announced"}
    door.says(scan(26, "void", unit("S0"), voids="2.1.1", reason="it was another one"), at=26)
    assert standing(NORTH) == {"S0": "announced", "S1": "announced"}
    nothing_is_stored_otherwise_than_folded()


@pytest.mark.parametrize("how", ["pick", "pack"])
def test_what_was_taken_for_another_order_before_its_carton_left_is_not_awaited_once_that_is_heard_of(
    here: Handheld, door: Handheld, there: Handheld, how: str
) -> None:
    take("order", f"number,gtin,quantity\nSO-9,{PHONE.rpartition('/')[2]},1\n", now_ms=DAY)
    here.says(*packed(10, CARTON_1, "S0", "S1"), scan(20, "ship", CARTON_1), at=20)
    into = {"container": CARTON_2} if how == "pack" else {"location": BIN_B}
    door.says(scan(12, how, unit("S0"), document="SO-9", **into), at=25)
    there.says(scan(40, "receive", CARTON_1, document="TRANSFER-1", location=DOCK), at=40)
    assert (stock(SITE)[PHONE], stock(NORTH)[PHONE]) == (4, 1)
    close("TRANSFER-1", at=45)
    assert open_cases() == {("claimed_twice", "S0")}
    nothing_is_stored_otherwise_than_folded()


def test_a_carton_that_was_taken_off_its_pallet_before_that_left_is_not_awaited_once_that_is_heard_of(
    here: Handheld, door: Handheld
) -> None:
    on_a_pallet(here)
    door.says(scan(18, "move", CARTON_1, location=BIN_B), at=25)
    assert standing(NORTH) == {"S2": "announced"}
    nothing_is_stored_otherwise_than_folded()


def test_what_another_site_handed_over_is_no_document_that_anybody_sent(here: Handheld) -> None:
    site.state_document("asn", "ASN-1", [{"subject": unit("A1")}], now_ms=DAY, where=NORTH)
    here.says(*packed(10, CARTON_1, "S0"), *packed(11, CARTON_2, "S1"), at=15)
    here.says(scan(20, "ship", CARTON_1), scan(21, "ship", CARTON_2), at=21)
    with reading() as c:
        assert [row["number"] for row in imported.read_page(c, NORTH)] == ["ASN-1"]


def test_a_notice_of_many_cartons_is_told_anew_once(here: Handheld) -> None:
    here.says(*(said for box in (CARTON_1, CARTON_2, PALLET) for said in packed(10, box, cables=2)), at=15)

    def told_anew() -> int:
        with counting() as sent, writing() as c:
            for part in told_anew_parts(c, NORTH):
                part.tell(c, NORTH, stamp(c))
        return len(sent)

    here.says(scan(20, "ship", CARTON_1), at=20)
    one = told_anew()
    here.says(scan(30, "ship", CARTON_2), scan(31, "ship", PALLET), at=31)
    assert told_anew() == one


def test_the_proof_of_where_a_phone_came_from_is_what_was_said_of_its_own_carton(here: Handheld) -> None:
    here.says(*packed(10, CARTON_1, "S0"), *packed(11, CARTON_2, "S1"), at=15)
    here.says(scan(20, "ship", CARTON_1), scan(21, "ship", CARTON_2), at=21)
    d, r = documents.c, document_rows.c
    for serial in ("S0", "S1"):
        with reading() as c:
            told = sa.select(d.event).join(document_rows, r.document == d.digest)
            event = c.execute(told.where(r.site == NORTH, r.subject == unit(serial))).scalar_one()
            assert [one.event for one in origin(c, NORTH, unit(serial), DAY + 30 * MINUTE_MS).proof] == [event]


@pytest.mark.parametrize("heard", [20, 25], ids=["before it left", "afterwards"])
def test_pieces_that_were_taken_out_of_a_carton_before_it_left_do_not_come_in_with_it(
    here: Handheld, door: Handheld, there: Handheld, heard: int
) -> None:
    taken_out = scan(12, "unpack", CABLE, quantity=1, origin=CARTON_1, location=BIN_A, document="TRANSFER-1")
    here.says(*packed(10, CARTON_1, cables=4), at=11)
    if heard == 20:
        door.says(taken_out, at=13)
    here.says(scan(20, "ship", CARTON_1), at=20)
    if heard > 20:
        door.says(taken_out, at=heard)
    there.says(scan(40, "receive", CARTON_1, document="TRANSFER-1", location=DOCK), at=40)
    assert (stock(SITE)[CABLE], stock(NORTH)[CABLE]) == (37, 3)
    nothing_is_stored_otherwise_than_folded()
