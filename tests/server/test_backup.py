"""A backup is of one moment; a restore says what it cannot bring back."""

import gzip
import os
import threading
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from server import audit, changes, enrolment, integrations, parties, sites, staff, upkeep, webhooks
from server.backup import BackupError, back_up, restore
from server.context import settings
from server.database import db, reading, writing
from server.held_file import hold
from server.members import list_members
from server.staff import Change
from server.tables import (
    chains,
    document_rows,
    ended_sessions,
    enrolment_codes,
    events,
    identifier_claims,
    reference,
    server_state,
    stock_levels,
    unit_states,
)
from sync import identity
from tests.handheld import Chain
from tests.server.office import ASN, LAMP, NOW, SITE, bare, office, rows, stock_up, take
from tests.server.site import enrol, push
from tests.server.test_enrolment import code

S1 = identity.unit_key(LAMP, "S1")
BIN_2 = identity.own_location_key("warehouse.example", SITE, "A-02")
PORTABLE = pytest.mark.parametrize("portable", [False, True], ids=["own-form", "portable"])


def scan(chain: Chain, *, minute: int) -> None:
    chain.scan(NOW + minute * 60_000, "inspect", S1, location=BIN_2)


def shift() -> Chain:
    """A handheld that scanned twice and sent both."""
    stock_up()
    chain = Chain(7, boot_at_ms=NOW)
    enrol(7, enrolled_ms=NOW)
    for minute in (1, 2):
        scan(chain, minute=minute)
    push(chain, 1, 2, now_ms=NOW + 200_000)
    return chain


def everything() -> list[object]:
    return [
        rows(events, "device_no", "epoch", "seq", "digest", "line", "event_ms"),
        rows(document_rows, "document", "row", "subject"),
        rows(unit_states, "unit", "place", "expected", "last_event"),
        rows(stock_levels, "subject", "place", "quantity"),
        rows(reference, "kind", "key"),
    ]


@PORTABLE
def test_a_backup_brings_back_everything_under_a_new_incarnation(
    database_url: str, tmp_path: Path, *, portable: bool
) -> None:
    with office(database_url, tmp_path):
        shift()
        before, incarnation = everything(), rows(server_state, "incarnation")
        assert back_up(tmp_path / "copy", now_ms=NOW, portable=portable) == (tmp_path / "copy").stat().st_size
        key = rows(server_state, "private_key")
        take("asn", ASN, now_ms=NOW + 1)
        done = restore(tmp_path / "copy")
        assert done.made_ms == NOW
        assert everything() == before
        assert rows(server_state, "incarnation") == [(done.incarnation,)] != incarnation
        assert rows(server_state, "private_key") == key  # handhelds have pinned it
        assert list(upkeep.verify(SITE, lambda _: None)) == []


@PORTABLE
def test_handhelds_learn_what_is_in_a_backup_and_no_more(database_url: str, tmp_path: Path, *, portable: bool) -> None:
    with office(database_url, tmp_path):
        chain = shift()
        assert push(chain, 2, 2, now_ms=NOW + 210_000).safe_through == 0
        back_up(tmp_path / "copy", now_ms=NOW, portable=portable)
        scan(chain, minute=4)
        taken = push(chain, 3, 3, now_ms=NOW + 300_000)
        assert (taken.acked_through, taken.safe_through) == (3, 2)


@PORTABLE
def test_a_backup_that_is_made_while_scans_come_in_is_of_one_moment(
    database_url: str, tmp_path: Path, *, portable: bool
) -> None:
    with office(database_url, tmp_path) as app:
        chain, ended = shift(), threading.Event()

        def go_on() -> None:
            with app.app_context():
                while not ended.is_set():
                    scan(chain, minute=4)
                    push(chain, len(chain.lines), len(chain.lines), now_ms=NOW + 300_000)

        writer = threading.Thread(target=go_on)
        writer.start()
        try:
            for number in range(2):
                back_up(tmp_path / f"copy-{number}", now_ms=NOW, portable=portable)
        finally:
            ended.set()
            writer.join()
        assert len(chain.lines) > 3
        restore(tmp_path / "copy-1")
        assert list(upkeep.verify(SITE, lambda _: None)) == []


