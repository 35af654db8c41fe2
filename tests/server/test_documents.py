"""Documents come in: rows first, one event, then the units."""

import csv
import io
from pathlib import Path

import pytest
import sqlalchemy as sa

from server import documents
from server.database import db, reading, stamp, writing
from server.document_folding import FOLD_CHUNK, Pause
from server.documents import DocumentError
from server.parties import erase, parties
from server.rebuild import rebuild
from server.tables import cases, document_rows, events, reference, server_state, sites, stock_levels, unit_states
from server.tables import documents as documents_table
from server.tabular import TableError
from sync import identity
from tests.handheld import DAY, Chain
from tests.server.office import (
    ASN,
    CARTON_1,
    CARTON_2,
    LAMP,
    LOCATIONS,
    NOW,
    PALLET,
    PEN,
    PRODUCTS,
    SITE,
    STOCK,
    TEA,
    office,
    problems,
    read,
    rows,
    stock_up,
    take,
    workbook,
)
from tests.server.site import differences, enrol, folded, push

S1 = identity.unit_key(LAMP, "S1")
S10 = identity.unit_key(LAMP, "S10")
BIN_1 = identity.own_location_key("warehouse.example", SITE, "A-01")
BIN_2 = identity.own_location_key("warehouse.example", SITE, "A-02")


def test_a_stock_list_says_where_each_unit_belongs_and_how_many_lie_where(database_url: str, tmp_path: Path) -> None:
    with office(database_url, tmp_path):
        stock_up()
        expected = [(S1, BIN_1, "stored"), (identity.unit_key(LAMP, "S2"), BIN_2, "stored")]
        assert rows(unit_states, "unit", "expected", "status") == expected
        assert rows(stock_levels, "subject", "place", "quantity") == [
            (identity.lot_key(TEA, "L1"), BIN_2, 10),
            (identity.item_key(PEN), BIN_2, 1200),
        ]


def test_what_was_scanned_while_a_notice_came_in_is_looked_at_again_with_its_cartons(
    database_url: str, tmp_path: Path
) -> None:
    with office(database_url, tmp_path):
        take("products", PRODUCTS)
        enrol(1)
        device = Chain(1)
        late, carton, pallet = identity.unit_key(LAMP, "S99"), *map(identity.container_key, (CARTON_1, PALLET))
        device.scan(DAY + 60_000, "put_away", pallet, location=BIN_2)
        device.scan(DAY + 120_000, "pack", late, container=carton)
        device.scan(DAY + 180_000, "inspect", late, location=BIN_1)
        push(device, now_ms=DAY + 240_000)
        take("asn", ASN, now_ms=DAY)
        before = folded()
        with writing() as c:
            rebuild(c, SITE, [late, carton, pallet], stamp(c))
        assert differences(before, folded()) == []


def test_an_asn_announces_its_units_and_its_cartons_on_their_pallet(database_url: str, tmp_path: Path) -> None:
    with office(database_url, tmp_path):
        take("products", PRODUCTS)
        take("asn", ASN)
        carton_1, carton_2, pallet = map(identity.container_key, (CARTON_1, CARTON_2, PALLET))
        assert rows(unit_states, "unit", "announced_in", "status") == sorted(
            [
                (S10, carton_1, "announced"),
                (identity.unit_key(LAMP, "S11"), carton_1, "announced"),
                (carton_1, pallet, "announced"),
                (carton_2, pallet, "announced"),
                (pallet, None, "announced"),
            ]
        )
        assert rows(stock_levels, "quantity", "announced") == [(0, 24), (0, 100)], "nothing is here yet"


def test_handhelds_learn_of_products_places_and_lines_without_serials(database_url: str, tmp_path: Path) -> None:
    with office(database_url, tmp_path):
        stock_up()
        take("asn", ASN)
        offered = {(kind, key): row for kind, key, row in rows_as_offered()}
        assert offered["item", identity.item_key(LAMP)] == {
            "name": "Lamp", "sku": "LAMP", "mode": "serial", "serial_pattern": None,
        }  # fmt: skip
        assert offered["location", BIN_1] == {"code": "A-01", "name": "Bin A1", "zone": "picking"}
        asn = offered["document", "ASN-1"]
        carton = identity.container_key(CARTON_2)
        assert (asn["kind"], asn["state"]) == ("asn", "open")
        assert asn["lines"] == [
            {"item": identity.item_key(TEA), "lot": "L2", "quantity": 24, "container": carton},
            {"item": identity.item_key(PEN), "lot": None, "quantity": 100, "container": carton},
        ]


