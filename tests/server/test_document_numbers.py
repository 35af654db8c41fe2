"""Of two files with one number only one counts, whoever is first and whatever is killed in between."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest
import sqlalchemy as sa

from server import documents, imported
from server.database import reading, writing
from server.document_folding import Progress
from server.documents import DocumentError
from server.ingest import ingest
from server.tables import cases, devices, reference, unit_states
from server.tables import documents as documents_table
from sync import identity
from tests.handheld import DAY, DOCK, Chain
from tests.server.office import ASN, LAMP, NOW, PEN, PRODUCTS, SITE, office, problems, read, rows, stock_up, take
from tests.server.site import enrol

OTHER = ASN.replace("S10", "S12")
"""The same number, with another unit in its carton."""


class Killed(BaseException):
    """The process was killed here."""


def once_loaded(do: Callable[[], object]) -> Progress:
    """Does it when all rows of a file are here and none counts yet."""

    def progress(what: str, done: int, in_all: int) -> None:
        if what == "rows loaded" and done == in_all:
            do()

    return progress


def die() -> None:
    raise Killed


def begin(kind: str, content: str) -> None:
    """Import a file, and be killed just before it counts."""
    with read(kind, content) as found, pytest.raises(Killed):
        documents.take(found, operator="Rosa", now_ms=NOW, progress=once_loaded(die))


def counting() -> list[tuple[str, str]]:
    """Kind and number of the documents that count, but for products."""
    return [(kind, number) for kind, number, event in rows(documents_table, "kind", "number", "event") if event][:-1]


def test_a_killed_import_whose_number_another_file_took_is_not_gone_on_with(database_url: str, tmp_path: Path) -> None:
    with office(database_url, tmp_path):
        take("products", PRODUCTS)
        begin("asn", ASN)
        take("asn", OTHER)
        assert documents.resume(SITE, operator=None, now_ms=NOW) == ([], [])
        assert counting() == [("asn", "ASN-1")]
        known = [unit for (unit,) in rows(unit_states, "unit")]
        assert identity.unit_key(LAMP, "S12") in known
        assert identity.unit_key(LAMP, "S10") not in known
        with reading() as c:
            page = imported.read_page(c, SITE, kind="asn")
        assert [(row["number"], row["folded_rows"]) for row in page] == [("ASN-1", 7)], "nothing waits"
        (problem,) = problems("asn", ASN)
        assert problem.startswith("Row 2, column number: There is asn ASN-1 already, with other rows")


def test_of_two_files_of_one_number_that_come_in_at_once_the_later_to_count_is_refused(
    database_url: str, tmp_path: Path
) -> None:
    with office(database_url, tmp_path):
        take("products", PRODUCTS)
        with (
            read("asn", ASN) as found,
            pytest.raises(DocumentError, match="There is asn ASN-1 already, with other rows"),
        ):
            documents.take(found, operator="Rosa", now_ms=NOW, progress=once_loaded(lambda: take("asn", OTHER)))
        assert counting() == [("asn", "ASN-1")]


def test_the_other_orders_of_a_file_count_when_it_is_sent_again_without_the_one_that_came_meanwhile(
    database_url: str, tmp_path: Path
) -> None:
    file = f"number,gtin,quantity\nSO-1,{PEN},1\nSO-2,{PEN},1\n"
    with office(database_url, tmp_path):
        take("products", PRODUCTS)
        another = f"number,gtin,quantity\nSO-2,{PEN},9\n"
        with read("order", file) as found, pytest.raises(DocumentError, match="There is order SO-2 already"):
            documents.take(found, operator="Rosa", now_ms=NOW, progress=once_loaded(lambda: take("order", another)))
        assert counting() == [("order", "SO-2")]
        with read("order", file) as found:
            documents.take(found, operator="Rosa", now_ms=NOW)
        assert counting() == [("order", "SO-1"), ("order", "SO-2")]


def test_an_import_whose_number_is_taken_while_it_is_gone_on_with_is_told(database_url: str, tmp_path: Path) -> None:
    with office(database_url, tmp_path):
        take("products", PRODUCTS)
        begin("asn", ASN)
        begin("asn", ASN.replace("ASN-1", "ASN-0"))
        begin("asn", OTHER)
        done, short = documents.resume(SITE, operator=None, now_ms=NOW)
        assert sorted(one.number for one in done) == ["ASN-0", "ASN-1"]
        (sentence,) = short
        assert sentence.startswith("asn ASN-1: There is asn ASN-1 already, with other rows")
        assert documents.resume(SITE, operator=None, now_ms=NOW) == ([], [])


def is_waited_for(connection: sa.Connection) -> bool:
    """Whether somebody waits for a name that another transaction holds."""
    return bool(connection.execute(sa.text("SELECT count(*) FROM pg_locks WHERE NOT granted")).scalar_one())


@pytest.mark.postgres
def test_what_is_received_while_its_notice_comes_in_is_expected(postgres_url: str, tmp_path: Path) -> None:
    with office(postgres_url, tmp_path) as app, ThreadPoolExecutor(1) as pool:
        take("products", PRODUCTS)
        enrol(1)
        receiver = Chain(1)
        receiver.scan(DAY, "receive", identity.unit_key(LAMP, "S1"), document="ASN-9", location=DOCK)
        header, lines = receiver.push(1, 1, now_ms=DAY)

        def come_in() -> None:
            with app.app_context():
                take("asn", f"number,gtin,quantity\nASN-9,{LAMP},1\n")

        with writing() as c:
            device = c.execute(sa.select(devices)).mappings().one()
            ingest(c, device, header, lines, now_ms=DAY)
            coming = pool.submit(come_in)
            with reading() as other:
                while not (coming.done() or is_waited_for(other)):
                    pass
        coming.result(timeout=60)
        assert [rule for rule, status in rows(cases, "rule", "status") if status == "open"] == []


@pytest.mark.postgres
def test_pieces_picked_while_their_order_comes_in_stand_on_the_order_that_handhelds_get(
    postgres_url: str, tmp_path: Path
) -> None:
    with office(postgres_url, tmp_path) as app, ThreadPoolExecutor(1) as pool:
        stock_up()
        enrol(1)
        picker = Chain(1)
        pen = identity.item_key(PEN)
        bin_2 = identity.own_location_key("warehouse.example", SITE, "A-02")
        picker.scan(DAY, "pick", pen, quantity=2, document="SO-1", location=bin_2)
        header, lines = picker.push(1, 1, now_ms=DAY)

        loaded, picked = Event(), Event()

        def wait() -> None:
            loaded.set()
            assert picked.wait(60)

        def come_in() -> None:
            with app.app_context(), read("order", f"number,gtin,quantity\nSO-1,{PEN},2\n") as found:
                documents.take(found, operator="Rosa", now_ms=NOW, progress=once_loaded(wait))

        coming = pool.submit(come_in)
        assert loaded.wait(60)
        with writing() as c:
            device = c.execute(sa.select(devices)).mappings().one()
            ingest(c, device, header, lines, now_ms=DAY)
            picked.set()
            with reading() as other:
                while not (coming.done() or is_waited_for(other)):
                    pass
        coming.result(timeout=60)
        with reading() as c:
            (row,) = c.execute(sa.select(reference.c.row).where(reference.c.key == "SO-1")).scalars()
        assert [one["quantity"] for one in row["picked"]] == [2]
