"""Handhelds come in with a one-time code, and go."""

import hashlib
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from server import enrolment, staff, unread
from server.database import reading, writing
from server.enrolment import CODE_VALID_MS, EnrolmentError
from server.permissions import read_crew
from server.tables import cases, chains, devices, enrolment_codes, events, sites, untold
from sync.enrolment import Invitation, device_no
from tests.handheld import BIN_A, Chain, unit
from tests.server.office import NOW, SITE, office, rows
from tests.server.site import push

KEY = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"handheld 1").digest()).public_key().public_bytes_raw()
OTHER = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"handheld 2").digest()).public_key().public_bytes_raw()


def code(role: str = "receiver", now_ms: int = NOW, site: str = SITE) -> str:
    with writing() as c:
        return enrolment.new_code(c, site=site, role=role, operator="Rosa", now_ms=now_ms)


def enrol(word: str, *, key: bytes = KEY, epoch: int = 7, now_ms: int = NOW, **given: Any) -> Any:
    told = {"name": "HH-1", "client": "1.0.0"} | given
    with writing() as c:
        return enrolment.enrol(
            c, offer_key=enrolment.code_key(word), public_key=key, epoch=epoch, now_ms=now_ms, **told
        )


def test_a_handheld_enrols_with_a_code_and_gets_its_role(database_url: str, tmp_path: Path) -> None:
    with office(database_url, tmp_path):
        row = enrol(code())
        assert (row.device_no, row.site, row.name, row.role) == (device_no(KEY), SITE, "HH-1", "receiver")
        assert rows(chains, "device_no", "epoch", "acked_through")[-1] == (device_no(KEY), 7, 0)


def test_a_code_is_good_once(database_url: str, tmp_path: Path) -> None:
    with office(database_url, tmp_path):
        word = code()
        enrol(word)
        with pytest.raises(EnrolmentError, match="wrong, used up or too old"):
            enrol(word, key=OTHER)
        assert len(rows(devices, "device_no")) == 1


def test_a_code_runs_out(database_url: str, tmp_path: Path) -> None:
    with office(database_url, tmp_path):
        word = code()
        with pytest.raises(EnrolmentError, match="wrong, used up or too old"):
            enrol(word, now_ms=NOW + CODE_VALID_MS)
        assert enrol(word, now_ms=NOW + CODE_VALID_MS - 1).enrolled_ms == NOW + CODE_VALID_MS - 1


def test_a_code_can_be_typed_in_small_letters_and_groups(database_url: str, tmp_path: Path) -> None:
    with office(database_url, tmp_path):
        word = code().lower()
        assert enrol(f" {word[:4]}-{word[4:8]} {word[8:]}").device_no == device_no(KEY)


def test_a_refused_handheld_does_not_use_up_its_code(database_url: str, tmp_path: Path) -> None:
    with office(database_url, tmp_path):
        word = code()
        for wrong in ({"key": b"short"}, {"name": "\u202e"}, {"name": ""}, {"epoch": 2**53}, {"client": "x" * 101}):
            with pytest.raises(EnrolmentError):
                enrol(word, **wrong)
        assert enrol(word).device_no == device_no(KEY)


def test_the_database_does_not_hold_a_code_that_could_be_read_out(database_url: str, tmp_path: Path) -> None:
    with office(database_url, tmp_path):
        word = code()
        kept = rows(enrolment_codes, "digest")
        assert kept == [(hashlib.sha256(enrolment.code_key(word)).hexdigest(),)]
        with reading() as c:
            assert not [r for t in (events, enrolment_codes) for r in c.execute(sa.select(t)) if word in str(r)]
        with pytest.raises(EnrolmentError, match="wrong, used up or too old"):  # nor can what it holds be used
            enrol(kept[0][0])


def test_a_handheld_that_enrols_again_keeps_its_number_and_what_the_server_has_of_its_queue(
    database_url: str, tmp_path: Path
) -> None:
    with office(database_url, tmp_path):
        enrol(code())
        with writing() as c:
            c.execute(chains.update().where(chains.c.epoch == 7).values(acked_through=12))
        again = enrol(code("picker"), name="HH-1b", now_ms=NOW + 5)
        assert (again.device_no, again.role, again.name, again.enrolled_ms) == (device_no(KEY), "picker", "HH-1b", NOW)
        assert rows(chains, "epoch", "acked_through").count((7, 12)) == 1


def test_a_revoked_handheld_is_let_in_again_only_with_a_fresh_code(database_url: str, tmp_path: Path) -> None:
    with office(database_url, tmp_path):
        number = enrol(code()).device_no
        with writing() as c:
            assert enrolment.revoke(c, number=number, operator="Rosa", now_ms=NOW + 1)
            assert not enrolment.revoke(c, number=number, operator="Rosa", now_ms=NOW + 2)
        assert rows(devices, "revoked_ms") == [(NOW + 1,)]
        assert enrol(code()).revoked_ms is None