def rows_as_offered() -> list[tuple[str, str, dict[str, object]]]:
    with reading() as c:
        found = c.execute(sa.select(reference.c.kind, reference.c.key, reference.c.row))
        return [(kind, key, row) for kind, key, row in found]


def test_a_products_serial_pattern_becomes_one_of_the_sites_codes(database_url: str, tmp_path: Path) -> None:
    with office(database_url, tmp_path):
        take("products", f"gtin,name,serial pattern\n{LAMP},Lamp,SN[0-9]+\n")
        with reading() as c:
            codes = c.execute(sa.select(sites.c.codes)).scalar_one()
        patterns = [{"item": identity.item_key(LAMP), "pattern": "SN[0-9]+"}]
        assert codes["serial_patterns"] == patterns
        assert {(k, n): r for k, n, r in rows_as_offered()}["site", "codes"]["serial_patterns"] == patterns


def test_an_import_is_one_event_that_names_its_document_by_digest(database_url: str, tmp_path: Path) -> None:
    with office(database_url, tmp_path):
        taken = take("products", PRODUCTS)
        imports = [r for r in rows(events, "action", "operator", "reason", "evidence") if r[0] == "import"]
        assert imports == [("import", "Rosa", "products", taken.digest)]
        with reading() as c:
            assert documents.check_digest(c, taken.digest)


def test_the_same_file_again_changes_nothing(database_url: str, tmp_path: Path) -> None:
    with office(database_url, tmp_path):
        stock_up()
        before = everything()
        again = take("stock", STOCK, now_ms=NOW + 1)
        assert again.known
        assert everything() == before


def everything() -> list[list[tuple[object, ...]]]:
    return [
        rows(document_rows, "document", "row", "subject"),
        rows(events, "device_no", "epoch", "seq", "digest"),
        rows(unit_states, "unit", "expected", "last_event", "stamp"),
        rows(stock_levels, "subject", "place", "quantity"),
    ]


def test_another_document_with_a_number_that_is_taken_is_refused(database_url: str, tmp_path: Path) -> None:
    with office(database_url, tmp_path):
        take("products", PRODUCTS)
        take("asn", ASN)
        (problem,) = problems("asn", ASN.replace("S10", "S12"))
        assert problem.startswith("Row 2, column number: There is asn ASN-1 already, with other rows")
        assert take("asn", ASN.replace("S10", "S12").replace("ASN-1", "ASN-1-B")).known is False


def test_a_file_with_several_orders_becomes_a_document_each(database_url: str, tmp_path: Path) -> None:
    with office(database_url, tmp_path):
        with read("order", f"order no;gtin;qty\nSO-1;{PEN};5\nSO-2;{PEN};1\nSO-1;{TEA};2\n") as found:
            taken = documents.take(found, operator=None, now_ms=NOW)
        assert [(t.number, t.rows) for t in taken] == [("SO-1", 2), ("SO-2", 1)]


def test_a_customers_name_stays_out_of_the_ledger_and_can_be_erased(database_url: str, tmp_path: Path) -> None:
    with office(database_url, tmp_path):
        take("order", f"number,gtin,quantity,customer,address\nSO-1,{PEN},5,Ada Lovelace,1 Byron Row\n")
        assert rows(parties, "document", "name", "address") == [("SO-1", "Ada Lovelace", "1 Byron Row")]
        with reading() as c:
            kept = [str(row) for t in (events, document_rows, reference) for row in c.execute(sa.select(t))]
        assert not [row for row in kept if "Lovelace" in row or "Byron" in row]
        with writing() as c:
            assert erase(c, SITE, "Ada Lovelace", operator="Rosa", now_ms=NOW) == 1
        assert rows(parties, "name") == []