def test_a_backup_that_fails_makes_nothing_safe(database_url: str, tmp_path: Path) -> None:
    with office(database_url, tmp_path):
        shift()
        with pytest.raises(BackupError, match="nowhere"):
            back_up(tmp_path / "nowhere" / "copy", now_ms=NOW, portable=True)
        assert {safe for (safe,) in rows(chains, "safe_through")} == {0}


def test_a_handheld_sends_again_what_a_restore_lost_and_the_window_is_named(database_url: str, tmp_path: Path) -> None:
    with office(database_url, tmp_path):
        chain = shift()
        back_up(tmp_path / "copy", now_ms=NOW)
        scan(chain, minute=4)
        push(chain, 3, 3, now_ms=NOW + 300_000)
        take("asn", ASN, now_ms=NOW + 1)
        code()
        done = restore(tmp_path / "copy")
        assert done.lost == ("import ASN-1 asn by Rosa", "administer an enrolment code for one receiver by Rosa")
        again = push(chain, 3, 3, now_ms=NOW + 400_000)
        assert (again.accepted, again.duplicate, again.acked_through) == (1, 0, 3)


def test_after_a_restore_every_row_is_offered_to_handhelds_from_the_beginning(
    database_url: str, tmp_path: Path
) -> None:
    with office(database_url, tmp_path):
        shift()
        with reading() as c:
            rows_before, cursor, _ = changes.pull(c, SITE, None)
        back_up(tmp_path / "copy", now_ms=NOW, portable=True)
        with writing() as c:  # stamps of a database whose counter stood far higher
            c.execute(unit_states.update().values(stamp=2**40))
        back_up(tmp_path / "far", now_ms=NOW, portable=True)
        restore(tmp_path / "far")
        with reading() as c:
            offered, _, _ = changes.pull(c, SITE, cursor)
        assert sorted(map(str, offered)) == sorted(map(str, rows_before))


def test_codes_that_were_offered_before_a_restore_are_void(database_url: str, tmp_path: Path) -> None:
    with office(database_url, tmp_path):
        code()
        back_up(tmp_path / "copy", now_ms=NOW)
        restore(tmp_path / "copy")
        assert rows(enrolment_codes, "digest") == []


def test_what_a_restore_replaced_is_kept_beside_it(tmp_path: Path) -> None:
    with office(f"sqlite:///{tmp_path / 'warehouse.sqlite3'}", tmp_path):
        back_up(tmp_path / "copy", now_ms=NOW)
        stock_up()
        kept = restore(tmp_path / "copy").kept_at
        assert kept is not None
    with bare(f"sqlite:///{kept}", tmp_path):
        assert len(rows(unit_states, "unit")) == 2


def test_a_database_file_that_is_damaged_is_put_aside_and_replaced(tmp_path: Path) -> None:
    file = tmp_path / "warehouse.sqlite3"
    with office(f"sqlite:///{file}", tmp_path):
        shift()
        before = everything()
        back_up(tmp_path / "copy", now_ms=NOW)
        db.engine.dispose()
        file.write_bytes(b"lightning " * 10_000)
        kept = restore(tmp_path / "copy").kept_at
        assert everything() == before
        assert kept is not None
        assert kept.read_bytes().startswith(b"lightning")


def test_a_database_that_was_lost_altogether_is_restored(database_url: str, tmp_path: Path) -> None:
    with office(database_url, tmp_path):
        shift()
        before = everything()
        back_up(tmp_path / "copy", now_ms=NOW)
        with writing() as c:
            db.metadata.drop_all(c)
            c.execute(sa.text("DROP TABLE alembic_version"))
        assert restore(tmp_path / "copy").lost == ()
        assert everything() == before


