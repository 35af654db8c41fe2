"""What is asked of documents, and of what was scanned under them, is looked up by its narrowest key."""

from __future__ import annotations

from pathlib import Path

from server.counts import concerned
from server.database import reading
from sync import identity
from tests.handheld import BIN_A, DAY, DOCK, Chain, unit
from tests.server.counting import NOW, Counting, begin, close
from tests.server.office import LAMP, PEN, PRODUCTS, office, take
from tests.server.plans import plans_of
from tests.server.site import SITE, enrol, push, site


def sqlite_in(folder: Path) -> str:
    return f"sqlite:///{folder / 'warehouse.sqlite3'}"


def test_which_counts_were_closed_since_a_scan_is_looked_up_by_the_moment(warehouse: str) -> None:
    enrol(1)
    begin("CC-1", BIN_A)
    counter = Chain(1)
    Counting(counter)(BIN_A, unit("A1"))
    push(counter, now_ms=NOW)
    close()
    with plans_of("event_ms >= ") as plans, reading() as c:
        asked = {"site": SITE, "since": DAY}
        assert [number for number, *_ in c.execute(concerned._CLOSED_SINCE, asked)] == ["CC-1/1"]
    by_moment = ("kind=? AND event_ms>?", "::text) AND (event_ms >= ")
    assert [plan for plan in plans if "ix_documents_kind" in plan and any(words in plan for words in by_moment)]


# The following are of SQLite, which takes an index that begins with the site for a good one; PostgreSQL counts.


def test_what_was_scanned_before_its_notice_came_is_looked_up_by_the_notices_number(tmp_path: Path) -> None:
    with office(sqlite_in(tmp_path), tmp_path):
        take("products", PRODUCTS)
        enrol(1)
        receiver = Chain(1)
        receiver.scan(DAY, "receive", identity.unit_key(LAMP, "S1"), document="ASN-1", location=DOCK)
        push(receiver, now_ms=DAY + 1_000)
        with plans_of("SELECT events.subject") as plans:
            take("asn", f"number,gtin,serial,quantity\nASN-1,{LAMP},S1,\nASN-1,{PEN},,4\n", now_ms=NOW)
    assert [plan for plan in plans if "ix_events_document (site=? AND document=?)" in plan]
    assert not [plan for plan in plans if "ix_events_subject (site=?)" in plan or "subject>" in plan]


def test_which_products_came_back_is_looked_up_among_the_rows_that_were_written(tmp_path: Path) -> None:
    with site(sqlite_in(tmp_path)):
        enrol(1)
        desk = Chain(1)
        desk.scan(DAY, "receive", unit("A1"), location=DOCK)
        desk.scan(DAY + 1_000, "ship", unit("A1"), document="SO-1")
        desk.scan(DAY + 2_000, "take_back", unit("A1"), location=DOCK, document="SO-1", reason="defect")
        with plans_of("unit_states.returns > ") as plans:
            push(desk, now_ms=NOW)
    assert [plan for plan in plans if "ix_unit_states_stamp (site=? AND stamp=?)" in plan]
    assert not [plan for plan in plans if "item>" in plan]
