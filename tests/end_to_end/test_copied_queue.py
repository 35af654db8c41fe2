"""A queue that was copied, with real handhelds and a real server: neither branch is lost, or taken for the other."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import sqlalchemy as sa

from scanner_client.clock import system_clock
from scanner_client.enrol_command import enrol
from scanner_client.handheld import QUEUE_FILE, Handheld, open_handheld
from scanner_client.transport import Transport
from scanner_client.uploader import Uploader
from server import enrolment, upkeep
from server.database import reading, writing
from server.tables import cases, events
from sync.protocol import MEDIA_TYPE, SYNC_PATH, write_signature
from tests.golden.making import served
from tests.scanner_client.scans import scan_of
from tests.server import office


def joins(home: Path, address: str) -> None:
    with writing() as c:
        code = enrolment.new_code(c, site=office.SITE, role="receiver", operator=None, now_ms=office.NOW)
        invitation = enrolment.invitation(c, code, [address]).text()
    with open_handheld(home, system_clock()) as handheld:
        enrol(handheld, invitation, Transport(), name="dock")


def scans(home: Path, *serials: str, sends: Callable[[Handheld], None]) -> int:
    """Commit scans and send them; returns the epoch that the queue is in afterwards."""
    with open_handheld(home, system_clock()) as handheld:
        handheld.commit([scan_of(serial) for serial in serials])
        sends(handheld)
        return handheld.outbox.epoch


def syncs(handheld: Handheld) -> None:
    for _ in Uploader(handheld, Transport()).drain():
        pass


def is_carried_without_its_first(handheld: Handheld) -> None:
    """What it owes goes as a file; of its envelopes the first is refused, and the others go on."""
    _, *rest = handheld.outbox.runs(handheld.outbox.epoch, 1)
    for run in rest:
        body, signature = handheld.envelope(run, carried=True)
        authorization = f"Ed25519 {run.epoch.device_no} {write_signature(signature)}"
        headers = {"Content-Type": MEDIA_TYPE, "Authorization": authorization}
        assert Transport().post(handheld.device.addresses[-1], SYNC_PATH, body, headers).status == 200


def verified() -> list[str]:
    return list(upkeep.verify(office.SITE, lambda _: None))


def test_a_queue_put_back_from_a_copy_whose_newer_scan_was_never_sent_is_told_to_the_office(
    database_url: str, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    with office.office(database_url, tmp_path) as app, served(app) as address:
        joins(home, address)
        scans(home, "sent", sends=syncs)
        shutil.copy(home / QUEUE_FILE, tmp_path / "copy")
        scans(home, "gone", sends=lambda _: None)
        shutil.copy(tmp_path / "copy", home / QUEUE_FILE)
        scans(home, "next", sends=syncs)
        told = app.test_cli_runner().invoke(args=["handhelds"]).output
        assert verified() == []
    assert "copied, known since" in told
    assert "1 scan that it had made came neither here nor with the copy" in told


def test_a_copys_second_scan_comes_before_the_originals_first_and_both_are_kept_apart(
    database_url: str, tmp_path: Path
) -> None:
    original, copy = tmp_path / "original", tmp_path / "copy"
    elsewhere = ("http://127.0.0.1:9",)  # tried first, and nobody answers
    with office.office(database_url, tmp_path, ADDRESSES=elsewhere) as app, served(app) as address:
        joins(original, address)
        epoch = scans(original, "common", sends=syncs)
        shutil.copytree(original, copy)
        assert scans(copy, "b1", "b2", sends=is_carried_without_its_first) == epoch
        assert scans(original, "a1", sends=syncs) != epoch, "somebody else's scans follow its own: it was copied"
        assert verified() == []
        scans(copy, "b3", sends=syncs)
        assert verified() == []
        with reading() as c:
            query = sa.select(events.c.subject, events.c.outcome).where(events.c.device_no != 0)
            said = {str(subject).rpartition("/")[2]: outcome for subject, outcome in c.execute(query)}
            suspects = set(c.execute(sa.select(cases.c.unit).where(cases.c.rule == "forked")).scalars())
    assert said.keys() == {"common", "a1", "b1", "b2", "b3"}
    assert {serial for serial, outcome in said.items() if outcome == "forked"} == {"a1", "b1"}
    assert {str(unit).rpartition("/")[2] for unit in suspects} == {"a1", "b1"}