@pytest.mark.postgres
def test_a_site_moves_from_sqlite_to_postgresql(new_postgres_url: str, tmp_path: Path) -> None:
    with office(f"sqlite:///{tmp_path / 'warehouse.sqlite3'}", tmp_path):
        shift()
        before = everything()
        back_up(tmp_path / "own", now_ms=NOW)
        back_up(tmp_path / "portable", now_ms=NOW, portable=True)
    with bare(new_postgres_url, tmp_path):
        with pytest.raises(BackupError, match="this server keeps PostgreSQL: make a backup with --portable"):
            restore(tmp_path / "own")
        restore(tmp_path / "portable")
        assert [sorted(map(str, part)) for part in everything()] == [sorted(map(str, part)) for part in before]  # type: ignore[call-overload]


def test_a_damaged_backup_changes_nothing(database_url: str, tmp_path: Path) -> None:
    with office(database_url, tmp_path):
        shift()
        before = everything()
        back_up(tmp_path / "copy", now_ms=NOW, portable=True)
        whole = (tmp_path / "copy").read_bytes()
        text = gzip.decompress(whole)
        spoilt = {
            "cut": whole[: len(whole) // 2],
            "short": gzip.compress(text[: text.rindex(b'["end"]')]),
            "strange": gzip.compress(text.replace(b'["chains",', b'["chains",1,', 1)),
            "newer": gzip.compress(text.replace(b'"schema":"0001"', b'"schema":"9999"')),
            "other": b"nothing of ours",
            "empty": b"",
        }
        for name, content in spoilt.items():
            (tmp_path / name).write_bytes(content)
            with pytest.raises(ValueError, match=r"damaged|does not know|no backup"):
                restore(tmp_path / name)
            assert everything() == before


@pytest.mark.skipif(os.name != "posix", reason="only POSIX has devices and file modes")
@PORTABLE
def test_a_backup_is_refused_before_anything_is_replaced_and_leaves_nothing_behind(
    new_database_url: str, tmp_path: Path, *, portable: bool
) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with bare(new_database_url, tmp_path), pytest.raises(BackupError, match="There is nothing to back up"):
        back_up(tmp_path / "early", now_ms=NOW, portable=portable)
    with office(new_database_url, tmp_path):
        with pytest.raises(BackupError, match=r"There is no folder .*nowhere"):
            back_up(tmp_path / "nowhere" / "x.bak", now_ms=NOW, portable=portable)
        with pytest.raises(BackupError, match="pipe is there and is no ordinary file"):
            back_up(pipe, now_ms=NOW, portable=portable)
    assert pipe.is_fifo()
    assert list(tmp_path.glob("*.part")) + list(tmp_path.glob("early*")) == []


@pytest.mark.skipif(os.name != "posix", reason="only POSIX has file modes")
@PORTABLE
def test_only_its_owner_can_read_a_backup_and_the_database(
    new_database_url: str, tmp_path: Path, *, portable: bool
) -> None:
    with office(new_database_url, tmp_path):
        back_up(tmp_path / "a.bak", now_ms=NOW, portable=portable)
        files = [tmp_path / "a.bak"]
        if db.engine.dialect.name == "sqlite":
            files.append(Path(str(db.engine.url.database)))
        assert {oct(f.stat().st_mode & 0o777) for f in files} == {"0o600"}


@PORTABLE
def test_what_was_revoked_since_a_backup_does_not_open_again_by_restoring_it(
    database_url: str, tmp_path: Path, *, portable: bool
) -> None:
    with office(database_url, tmp_path) as app:
        shift()
        by: dict[str, Any] = {"site": SITE, "by": "Rosa", "now_ms": NOW}
        with writing() as c:
            number, key = integrations.make(c, name="shop", tasks=["look"], **by)
            ravi = staff.add_person(c, name="Ravi", role="picker", **by)
            mia = staff.add_person(c, name="Mia", role="picker", **by)
            sites.add_site(c, code="north", name="North", company_prefix=None, beside=SITE, operator="Rosa", now_ms=NOW)
            sam = staff.add_person(c, name="Sam", role="picker", **by)
            staff.let_into(c, sam, ["north"], Change(site=SITE, by="Rosa", now_ms=NOW))
            hook = webhooks.make(c, site=SITE, url="https://shop.example/", kinds=[], operator="Rosa", now_ms=NOW)
            webhooks.make(c, site=SITE, url="https://erp.example/", kinds=[], operator="Rosa", now_ms=NOW)
        for number_of, name in (("SO-1", "Ann"), ("SO-2", "Bob")):
            take("order", f"number,gtin,quantity,customer\n{number_of},{LAMP},1,{name}\n")
        back_up(tmp_path / "copy", now_ms=NOW, portable=portable)
        with writing() as c:
            integrations.revoke(c, site=SITE, number=number, by="Rosa", now_ms=NOW + 1)
            enrolment.revoke(c, number=7, operator="Rosa", now_ms=NOW + 1)
            staff.set_active(c, ravi, active=False, change=Change(site=SITE, by="Rosa", now_ms=NOW + 1))
            staff.change_role(c, mia, "quality", Change(site=SITE, by="Rosa", now_ms=NOW + 1))
            staff.let_into(c, sam, [], Change(site=SITE, by="Rosa", now_ms=NOW + 1))
            webhooks.remove(c, site=SITE, id_=hook["id"], operator="Rosa", now_ms=NOW + 1)
            parties.erase(c, SITE, "Ann", operator="Rosa", now_ms=NOW + 1)
            c.execute(ended_sessions.insert().values(digest="left", ended_ms=NOW + 1))
        done = app.test_cli_runner().invoke(args=["restore", str(tmp_path / "copy"), "--yes"])
        assert done.exception is None
        said = done.output
        for sentence in (
            "The key of shop had been revoked since, and is revoked again.",
            "Handheld HH-7 had been revoked since, and is revoked again. What it still sends is set aside until",
            "Ravi had been let go since, and is let go again.",
            "Mia has an earlier role again: set it anew with `people`.",
            "Sam has an earlier list of sites again: set it anew with `people`.",
            "The webhook to https://shop.example/ had been removed since, and is removed again.",
            "Customers had been erased from 1 document since, and are erased again.",
        ):
            assert sentence in said
        with reading() as c:
            assert integrations.find(c, key) is None
            assert [one.active for one in list_members(c, SITE) if one.name == "Ravi"] == [False]
            assert [one["url"] for one in webhooks.list_all(c, SITE)] == ["https://erp.example/"]
            assert [len(parties.find(c, SITE, name)) for name in ("Ann", "Bob")] == [0, 1]
            assert rows(ended_sessions, "digest") == [("left",)]
            assert "was put in the place of the database" in str([e.reason for e in audit.entries(c, SITE)])


def test_a_restore_over_a_database_that_cannot_be_read_says_that_revocations_are_not_known(
    tmp_path: Path,
) -> None:
    with office(f"sqlite:///{tmp_path / 'old.sqlite3'}", tmp_path):
        back_up(tmp_path / "copy", now_ms=NOW)
    with bare(f"sqlite:///{tmp_path / 'new.sqlite3'}", tmp_path) as app:
        said = app.test_cli_runner().invoke(args=["restore", str(tmp_path / "copy"), "--yes"]).output
    assert "What was revoked since the backup cannot be known" in said


def test_a_restore_on_a_new_machine_speaks_of_nothing_that_was_there_before(tmp_path: Path) -> None:
    with office(f"sqlite:///{tmp_path / 'old.sqlite3'}", tmp_path):
        back_up(tmp_path / "copy", now_ms=NOW)
    with bare(f"sqlite:///{tmp_path / 'new.sqlite3'}", tmp_path) as app:
        done = app.test_cli_runner().invoke(args=["restore", str(tmp_path / "copy"), "--yes"])
    assert done.exit_code == 0
    assert "was here before" not in done.output
    assert list(tmp_path.glob("*.before-*")) == []


def test_a_backup_stands_in_the_audit_and_in_itself_and_one_that_could_not_begin_does_not(tmp_path: Path) -> None:
    with office(f"sqlite:///{tmp_path / 'x.sqlite3'}", tmp_path) as app:
        for path in (tmp_path / "copy", tmp_path / "nowhere" / "copy"):
            app.test_cli_runner().invoke(args=["backup", str(path)])
        restore(tmp_path / "copy")
        with reading() as c:
            said = [(e.action, e.reason) for e in audit.entries(c, SITE) if "backup" in str(e.reason)]
    assert said == [("administer", f"a backup of everything was begun, into {tmp_path / 'copy'}")]


def test_a_backup_that_is_there_is_replaced_only_by_who_says_so(tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    with office(f"sqlite:///{tmp_path / 'x.sqlite3'}", tmp_path) as app:
        type_ = app.test_cli_runner().invoke
        assert type_(args=["backup", str(copy)]).exit_code == 0
        stock_up()
        before = copy.read_bytes()
        refused = type_(args=["backup", str(copy)])
        assert refused.exit_code == 1
        assert refused.output == (
            f"Error: {copy} is there already: name another file, or replace this one with --replace.\n"
        )
        assert copy.read_bytes() == before
        done = type_(args=["backup", "--replace", str(copy)])
        assert done.output.startswith(f"{copy} holds everything up to now (")
        assert copy.read_bytes() != before
        with reading() as c:
            said = [e.reason for e in audit.entries(c, SITE) if "backup" in str(e.reason)]
    assert len(said) == 2, "what was refused was not begun"


def test_while_a_backup_is_made_no_other_one_is_begun(tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    with office(f"sqlite:///{tmp_path / 'x.sqlite3'}", tmp_path) as app:
        type_ = app.test_cli_runner().invoke
        held = hold(settings().instance / "backup.lock")
        assert held is not None
        with held:
            refused = type_(args=["backup", "--replace", str(copy)])
        assert refused.output == "Error: Another backup is being made: try again once it is done.\n"
        assert not copy.exists()
        assert type_(args=["backup", "--replace", str(copy)]).exit_code == 0


def test_a_backup_lets_sqlite_learn_how_its_tables_are_filled(tmp_path: Path) -> None:
    with office(f"sqlite:///{tmp_path / 'x.sqlite3'}", tmp_path) as app:
        with writing() as c:
            claims = [{"site": SITE, "name": f"n{n}", "unit": f"u{n}", "stamp": 0} for n in range(500)]
            c.execute(identifier_claims.insert(), claims)
            counted = c.exec_driver_sql("SELECT count(*) FROM sqlite_master WHERE name = 'sqlite_stat1'").scalar()
        assert counted == 0, "it has counted nothing yet"
        done = app.test_cli_runner().invoke(args=["backup", str(tmp_path / "copy")])
        assert done.exit_code == 0, done.output
        with reading() as c:
            query = "SELECT stat FROM sqlite_stat1 WHERE idx = 'ix_identifier_claims_unit'"
            said = c.exec_driver_sql(query).scalar_one()
        rows, of_a_site, of_a_unit = map(int, said.split()[:3])
        assert (rows, of_a_unit) == (500, 1)
        assert of_a_site >= 400, "as many as it looked at"


def test_a_backup_that_is_half_there_or_was_changed_is_refused_in_a_sentence(tmp_path: Path) -> None:
    with office(f"sqlite:///{tmp_path / 'live.sqlite3'}", tmp_path):
        shift()
        back_up(tmp_path / "own", now_ms=NOW)
        back_up(tmp_path / "dump", now_ms=NOW, portable=True)
        own, (head, *lines) = (
            (tmp_path / "own").read_bytes(),
            gzip.decompress((tmp_path / "dump").read_bytes()).splitlines(),
        )
        before, hostile = everything(), tmp_path / "hostile"
        strange = [[b'["nothing",1]', *lines], [b'["people"]', *lines], [lines[0], *lines], [b"null", *lines]]
        for content in (own[: len(own) // 2], *(gzip.compress(b"\n".join([head, *rest])) for rest in strange)):
            hostile.write_bytes(content)
            with pytest.raises(BackupError, match="is damaged"):
                restore(hostile)
            assert everything() == before