WRONG = f"""gtin,serial,lot,quantity,location
{LAMP},S3,,,A-01
9506000134353,S4,,,A-01
9.50600E+12,S5,,,A-01
{LAMP},S6,,,Z-99
{LAMP},S3,,,A-02
{LAMP},{"S" * 21},,,A-01
{LAMP},S7,,2,A-01
{LAMP},,,,A-01
,,,3,A-01
{PEN},,,3,
{PEN},,,3,A-01,oops
"""


def test_every_wrong_row_is_named_with_its_number_and_reason(database_url: str, tmp_path: Path) -> None:
    with office(database_url, tmp_path):
        take("locations", LOCATIONS)
        assert problems("stock", WRONG) == [
            "Row 3, column gtin: The check digit of '09506000134353' is 3, and 2 was expected.",
            "Row 4, column gtin: '9.50600E+12' is a number that the spreadsheet shortened: format the column as text.",
            "Row 5, column location: There is no location 'Z-99' here: import the locations first.",
            "Row 6: The same one stands in row 2 already.",
            f"Row 7, column serial: '{'S' * 21}' is no serial or lot number: it has more than 20 characters.",
            "Row 8: Serial 'S7' names one unit, and the quantity is 2.",
            "Row 9: The row has neither a serial nor a quantity.",
            "Row 10: The row names no product: a gtin or a sku is needed.",
            "Row 11: The row says no place: a location or a container is needed.",
            "Row 12: 'oops' stands in a column without a heading.",
        ]
        bad = io.StringIO()
        with read("stock", WRONG) as found:
            assert found.rows == 1
            found.write_bad(bad)
        assert bad.getvalue().splitlines()[3] == (
            f"{LAMP},S6,,,Z-99,There is no location 'Z-99' here: import the locations first."
        )


def test_a_wrong_carton_and_a_product_that_nobody_knows_are_named_with_their_columns(
    database_url: str, tmp_path: Path
) -> None:
    notice = f"number,sscc,parent,gtin,sku,serial\nASN-9,095060001343520258,,{LAMP},,S1\n"
    notice += f"ASN-9,095060001343520253,095060001343520258,{LAMP},,S2\nASN-9,,,,NOBODY,S3\n"
    with office(database_url, tmp_path):
        assert problems("asn", notice) == [
            "Row 2, column sscc: The check digit of '095060001343520258' is 8, and 3 was expected.",
            "Row 3, column parent: The check digit of '095060001343520258' is 8, and 3 was expected.",
            "Row 4, column sku: There is no product with the SKU 'NOBODY' here: import the products first.",
        ]


def test_nothing_is_ordered_of_none_and_one_row_names_one_product(database_url: str, tmp_path: Path) -> None:
    with office(database_url, tmp_path):
        take("products", f"gtin,sku,name,mode\n{PEN},PEN-1,Pen,quantity\n,CABLE-1,Cable,quantity\n")
        rows = f"number,gtin,sku,quantity\nSO-1,,CABLE-1,0\nSO-1,{PEN},CABLE-1,1\nSO-1,{PEN},PEN-1,1\n"
        assert problems("order", rows) == [
            "Row 2: The quantity is 0: say how many, or leave the row out.",
            f"Row 3: The GTIN {PEN.zfill(14)} and the SKU 'CABLE-1' are two products here: which of them is meant?",
        ]


def test_an_order_whose_number_no_label_says_is_taken_and_that_is_told(database_url: str, tmp_path: Path) -> None:
    with office(database_url, tmp_path), read("order", f"number,gtin,quantity\nSO-1,{PEN},1\nCABLE,{PEN},2\n") as found:
        assert (found.rows, found.unscannable) == (2, ["CABLE"])


def test_a_spreadsheets_number_cells_are_taken_for_gtins_and_refused_for_serials(
    database_url: str, tmp_path: Path
) -> None:
    with office(database_url, tmp_path):
        take("locations", LOCATIONS)
        book = workbook([["gtin", "serial", "location"], [int(LAMP), "S1", "A-01"], [int(LAMP), 123, "A-01"]])
        assert problems("stock", book) == [
            "Row 3, column serial: 123 is a number cell, in which leading noughts are lost: format the column as text."
        ]