def test_what_a_handheld_cannot_read_concerns_nobody_once_it_is_revoked_or_at_another_site(
    database_url: str, tmp_path: Path
) -> None:
    with office(database_url, tmp_path):
        one, other = enrol(code()).device_no, enrol(code(), key=OTHER).device_no
        with writing() as c:
            for number in (one, other):
                unread.note(c, SITE, number, [{"name": "recall R-1", "reason": "strange"}], now_ms=NOW)
        enrol(code())
        with reading() as c:
            assert unread.by_handhelds(c, SITE, "recall", "R-1") == {one, other}
        with writing() as c:
            enrolment.revoke(c, number=one, operator="Rosa", now_ms=NOW + 1)
            assert unread.by_handhelds(c, SITE, "recall", "R-1") == {other}
        enrol(code(site="north"), key=OTHER)
        assert rows(untold, "of") == []


def test_who_let_a_handheld_in_and_out_stands_in_the_ledger(database_url: str, tmp_path: Path) -> None:
    with office(database_url, tmp_path):
        number = enrol(code()).device_no
        with writing() as c:
            enrolment.revoke(c, number=number, operator="Rosa", now_ms=NOW + 1)
        with reading() as c:
            said = list(c.execute(sa.select(events.c.operator, events.c.reason).order_by(events.c.epoch, events.c.seq)))
        assert said[-3:] == [
            ("Rosa", "an enrolment code for one receiver"),
            (None, f"handheld {number} (HH-1) enrolled as receiver"),
            ("Rosa", f"handheld {number} (HH-1) revoked"),
        ]


def test_a_handheld_nobody_knows_cannot_be_revoked(database_url: str, tmp_path: Path) -> None:
    with office(database_url, tmp_path), writing() as c, pytest.raises(EnrolmentError, match=r"no handheld .* 99"):
        enrolment.revoke(c, number=99, operator=None, now_ms=NOW)


@pytest.mark.parametrize(("role", "valid_ms"), [("king", CODE_VALID_MS), ("picker", 0), ("picker", 25 * 3_600_000)])
def test_a_code_for_no_role_or_for_too_long_is_refused(
    role: str, valid_ms: int, database_url: str, tmp_path: Path
) -> None:
    with office(database_url, tmp_path), writing() as c, pytest.raises(EnrolmentError):
        enrolment.new_code(c, site=SITE, role=role, operator=None, now_ms=NOW, valid_ms=valid_ms)


def test_the_qr_code_carries_the_servers_key_and_addresses(database_url: str, tmp_path: Path) -> None:
    with office(database_url, tmp_path), reading() as c:
        shown = enrolment.invitation(c, "ABCD", ["http://10.0.0.1:8000", "http://wh.example"])
        read = Invitation.parse(shown.text())
        assert (read.addresses, read.code) == (("http://10.0.0.1:8000", "http://wh.example"), "ABCD")
        assert len(read.server_key) == 32


def not_permitted() -> list[str]:
    with reading() as c:
        return list(c.execute(sa.select(cases.c.unit).where(cases.c.rule == "not_permitted")).scalars())


def test_a_scan_that_a_handheld_is_not_for_is_a_case_until_somebody_has_a_badge(
    database_url: str, tmp_path: Path
) -> None:
    with office(database_url, tmp_path):
        enrol(code("picker"))
        chain = Chain(device_no(KEY), epoch=7, boot_at_ms=NOW - 60_000)
        for serial, action in (("S1", "inspect"), ("S2", "receive")):
            chain.scan(NOW + 1_000, action, unit(serial), location=BIN_A)
        push(chain, now_ms=NOW + 2_000)
        assert not_permitted() == [unit("S2")]
        with writing() as c:
            meera = staff.add_person(c, site=SITE, name="Meera", role="receiver", by="Rosa", now_ms=NOW + 3_000)
            staff.set_badge(c, meera, "K-18", "4092", staff.Change(site=SITE, by="Rosa", now_ms=NOW + 3_000))
        chain.scan(NOW + 4_000, "receive", unit("S3"), location=BIN_A, operator="Meera")
        push(chain, 3, now_ms=NOW + 5_000)
        assert not_permitted() == [unit("S2")]


def test_a_handheld_that_enrols_anew_is_for_something_else_from_then_on_and_at_its_old_site_for_nothing(
    database_url: str, tmp_path: Path
) -> None:
    with office(database_url, tmp_path):
        enrol(code("picker"))
        enrol(code("receiver"), now_ms=NOW + 1_000)
        with writing() as c:
            c.execute(sites.insert().values(site="north", name="North", codes={}))
        enrol(code("receiver", now_ms=NOW, site="north"), now_ms=NOW + 2_000)
        with reading() as c:
            roles = {site: read_crew(c, site).handhelds[device_no(KEY)] for site in (SITE, "north")}
    assert roles == {
        SITE: ((NOW, "picker"), (NOW + 1_000, "receiver"), (NOW + 2_000, None)),
        "north": ((NOW + 2_000, "receiver"),),
    }
