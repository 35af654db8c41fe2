"""The returns desk at the server: RMAs, the verdict with everything known, decisions, loops, lots, what they share."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from server.adviser import records
from server.changes import pull
from server.database import reading, stamp, writing
from server.ledger import history
from server.month import report
from server.naming import path_of
from server.parties import name_of
from server.rebuild import rebuild
from server.recalls.asked import Asked
from server.recalls.book import begin
from server.returns import announced, loops, lots, shared
from server.returns.facts import judge
from server.returns.limits import Limits, set_limits
from server.tables import cases, document_rows, unit_states
from server.unit_rows import states_of
from server.upkeep import verify
from sync.because import STILL_NEEDED, Because, Outcome
from sync.identity import imei_key
from sync.returning import ReturnVerdict
from tests.handheld import BIN_A, CABLE, CARTON_1, CARTON_2, DOCK, PHONE, unit
from tests.server.office import problems
from tests.server.running import NOW, SITE, Handheld, Person, refusal, sign_in
from tests.server.site import folded

GTIN = PHONE.rpartition("/")[2]
IMEI, OTHER = imei_key("490154203237518"), imei_key("352099001761481")
ORDERS = (
    "number,gtin,quantity,customer_key,customer\n"
    f"SO-1,{GTIN},1,C-1,Anna\nSO-2,{GTIN},1,C-2,Bert\nSO-3,{GTIN},1,C-1,Anna\n"
)
RMAS = (
    "number,order,customer_key,gtin,reason,customer\n"
    f"RMA-1,SO-1,C-1,{GTIN},fit,Anna\nRMA-2,SO-2,C-2,{GTIN},defect,Bert\nRMA-3,SO-3,C-1,{GTIN},fit,Anna\n"
)


def take(person: Person, kind: str, content: str) -> dict[str, Any]:
    answer = person.post(f"/api/v1/documents?kind={kind}", data=content)
    assert answer.status_code == 200, answer.text
    found = answer.get_json()
    assert isinstance(found, dict)
    return found


@pytest.fixture
def shop(app: Flask, admin: Person) -> Person:
    take(admin, "order", ORDERS)
    take(admin, "rma", RMAS)
    return admin


@pytest.fixture
def handheld(app: Flask) -> Handheld:
    """One that was started this morning; its scans are some minutes apart."""
    made = Handheld(app).enrol()
    made.chain.boot_at_ms = NOW - 24 * 3_600_000
    return made


def says(handheld: Handheld, action: str, serial: str, **said: Any) -> None:
    minutes_ago = 900 - 3 * len(handheld.chain.lines)
    handheld.scan(action, unit(serial), minutes_ago=minutes_ago, **said)


def sold(handheld: Handheld, serial: str, order: str, *, lot: str | None = None) -> None:
    says(handheld, "put_away", serial, location=BIN_A, identifiers=(IMEI,) if serial == "S1" else None, lot=lot)
    says(handheld, "pick", serial, location=BIN_A, document=order)
    says(handheld, "ship", serial, document=order)


def back(handheld: Handheld, serial: str, document: str | None, *, reason: str = "fit") -> None:
    says(handheld, "take_back", serial, location=DOCK, document=document, reason=reason)


def examined(handheld: Handheld, serial: str, *, number: str | None = None) -> None:
    said = {"seal": "broken", "condition": "opened", "evidence": "sha256:1"}
    says(handheld, "examine", serial, numbers=(number or unit(serial),), **said)


def verdict(serial: str) -> ReturnVerdict:
    with reading() as c:
        return judge(c, SITE, [unit(serial)], NOW)[unit(serial)].verdict


def warranty(person: Person, serial: str) -> tuple[str, str | None, str]:
    found = person.get("/api/v1/returns/verdict", query_string={"unit": unit(serial)}).get_json()
    return found["warranty"], found["warranty_until"], found["warranty_text"]


def decide(person: Person, serial: str, decision: str, reason: str = "looked at") -> Any:
    asked = {"unit": unit(serial), "decision": decision, "reason": reason}
    return person.post("/api/v1/returns/decide", json=asked)


def status(serial: str) -> str:
    with reading() as c:
        row = c.execute(unit_states.select().where(unit_states.c.unit == unit(serial))).mappings().one()
        return str(row["status"])


def test_a_return_is_announced_by_file_and_the_customers_number_and_name_stay_out_of_the_ledger(shop: Person) -> None:
    with reading() as c:
        said = [row for row in c.execute(document_rows.select()).mappings() if row["attributes"]]
        assert name_of(c, SITE, "RMA-1") == "Anna"
    text = repr([row["attributes"] for row in said])
    assert "Anna" not in text
    assert "C-1" not in text
    hashes = {row["attributes"]["customer"] for row in said}
    assert len(hashes) == 2, "one for each customer, whatever document names them"


def test_whose_return_it_is_is_shown_to_who_takes_returns_and_to_nobody_else(shop: Person, app: Flask) -> None:
    told = {role: sign_in(app, role).get("/returns/announced?number=RMA-1").text for role in ("returns", "picker")}
    assert ["Customer" in text for text in told.values()] == ["Anna" in text for text in told.values()] == [True, False]
    assert "SO-1" in told["picker"]


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        (f"RMA-9,,,{GTIN},,fit", "neither on which order it was bought nor by whom"),
        (f"RMA-9,SO-1,C-1,{GTIN},,broken", "'broken' is no reason of a return: it is one of fit, unwanted"),
        (f"RMA-9,SO-1,C-1,{GTIN},S\N{GRINNING FACE},fit", "cannot stand in one"),
        ("RMA-9,SO-1,C-1,1234,,fit", "is no GTIN"),
    ],
)
def test_a_wrong_row_of_a_returns_file_is_met_with_a_sentence(app: Flask, rows: str, sentence: str) -> None:
    [problem] = problems("rma", f"number,order,customer_key,gtin,serial,reason\n{rows}\n")
    assert sentence in problem


def test_the_verdict_of_an_honest_return_and_its_release_by_the_desk(
    shop: Person, handheld: Handheld, app: Flask
) -> None:
    sold(handheld, "S1", "SO-1")
    back(handheld, "S1", "RMA-1")
    handheld.push()
    assert verdict("S1").needed[0] is Because.NUMBER_MISSING
    desk = sign_in(app, "returns")
    assert refusal(decide(desk, "S1", "restock"))[0] == 409
    examined(handheld, "S1", number=IMEI)
    handheld.push(first=5)
    assert verdict("S1") == ReturnVerdict(outcome=Outcome.RESTOCK, because=())
    answer = decide(desk, "S1", "restock")
    assert answer.status_code == 200, answer.text
    assert status("S1") == "received"
    assert answer.get_json()["returned_for"] == ["fit"]


def test_a_box_that_is_scanned_again_loses_neither_its_return_nor_what_was_read_and_its_release_is_told(
    shop: Person, handheld: Handheld
) -> None:
    sold(handheld, "S1", "SO-1")
    back(handheld, "S1", "RMA-1")
    examined(handheld, "S1", number=IMEI)
    handheld.push()
    first = verdict("S1")
    back(handheld, "S1", None)
    handheld.push(first=6)
    assert (first.outcome, verdict("S1")) == (Outcome.RESTOCK, first)
    address = f"/returns/unit/{path_of(unit('S1'))}"
    assert "no return and no order" not in shop.get(address).text
    says(handheld, "restock", "S1", location=DOCK)
    handheld.push(first=7)
    page = shop.get(address).text
    assert "RMA-1" in page
    assert "It came back, was released, and is in stock again." in page
    assert "never sold" not in page


def test_a_number_of_another_unit_is_not_forgotten_by_scanning_the_box_again(shop: Person, handheld: Handheld) -> None:
    says(handheld, "put_away", "S2", location=BIN_A, identifiers=(OTHER,))
    sold(handheld, "A1", "SO-1")
    back(handheld, "A1", "SO-1")
    examined(handheld, "A1", number=OTHER)
    back(handheld, "A1", "SO-1")
    handheld.push()
    assert Because.NUMBER_OF_ANOTHER in verdict("A1").because


def test_a_fake_in_a_genuine_box_is_released_by_nobody(shop: Person, handheld: Handheld, app: Flask) -> None:
    sold(handheld, "S1", "SO-1")
    back(handheld, "S1", "RMA-1")
    examined(handheld, "S1", number=OTHER)
    handheld.push()
    found = verdict("S1")
    assert (found.outcome, Because.NUMBERS_DISAGREE in found.because) == (Outcome.QUARANTINE, True)
    for role in ("returns", "quality", "supervisor", "admin"):
        assert refusal(decide(sign_in(app, role), "S1", "restock"))[0] == 409
    with reading() as c:
        assert history(c, SITE, [OTHER]) == {}, "the fake's number is no further name of the unit"
    says(handheld, "put_away", "S1", location=BIN_A)
    handheld.push(first=6)
    assert status("S1") == "returned", "a scan on the shelf makes no stock of it"


def test_another_customers_unit_is_rejected_and_goes_back_and_was_no_return(
    shop: Person, handheld: Handheld, app: Flask
) -> None:
    sold(handheld, "S1", "SO-1")
    back(handheld, "S1", "RMA-2")
    examined(handheld, "S1", number=IMEI)
    handheld.push()
    assert verdict("S1").outcome is Outcome.REJECT
    answer = decide(sign_in(app, "returns"), "S1", "reject_return", "theirs is another one")
    assert answer.status_code == 200, answer.text
    assert (status("S1"), answer.get_json()["returns"]) == ("shipped", 0)


def test_an_order_that_is_imported_late_says_whose_it_was_also_of_what_was_only_moved_under_its_number(
    shop: Person, handheld: Handheld
) -> None:
    sold(handheld, "S1", "SO-1")
    back(handheld, "S1", None)
    says(handheld, "move", "S1", location=DOCK, document="SO-9")
    examined(handheld, "S1", number=IMEI)
    handheld.push()
    shop.post("/api/v1/documents?kind=order", data=f"number,gtin,quantity,customer_key\nSO-9,{GTIN},1,K9\n")
    with reading() as c:
        rules = set(c.execute(sa.select(cases.c.rule).where(cases.c.unit == unit("S1"))).scalars())
    assert "wrong_customer" in rules
    assert list(verify(SITE, lambda _: None)) == []


@pytest.mark.parametrize(
    ("stop", "says_why"),
    [
        ("/api/v1/recalls", "A recall stops it: while that stands it goes to no customer."),
        (
            "/api/v1/stolen",
            "It is reported as stolen: it goes to the police, and to nobody else while that report stands.",
        ),
    ],
)
def test_what_is_recalled_or_stolen_goes_back_to_no_customer_whoever_decides(
    shop: Person, handheld: Handheld, stop: str, says_why: str
) -> None:
    sold(handheld, "S1", "SO-1")
    back(handheld, "S1", "RMA-2")
    handheld.push()
    named = {"reason": "battery", "product": GTIN, "serials": ["S1"]}
    assert shop.post(stop, json=named | ({"number": "RC-1"} if "recalls" in stop else {})).status_code in (200, 201)
    refused = decide(shop, "S1", "reject_return", "theirs is another one")
    assert (refused.status_code, refused.get_json()["message"]) == (409, says_why)


def test_a_unit_that_was_never_sold_comes_back(shop: Person, handheld: Handheld, supervisor: Person) -> None:
    says(handheld, "put_away", "S8", location=BIN_A)
    back(handheld, "S8", "RMA-1")
    back(handheld, "S9", None)
    handheld.push()
    assert Because.TWIN_IN_STOCK in verdict("S8").because
    assert Because.NOT_OURS in verdict("S9").because
    waiting = supervisor.get("/api/v1/returns").get_json()["returns"]
    assert {row["unit"]: row["outcome"] for row in waiting} == {unit("S8"): "quarantine", unit("S9"): "reject"}
    assert status("S8") == "stored", "the one on the shelf stays there, and is held back"


def test_of_a_second_one_of_a_number_it_is_decided_by_itself_and_ours_stays_and_is_let_go_afterwards(
    shop: Person, handheld: Handheld, app: Flask
) -> None:
    says(handheld, "put_away", "S8", location=BIN_A)
    back(handheld, "S8", "RMA-1")
    handheld.push()
    desk, quality = sign_in(app, "returns"), sign_in(app, "quality")
    assert refusal(decide(desk, "S8", "scrap")) == (409, "not_open")
    assert refusal(decide(quality, "S8", "restock"))[0] == 409
    page = quality.get(f"/returns/unit/{path_of(unit('S8'))}").text
    assert "Destroy the one that was brought" in page
    assert "Have it put right first" not in page.partition("Decide")[2].partition("</form>")[0]
    answer = decide(quality, "S8", "scrap", "a fake: its screen shows another IMEI").get_json()
    assert (answer["status"], "twin_in_stock" in answer["because"], "held" in answer["because"]) == (
        "stored",
        False,
        True,
    )
    waits = quality.get("/api/v1/returns").get_json()["returns"]
    assert [row["unit"] for row in waits] == [unit("S8")], "ours is held back still, and nobody forgets it"
    assert decide(quality, "S8", "clear", "it is the genuine one").status_code == 200
    assert (quality.get("/api/v1/returns").get_json()["returns"], status("S8")) == ([], "stored")
    with reading() as c:
        row = c.execute(cases.select().where(cases.c.rule == "clone_returned")).mappings().one()
        assert row["status"] == "explained"


@pytest.mark.parametrize("decision", ["scrap", "reject_return"])
def test_what_was_never_ours_is_destroyed_or_sent_back_and_waits_no_longer(
    shop: Person, handheld: Handheld, decision: str
) -> None:
    back(handheld, "S9", None)
    handheld.push()
    assert [row["unit"] for row in shop.get("/api/v1/returns").get_json()["returns"]] == [unit("S9")]
    assert decide(shop, "S9", decision, "not ours").status_code == 200
    assert shop.get("/api/v1/returns").get_json()["returns"] == []
    with reading() as c:
        left = states_of(c, SITE, [unit("S9")])[unit("S9")]
    assert (left.place, left.held, left.doubts) == (None, None, ()), "it lies nowhere here any more"


def cases_of(serial: str) -> set[str]:
    with reading() as c:
        t = cases.c
        return set(c.execute(sa.select(t.rule).where(t.site == SITE, t.unit == unit(serial))).scalars())


def test_a_mislaid_parcel_is_no_counterfeit_and_nobody_a_cheat(shop: Person, handheld: Handheld) -> None:
    carton_3 = CARTON_2[:-2] + "32"
    parcels = (("S7", "SO-3", CARTON_1, "SO-3"), ("S8", "SO-2", CARTON_2, "RMA-1"), ("S9", "SO-1", carton_3, "RMA-1"))
    for serial, order, carton, document in parcels:
        says(handheld, "put_away", serial, location=BIN_A)
        says(handheld, "pick", serial, location=BIN_A, document=order)
        says(handheld, "pack", serial, container=carton, document=order)
        back(handheld, serial, document)
    handheld.push()
    for serial in ("S7", "S9"):
        doubted = set(verdict(serial).because) - set(STILL_NEEDED)
        assert (doubted, verdict(serial).outcome) == ({Because.NEVER_LEFT}, Outcome.INSPECT)
        assert cases_of(serial) == {"returned_unsold"}, "also with a return that was announced of that very order"
    page = shop.get(f"/returns/unit/{path_of(unit('S7'))}").text
    assert "By the records its order has not left yet: look whether its parcel was mislaid." in page
    assert Because.TWIN_IN_STOCK in verdict("S8").because, "with anything else it may be a second one of its number"
    assert Because.OTHER_ORDER not in verdict("S8").because, "it was sold on none"
    assert cases_of("S8") == {"clone_returned"}


def test_what_came_back_is_folded_alike_however_it_arrives(shop: Person, handheld: Handheld) -> None:
    sold(handheld, "S1", "SO-1")
    back(handheld, "S1", "RMA-2")
    examined(handheld, "S1", number=OTHER)
    handheld.push()
    before = folded()
    with writing() as c:
        rebuild(c, SITE, [unit("S1")], stamp(c))
    assert folded() == before


def defective(handheld: Handheld, serials: str, order: str, lot: str) -> None:
    for serial in serials.split():
        sold(handheld, serial, order, lot=lot)
        back(handheld, serial, None, reason="defect")


def test_the_first_failure_of_a_lot_is_told_to_handhelds_and_more_propose_a_recall(
    shop: Person, handheld: Handheld
) -> None:
    defective(handheld, "F1", "SO-1", "L7")
    sold(handheld, "G1", "SO-2", lot="L7")
    handheld.push()
    assert Because.FIRST_FAILURE in verdict("F1").because
    with reading() as c:
        [first] = lots.failed(c, SITE)
        offered = next(row for kind, key, row in pull(c, SITE, None)[0] if (kind, key) == ("returns", PHONE))
    assert (first.failed, first.proposed, dict(first.siblings)) == (1, False, {"shipped": 1})
    assert offered == {"failed_lots": [["L7", unit("F1")]]}
    back(handheld, "G1", None, reason="defect")
    handheld.push(first=len(handheld.chain.lines))
    with reading() as c:
        [worse] = lots.failed(c, SITE)
    assert (worse.failed, worse.proposed, worse.first) == (2, True, unit("F1"))
    assert Because.LOT_FAILS in verdict("G1").because


@pytest.mark.parametrize("told_by", ["a notice", "a label", "a label read by its IMEI"])
def test_a_lot_that_is_told_after_its_unit_failed_is_told_to_handhelds(
    shop: Person, handheld: Handheld, told_by: str
) -> None:
    sold(handheld, "S1", "SO-1")
    back(handheld, "S1", "SO-1", reason="defect")
    handheld.push()
    if told_by == "a notice":
        take(shop, "asn", f"number,gtin,serial,lot\nASN-1,{PHONE.rpartition('/')[2]},S1,L1\n")
    else:
        name = unit("S1") if told_by == "a label" else IMEI
        handheld.scan("inspect", name, lot="L1", location=DOCK, minutes_ago=1)
        handheld.push(first=len(handheld.chain.lines))
    with reading() as c:
        changes, _, _ = pull(c, SITE, None)
    (row,) = [row for kind, key, row in changes if (kind, key) == ("returns", PHONE)]
    assert row["failed_lots"] == [["L1", unit("S1")]]


def test_what_was_taken_back_by_mistake_did_not_come_with_its_return(shop: Person, handheld: Handheld) -> None:
    sold(handheld, "S1", "SO-1")
    for serial in ("S1", "S2"):
        back(handheld, serial, "RMA-1")
    mistake = f"{handheld.chain.device_no}.1.{len(handheld.chain.lines)}"
    says(handheld, "void", "S2", voids=mistake, reason="scanned twice")
    handheld.push()
    with reading() as c:
        found = announced.read(c, SITE, "RMA-1")
    assert found is not None
    assert [*found.came] == [unit("S1")]


def test_a_failure_that_was_scanned_by_its_imei_is_its_lots_failure(shop: Person, handheld: Handheld) -> None:
    sold(handheld, "S1", "SO-1", lot="L7")
    handheld.push()
    handheld.scan("take_back", IMEI, minutes_ago=60, location=DOCK, reason="defect")
    handheld.push(first=len(handheld.chain.lines))
    with reading() as c:
        [failed] = lots.failed(c, SITE)
        offered = next(row for kind, key, row in pull(c, SITE, None)[0] if (kind, key) == ("returns", PHONE))
    assert (failed.lot, failed.first) == ("L7", unit("S1"))
    assert offered == {"failed_lots": [["L7", unit("S1")]]}


def test_siblings_that_were_shipped_in_a_carton_are_at_their_customers(shop: Person, handheld: Handheld) -> None:
    defective(handheld, "F1", "SO-1", "L7")
    says(handheld, "put_away", "G1", location=BIN_A, lot="L7")
    says(handheld, "pack", "G1", container=CARTON_1, document="SO-2")
    handheld.scan("ship", CARTON_1, minutes_ago=60, document="SO-2")
    handheld.push()
    with reading() as c:
        [failed] = lots.failed(c, SITE)
    assert dict(failed.siblings) == {"shipped": 1}


def test_a_lot_of_which_one_delivery_is_recalled_is_proposed_still(shop: Person, handheld: Handheld) -> None:
    defective(handheld, "F1 F2", "SO-1", "L7")
    handheld.push()
    with writing() as c:
        begin(c, site=SITE, asked=Asked(reason="x", product=GTIN, until="2001-01-01"), operator=None, now_ms=NOW)
    with reading() as c:
        [failed] = lots.failed(c, SITE)
    assert (failed.recalled, failed.proposed) == (False, True)


@pytest.mark.parametrize(
    ("site", "product", "found"),
    [
        (Limits(unit_max=0), None, {Because.UNIT_LOOPS}),
        (Limits(always=True), Limits(always=False), set()),
        (Limits(unit_max=5), Limits(unit_max=0), {Because.UNIT_LOOPS}),
        (Limits(product_max=1), None, {Because.PRODUCT_LOOPS}),
        (Limits(product_max=1), Limits(product_max=0), set()),
    ],
)
def test_a_limit_holds_from_when_it_is_set_also_of_nought_and_where_it_frees_a_product(
    shop: Person, handheld: Handheld, site: Limits, product: Limits | None, found: set[Because]
) -> None:
    for serial in ("S2", "S3"):
        for _ in range(2):
            sold(handheld, serial, "SO-1")
            back(handheld, serial, "SO-1")
            says(handheld, "examine", serial, numbers=(unit(serial),), seal="none", evidence="sha256:1")
            says(handheld, "restock", serial, location=DOCK)
    sold(handheld, "S4", "SO-1")
    back(handheld, "S4", "SO-1")
    handheld.push()
    for item, limits in ((PHONE, product), (None, site)):
        if limits is not None:
            with writing() as c:
                set_limits(c, site=SITE, item=item, limits=limits, operator="Sam", now_ms=NOW)
    by_limit = {Because.UNIT_LOOPS, Because.PRODUCT_LOOPS, Because.ALWAYS_INSPECTED}
    assert set(verdict("S4").because) & by_limit == found


def test_a_unit_that_goes_round_is_counted_as_that_unit_and_set_apart_in_its_products_rate(
    shop: Person, handheld: Handheld
) -> None:
    sold(handheld, "S1", "SO-1")
    back(handheld, "S1", "SO-1")
    examined(handheld, "S1", number=IMEI)
    says(handheld, "restock", "S1", location=DOCK)
    sold(handheld, "S1", "SO-2")
    back(handheld, "S1", "SO-2", reason="defect")
    for serial in ("A1", "A2", "A3"):
        sold(handheld, serial, "SO-3")
    back(handheld, "A1", "SO-3")
    handheld.push()
    with reading() as c:
        [loop] = loops.units(c, SITE)
        [product] = loops.products(c, SITE, NOW)
    assert (loop.unit, loop.returns, loop.reasons) == (unit("S1"), 2, ("fit", "defect"))
    assert (product.sold, product.returns, product.units, product.loop_units) == (5, 3, 2, 1)
    assert product.rate == pytest.approx(3 / 5)
    assert product.rate_without_loops == pytest.approx(1 / 3)
    with reading() as c:
        assert loops.products(c, SITE, NOW + loops.RATES_DAYS * 86_400_000) == [], "what sold two years ago says little"


def test_what_comes_back_counts_alike_on_every_page_and_a_box_scanned_again_a_clone_or_a_stranger_is_no_return(
    shop: Person, handheld: Handheld
) -> None:
    for serial in ("S1", "S2", "S3"):
        sold(handheld, serial, "SO-1")
    for serial, reason in (("S1", "fit"), ("S1", "fit"), ("S2", "defect"), ("S3", "fit")):
        back(handheld, serial, "SO-1", reason=reason)
    says(handheld, "reject_return", "S3", reason="theirs is another one")
    for serial in ("A1", "A2"):
        says(handheld, "put_away", serial, location=BIN_A)
    says(handheld, "pack", "A2", container=CARTON_1, document="SO-2")
    for serial in ("A1", "A2", "NEVER"):  # in stock, packed and never handed over, never ours
        back(handheld, serial, "SO-1")
    handheld.push()
    with reading() as c:
        [page] = loops.products(c, SITE, NOW)
        month = report.read(c, SITE, NOW - 24 * 3_600_000, NOW).returns[PHONE]
        advised = records.read(c, SITE, NOW)
    assert (page.sold, page.returns, page.units, dict(page.reasons)) == (3, 2, 2, {"fit": 1, "defect": 1})
    assert (month.sold, month.back, month.again, dict(month.reasons)) == (3, 2, 0, {"fit": 1, "defect": 1})
    assert (advised.sold[PHONE], advised.back[PHONE], advised.defective[PHONE]) == (3, 2, 1)


def test_pieces_that_came_back_count_alike_on_every_page(shop: Person, handheld: Handheld) -> None:
    for minutes_ago, pieces in ((60, 5), (50, 2)):
        handheld.scan(
            "take_back", CABLE, minutes_ago=minutes_ago, location=DOCK, quantity=pieces, document="SO-1", reason="fit"
        )
    handheld.scan("void", CABLE, voids=f"{handheld.chain.device_no}.1.2", minutes_ago=40, reason="miscounted")
    handheld.push()
    with reading() as c:
        [page] = loops.products(c, SITE, NOW)
        month = report.read(c, SITE, NOW - 24 * 3_600_000, NOW).returns[CABLE]
        advised = records.read(c, SITE, NOW)
    assert (page.item, page.returns, page.units, dict(page.reasons)) == (CABLE, 5, 0, {"fit": 5})
    assert (month.back, month.again, advised.back[CABLE]) == (5, 0, 5)


def test_what_failed_units_share_is_told_with_counts_and_two_of_two_do_not_shout() -> None:
    traits = {f"u{n}": {("packed by", "Ravi" if n < 10 else "Rosa"), ("lot", "L1")} for n in range(100)}
    found = shared.compare(traits, {"u1", "u2", "u3", "u4", "u50"})
    assert [(one.value, one.failed, one.sold, one.is_lead) for one in found] == [
        ("Ravi", 4, 10, True),
        ("Rosa", 1, 90, False),
    ]
    assert found[0].lift == pytest.approx(8)
    assert 1 < found[0].least < found[0].lift
    assert not any(one.is_lead for one in shared.compare(traits, {"u1", "u2"}))


def test_what_came_back_is_under_warranty_as_on_the_day_it_came_back_by_the_sale_it_was_returned_from(
    shop: Person, handheld: Handheld
) -> None:
    take(shop, "warranty", f"gtin,months,starts\n{GTIN},24,sale\n")
    sold(handheld, "S1", "SO-1")
    handheld.push()
    before = warranty(shop, "S1")
    back(handheld, "S1", "RMA-1", reason="defect")
    handheld.push(first=4)
    assert before[0] == "covered"
    assert warranty(shop, "S1") == before
    assert f"Covered until {before[1]}." in shop.get(f"/returns/unit/{path_of(unit('S1'))}").text
    take(shop, "warranty", f"gtin,serial,until\n{GTIN},S1,2020-01-31\n")
    assert warranty(shop, "S1") == ("expired", "2020-01-31", "The warranty ended on 2020-01-31.")


def test_the_warranty_of_what_another_customer_sends_back_and_of_what_was_never_sold_is_told_as_it_is(
    shop: Person, handheld: Handheld
) -> None:
    take(shop, "warranty", f"gtin,months,starts\n{GTIN},24,sale\n")
    sold(handheld, "S1", "SO-1")
    back(handheld, "S1", "RMA-2")
    says(handheld, "put_away", "S2", location=BIN_A)
    back(handheld, "S2", "RMA-3")
    handheld.push()
    claim, _, sentence = warranty(shop, "S1")
    assert (claim, "It belongs to whom SO-1 names." in sentence) == ("another_owner", True)
    assert warranty(shop, "S2")[0] == "not_sold"


def test_the_pages_of_the_desk_show_what_waits_and_take_a_decision(
    shop: Person, handheld: Handheld, app: Flask
) -> None:
    sold(handheld, "S1", "SO-1")
    back(handheld, "S1", "RMA-1")
    examined(handheld, "S1", number=IMEI)
    defective(handheld, "F1 F2", "SO-2", "L7")
    handheld.push()
    quality = sign_in(app, "quality")
    page = quality.get("/returns").text
    assert "A recall is proposed." in page
    assert "nothing speaks against it" in page
    for address in ("/returns?outcome=quarantine", "/returns/patterns", "/returns/announced?number=RMA-1"):
        assert quality.get(address).status_code == 200, address
    one = quality.get(f"/returns/unit/{path_of(unit('S1'))}").text
    assert "It is the one that was sold, to them, and sound." in one
    answer = quality.post("/returns/decide", data={"unit": unit("S1"), "decision": "restock", "reason": "sound"})
    assert answer.status_code == 302
    assert status("S1") == "received"
    assert quality.post("/returns/limits", data={"unit_max": "1"}).status_code == 302
    said = {"product": GTIN, "lots": "L7", "reason": "battery", "do": "preview"}
    assert "Begin" in quality.post("/recalls/new", data=said).text
    with writing() as c:
        asked = Asked(product=GTIN, lots=["L7"], reason="battery")
        begin(c, site=SITE, asked=asked, operator="quality", now_ms=NOW - 1)
    assert Because.RECALLED in verdict("F1").because
    for name in ("returns", "return_rates", "failed_lots"):
        assert quality.get(f"/api/v1/lists/{name}.csv").status_code == 200, name