def test_a_carton_cannot_stand_on_two_pallets(database_url: str, tmp_path: Path) -> None:
    with office(database_url, tmp_path):
        other = "106141412345678939"
        assert problems("asn", ASN + f"ASN-1,{CARTON_1},{other},{LAMP},S12,,\n") == [
            f"Row 6, column parent: The carton {CARTON_1} stands on another pallet in a row above."
        ]


@pytest.mark.parametrize(
    ("kind", "content", "sentence"),
    [
        ("asn", "gtin,serial\n1,2\n", "asn needs the column number; the file's columns are: gtin, serial."),
        ("products", "gtin,ean,name\n1,2,3\n", "The columns 'gtin' and 'ean' both give the gtin."),
        ("products", "gtin,name\n", "The file has headings, but no rows."),
    ],
)
def test_a_file_of_another_kind_is_refused_as_a_whole(
    kind: str, content: str, sentence: str, database_url: str, tmp_path: Path
) -> None:
    with office(database_url, tmp_path), pytest.raises(TableError) as refused:
        problems(kind, content)
    assert str(refused.value) == sentence


class Killed(BaseException):
    """The process was killed here."""


def kill_after(chunks: int) -> Pause:
    left = iter(range(chunks))

    def pause(_: float) -> None:
        if next(left, None) is None:
            raise Killed

    return pause


def many(units: int) -> str:
    return "gtin,serial,location\n" + "".join(f"{LAMP},N{n},A-01\n" for n in range(units))


def begin(units: int, *, chunks: int) -> None:
    with pytest.raises(Killed), read("stock", many(units)) as found:
        documents.take(found, operator="Rosa", now_ms=NOW, pause=kill_after(chunks))


def test_rows_of_an_import_that_was_killed_while_loading_do_not_count_and_the_same_file_goes_on(
    database_url: str, tmp_path: Path
) -> None:
    units = documents.LOAD_CHUNK + 500
    with office(database_url, tmp_path):
        take("locations", LOCATIONS)
        begin(units, chunks=0)
        assert rows(unit_states, "unit") == []
        assert len(rows(document_rows, "row")) == documents.LOAD_CHUNK + 3
        done, short = documents.resume(SITE, operator=None, now_ms=NOW)
        assert done == []
        assert [s.split(": ")[1] for s in short] == ["2,000 of 2,500 rows are here; import its file again."]
        assert not take("stock", many(units)).known
        assert len(rows(unit_states, "unit")) == units
        assert documents.resume(SITE, operator=None, now_ms=NOW) == ([], [])


def test_an_import_that_was_killed_while_folding_is_finished_without_its_file(
    database_url: str, tmp_path: Path
) -> None:
    units = 3 * FOLD_CHUNK
    with office(database_url, tmp_path):
        take("locations", LOCATIONS)
        begin(units, chunks=1)
        assert 0 < len(rows(unit_states, "unit")) < units
        (done,), short = documents.resume(SITE, operator=None, now_ms=NOW + 5)
        assert (done.rows, short) == (units, [])
        assert len(rows(unit_states, "unit")) == units
        assert rows(documents_table, "folded_rows")[-1] == (units,)
        assert len([r for r in rows(events, "action") if r == ("import",)]) == 2


def test_others_can_write_between_the_chunks_of_an_import(database_url: str, tmp_path: Path) -> None:
    written: list[int] = []

    def pause(_: float) -> None:
        with writing() as c:
            c.execute(server_state.update().values(fold_version=f"{len(written)}"))
        written.append(1)

    with office(database_url, tmp_path):
        take("locations", LOCATIONS)
        with read("stock", many(3 * FOLD_CHUNK)) as found:
            documents.take(found, operator=None, now_ms=NOW, pause=pause)
        assert len(written) == 2


MIXED = (
    "number,sscc,parent,gtin,serial,quantity\n"
    + "".join(f"ASN-{n},{CARTON_1},{PALLET},{LAMP},M{n},\nASN-{n},{CARTON_2},,{PEN},,{n}\n" for n in range(1, 4))
    + "".join(f"ASN-4,,,{LAMP},L{n},\n" for n in range(FOLD_CHUNK + 1))
    + "".join(f"ASN-{n},,,{LAMP},M{n},\n" for n in range(5, 5 + documents.PAPERS_AT_ONCE + 1))
)


def test_notices_of_one_file_say_what_they_would_each_in_a_file_of_its_own(database_url: str, tmp_path: Path) -> None:
    heading, *lines = MIXED.splitlines()
    with office(database_url, tmp_path):
        take("products", PRODUCTS)
        scan_before_it_is_announced()
        with read("asn", MIXED) as found:
            taken = documents.take(found, operator=None, now_ms=NOW, pause=lambda _: None)
        together = [sorted(rows_as_offered(), key=str), *said_of_units(taken)]
    with office(f"sqlite:///{tmp_path / 'single.sqlite3'}", tmp_path):
        take("products", PRODUCTS)
        scan_before_it_is_announced()
        taken = []
        for number in dict.fromkeys(line.split(",")[0] for line in lines):
            file = "\n".join([heading, *(line for line in lines if line.startswith(f"{number},"))])
            taken.append(take("asn", file))
        assert together == [sorted(rows_as_offered(), key=str), *said_of_units(taken)]


def scan_before_it_is_announced() -> None:
    enrol(1)
    device = Chain(1)
    for number in (2, 9):
        device.scan(DAY, "receive", identity.unit_key(LAMP, f"M{number}"), document=f"ASN-{number}", location=BIN_1)
    push(device, now_ms=DAY + 60_000)


def said_of_units(taken: list[documents.Imported]) -> list[object]:
    """What is known of each unit, product and case, with each notice's number for the name of its event."""
    numbers = {one.event: one.number for one in taken}
    return [
        [[numbers.get(str(value), value) for value in row] for row in rows(table, *columns)]
        for table, columns in (
            (unit_states, ("unit", "status", "expected", "place", "announced_by", "announced_in", "last_event")),
            (stock_levels, ("subject", "place", "quantity", "announced", "announced_by")),
            (cases, ("rule", "unit", "status", "document", "closed_by")),
        )
    ]


def test_what_was_picked_for_orders_that_come_in_one_file_afterwards_is_judged_by_each(
    database_url: str, tmp_path: Path
) -> None:
    units = [identity.unit_key(LAMP, f"S{n}") for n in (1, 2)]
    with office(database_url, tmp_path):
        stock_up()
        enrol(1)
        device = Chain(1)
        for n, unit in enumerate(units, start=1):
            device.scan(DAY, "pick", unit, document=f"SO-{n}")
        push(device, now_ms=DAY + 60_000)
        with read("order", f"number,gtin,quantity\nSO-1,{PEN},1\nSO-2,{PEN},1\n") as found:
            documents.take(found, operator=None, now_ms=NOW)
        before = folded()
        with writing() as c:
            rebuild(c, SITE, units, stamp(c))
        assert differences(before, folded()) == []
        assert [unit for _, unit in rows(cases, "rule", "unit") if unit in units] != []


def test_a_mornings_orders_are_taken_in_by_few_transactions(database_url: str, tmp_path: Path) -> None:
    commits: list[sa.Connection] = []
    with office(database_url, tmp_path):
        take("products", PRODUCTS)
        sa.event.listen(db.engine, "commit", commits.append)
        with read("order", "number,gtin,quantity\n" + "".join(f"SO-{n},{PEN},1\n" for n in range(500))) as found:
            assert len(documents.take(found, operator=None, now_ms=NOW, pause=lambda _: None)) == 500
        assert len(commits) < 100


def test_an_import_of_many_orders_that_was_killed_goes_on_with_those_that_are_not_in(
    database_url: str, tmp_path: Path
) -> None:
    file = "number,gtin,quantity,customer\n" + "".join(
        f"SO-{n},{PEN},1,Ada\n" for n in range(2 * documents.PAPERS_AT_ONCE)
    )
    with office(database_url, tmp_path):
        take("products", PRODUCTS)
        with pytest.raises(Killed), read("order", file) as found:
            documents.take(found, operator=None, now_ms=NOW, pause=kill_after(0))
        with read("order", file) as found:
            taken = documents.take(found, operator=None, now_ms=NOW + 1, pause=lambda _: None)
        half = documents.PAPERS_AT_ONCE
        assert [one.known for one in taken] == [True] * half + [False] * half
        assert len([said for said in rows(events, "action") if said == ("import",)]) == 1 + len(taken)
        assert len(rows(parties, "document")) == len(taken)
        assert documents.resume(SITE, operator=None, now_ms=NOW) == ([], [])


def test_a_row_that_was_changed_in_the_database_is_found_out(database_url: str, tmp_path: Path) -> None:
    with office(database_url, tmp_path):
        taken = take("products", PRODUCTS)
        with writing() as c:
            c.execute(document_rows.update().where(document_rows.c.row == 2).values(lot="other"))
        with reading() as c:
            assert not documents.check_digest(c, taken.digest)


def test_what_a_piece_costs_stands_on_the_lines_that_bring_it_and_an_orders_channel_on_its_own(
    database_url: str, tmp_path: Path
) -> None:
    with office(database_url, tmp_path):
        take("products", PRODUCTS)
        take("purchase_order", f"number,supplier,gtin,quantity,cost,currency\nPO-1,Acme,{TEA},24,1.50,EUR\n")
        take("asn", f"number,gtin,serial,unit_cost,currency\nASN-9,{LAMP},S9,7.80,EUR\n")
        take("order", f"number,gtin,quantity,channel\nSO-9,{LAMP},1,web\n")
        take("locations", LOCATIONS)
        take("stock", f"gtin,quantity,location,cost,currency\n{PEN},9,A-01,0.20,EUR\n")
        assert problems("asn", f"number,gtin,serial,cost\nASN-8,{LAMP},S8,7.80\n") == [
            "Row 2: A cost needs its currency, such as EUR."
        ]
        with reading() as c:
            query = sa.select(documents_table.c.kind, document_rows.c.attributes).join(document_rows)
            said = [
                (kind, attributes) for kind, attributes in c.execute(query) if kind not in ("products", "locations")
            ]
    assert sorted(said, key=str) == [
        ("asn", {"cost": 780, "currency": "EUR"}),
        ("order", {"channel": "web"}),
        ("purchase_order", {"supplier": "Acme", "cost": 150, "currency": "EUR"}),
        ("stock", {"cost": 20, "currency": "EUR"}),
    ]


def test_a_number_that_another_kind_of_document_bears_is_refused(database_url: str, tmp_path: Path) -> None:
    with office(database_url, tmp_path):
        stock_up()
        take("order", f"number,gtin,quantity\nSO-5001,{PEN},3\n")
        file = f"number,gtin,quantity\nPO-1,{PEN},3\nSO-5001,{PEN},3\nSO-5001,{LAMP},1\nPO-2,{PEN},3\n"
        with read("purchase_order", file) as found:
            (error,) = found.errors
            assert str(error).startswith("Row 3, column number: There is an order SO-5001 already: give this document")
            assert (found.rows, list(found.documents)) == (2, ["PO-1", "PO-2"])
            bad = io.StringIO()
            found.write_bad(bad)
        assert [row[:-1] for row in csv.reader(bad.getvalue().splitlines()[1:])] == [
            ["SO-5001", PEN, "3"],
            ["SO-5001", LAMP, "1"],
        ], "every row of the document that was left out"


def test_a_number_that_was_taken_after_the_file_was_checked_leaves_all_of_the_file_out(
    database_url: str, tmp_path: Path
) -> None:
    with office(database_url, tmp_path):
        stock_up()
        with read("purchase_order", f"number,gtin,quantity\nPO-1,{PEN},3\nSO-5001,{PEN},3\n") as found:
            take("order", f"number,gtin,quantity\nSO-5001,{PEN},3\n")
            with pytest.raises(DocumentError, match="There is an order SO-5001 already: give this document another"):
                documents.take(found, operator="Rosa", now_ms=NOW, pause=lambda _: None)
        assert [number for kind, number in rows(documents_table, "kind", "number") if kind == "purchase_order"] == []
