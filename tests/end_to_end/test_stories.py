"""What happens to handhelds and servers in real life, with both as processes of their own."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from scanner_client.handheld import QUEUE_FILE
from server.timing import TRANSIT_MS
from tests.end_to_end import forked
from tests.end_to_end.site import Site, free_port

pytestmark = pytest.mark.slow

SERIALS = [f"SN{n:03d}" for n in range(1, 10)]


class Handheld:
    """The real program with a folder of its own."""

    def __init__(self, home: Path) -> None:
        self.home = home

    def do(self, command: str, *words: str, typed: str | None = None) -> str:
        done = forked.run("scanner_client", [command, "--home", str(self.home), *words], os.environ, typed=typed)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def scan(self, *serials: str) -> list[str]:
        """Put units away by typing their labels; the subjects that it beeped for."""
        lines = "".join(f"]d20109506000134352\x1d21{s}\n".replace("352\x1d21", "35221") for s in serials)
        said = self.do("scan", "--action", "put_away", "--location", "LOC:A-01", "--json", typed=lines)
        return [json.loads(line)["subject"] for line in said.splitlines() if line.startswith("{")]


# What happens between handhelds, people and a server's address: to the database it is pushes like any others.
ON_SQLITE = pytest.mark.parametrize("new_database_url", ["sqlite"], indirect=True)


@pytest.fixture
def warehouse(new_database_url: str, tmp_path: Path) -> Iterator[Site]:
    """A running server."""
    running = Site(folder=tmp_path, database_url=new_database_url)
    assert running.flask("init").returncode == 0
    running.start()
    running.wait_until_ready()
    yield running
    running.kill()


def enrolled(site: Site, home: Path) -> Handheld:
    handheld = Handheld(home)
    handheld.do("enrol", "--code", site.invitations(1)[0], "--name", home.name)
    return handheld


def subjects(site: Site) -> list[str]:
    """What the server has, one entry for each event."""
    rows = [json.loads(stored.line) for kept in site.ledger().values() for stored in kept]
    return sorted(row["subject"].rpartition("/")[2] for row in rows)


def subjects_of(site: Site, action: str) -> list[str]:
    """The serial numbers of the server's events of one action, each with the name of who scanned it checked."""
    rows = [json.loads(stored.line) for kept in site.ledger().values() for stored in kept]
    found = [row for row in rows if row["action"] == action]
    assert {row["operator"] for row in found} == {"Ravi"}
    return sorted(row["subject"].rpartition("/")[2] for row in found)


def clean(site: Site) -> bool:
    done = site.flask("verify")
    assert done.returncode == 0, done.stdout + done.stderr
    return True


def test_a_server_restored_from_an_older_backup_gets_every_scan_again(warehouse: Site, tmp_path: Path) -> None:
    handheld = enrolled(warehouse, tmp_path / "hh")
    handheld.scan(*SERIALS[:3])
    handheld.do("sync")
    assert warehouse.flask("backup", str(tmp_path / "backup")).returncode == 0
    handheld.scan(*SERIALS[3:6])
    handheld.do("sync")
    assert subjects(warehouse) == SERIALS[:6]

    refused = warehouse.flask("restore", "--yes", str(tmp_path / "backup"))
    assert "stop it first" in refused.stderr, "a server that runs keeps its database"
    warehouse.kill()
    restored = warehouse.flask("restore", "--yes", str(tmp_path / "backup"))
    assert restored.returncode == 0, restored.stderr
    assert subjects(warehouse) == SERIALS[:3]
    warehouse.start()
    warehouse.wait_until_ready()
    handheld.do("sync")

    assert subjects(warehouse) == SERIALS[:6], "nothing was scanned anew, and everything is there again"
    assert clean(warehouse)


def test_a_handheld_that_a_restored_server_no_longer_knows_enrols_again_with_its_queue(
    warehouse: Site, tmp_path: Path
) -> None:
    assert warehouse.flask("backup", str(tmp_path / "backup")).returncode == 0
    handheld = enrolled(warehouse, tmp_path / "hh")
    handheld.scan(*SERIALS[:3])
    handheld.do("sync")
    warehouse.kill()
    assert warehouse.flask("restore", "--yes", str(tmp_path / "backup")).returncode == 0
    warehouse.start()
    warehouse.wait_until_ready()
    handheld.scan(*SERIALS[3:5])
    handheld.do("enrol", "--code", warehouse.invitations(1)[0])
    handheld.do("sync")

    assert subjects(warehouse) == SERIALS[:5]
    assert clean(warehouse)


def test_a_queue_put_back_from_a_copy_never_merges_with_what_came_after_the_copy(
    warehouse: Site, tmp_path: Path
) -> None:
    handheld = enrolled(warehouse, tmp_path / "hh")
    handheld.scan(*SERIALS[:2])
    handheld.do("sync")
    copies = {p: p.read_bytes() for p in handheld.home.glob(QUEUE_FILE + "*")}
    handheld.scan(*SERIALS[2:4])
    handheld.do("sync")
    for path in handheld.home.glob(QUEUE_FILE + "*"):
        path.unlink()
    for path, content in copies.items():
        path.write_bytes(content)
    handheld.scan(*SERIALS[4:6])
    handheld.do("sync")

    assert subjects(warehouse) == SERIALS[:6]
    assert len({(device, epoch) for device, epoch, _ in warehouse.ledger()}) == 2, "the copy goes on under a new epoch"
    assert clean(warehouse)


def test_a_cloned_handheld_is_noticed_and_loses_nothing(warehouse: Site, tmp_path: Path) -> None:
    original = enrolled(warehouse, tmp_path / "original")
    original.scan(*SERIALS[:2])
    original.do("sync")
    shutil.copytree(original.home, tmp_path / "clone")
    clone = Handheld(tmp_path / "clone")
    warehouse.kill()  # else what one sends in the background lets the other notice early, and part ways unforked
    original.scan(*SERIALS[2:4])
    clone.scan(*SERIALS[4:6])
    warehouse.start()
    warehouse.wait_until_ready()
    original.do("sync")
    clone.do("sync")

    assert subjects(warehouse) == SERIALS[:6], "what both had before the copy is there once"
    assert warehouse.flask("cases", "--rule", "forked").stdout.count("seen in A-01") == 2
    assert clean(warehouse)


COPIED = "two queues go on under this name"


@ON_SQLITE
def test_the_office_hears_of_a_clone_whose_original_noticed_it_before_its_next_scan(
    warehouse: Site, tmp_path: Path
) -> None:
    original = enrolled(warehouse, tmp_path / "original")
    warehouse.kill()  # so that both wait when it is copied
    original.scan(*SERIALS[:2])
    shutil.copytree(original.home, tmp_path / "clone")
    clone = Handheld(tmp_path / "clone")
    warehouse.start()
    warehouse.wait_until_ready()
    clone.scan(SERIALS[2])
    clone.do("sync")
    original.do("sync")  # it finds another's scan under its names, and goes on in a new epoch
    for handheld, serial in ((original, SERIALS[3]), (clone, SERIALS[4])):
        handheld.scan(serial)
        handheld.do("sync")

    assert subjects(warehouse) == SERIALS[:5]
    assert warehouse.flask("cases", "--rule", "forked").stdout.count("seen in A-01") == 1, "each parting is one case"
    assert COPIED in warehouse.flask("handhelds").stdout
    assert clean(warehouse)


@ON_SQLITE
def test_the_office_hears_of_a_handheld_that_was_put_back_whole_from_a_copy(warehouse: Site, tmp_path: Path) -> None:
    handheld = enrolled(warehouse, tmp_path / "hh")
    handheld.scan(SERIALS[0])
    assert COPIED not in warehouse.flask("handhelds").stdout
    shutil.copytree(handheld.home, tmp_path / "copy")
    handheld.scan(SERIALS[1])
    handheld.do("sync")
    shutil.rmtree(handheld.home)
    shutil.copytree(tmp_path / "copy", handheld.home)
    handheld.do("sync")
    handheld.scan(SERIALS[2])
    handheld.do("sync")

    assert subjects(warehouse) == SERIALS[:3]
    assert warehouse.flask("cases", "--rule", "forked").stdout.count("seen in A-01") == 1
    assert COPIED in warehouse.flask("handhelds").stdout
    assert clean(warehouse)


@ON_SQLITE
def test_a_queue_carried_as_a_file_arrives_through_another_handheld(warehouse: Site, tmp_path: Path) -> None:
    silent, messenger = enrolled(warehouse, tmp_path / "silent"), enrolled(warehouse, tmp_path / "messenger")
    warehouse.kill()  # so that the silent one cannot send
    silent.scan(*SERIALS[:3])
    silent.do("export", str(tmp_path / "queue.scan"))
    warehouse.start()
    warehouse.wait_until_ready()
    messenger.do("import", str(tmp_path / "queue.scan"))
    messenger.do("sync")

    assert subjects(warehouse) == SERIALS[:3]
    silent.do("sync")
    assert subjects(warehouse) == SERIALS[:3], "the handheld's own sync brings them no second time"
    assert clean(warehouse)


@ON_SQLITE
def test_a_server_that_moved_is_found_by_a_new_code_on_its_screen(warehouse: Site, tmp_path: Path) -> None:
    handheld = enrolled(warehouse, tmp_path / "hh")
    warehouse.kill()
    handheld.scan(*SERIALS[:2])
    warehouse.port = free_port()
    warehouse.start()
    warehouse.wait_until_ready()
    code = warehouse.invitations(1)[0]
    handheld.do("enrol", "--code", code.partition("&c=")[0])
    handheld.do("sync")

    assert subjects(warehouse) == SERIALS[:2]


@ON_SQLITE
def test_a_unit_whose_label_cannot_be_read_goes_by_a_plate_until_its_serial_number_is_bound_to_it(
    warehouse: Site, tmp_path: Path
) -> None:
    handheld = enrolled(warehouse, tmp_path / "hh")
    serial, plate = "]d2010950600013435221SN007", "LPN000123"
    dock = ("--location", "LOC:DOCK")
    # The label is torn: that is a fact. A plate is stuck on, and the unit comes in and goes to its bin under it.
    handheld.do("scan", "--action", "receive", *dock, typed=f"/unreadable\n{plate}\n")
    handheld.do("scan", "--action", "put_away", "--location", "LOC:A-01", typed=f"key:{plate}\nkey:{plate}\n")
    # Somebody finds the number inside the box: the plate first, then the serial number.
    told = handheld.do("scan", "--action", "link", "--json", typed=f"{plate}\n{serial}\n")
    [linked] = [json.loads(line) for line in told.splitlines() if line.startswith("{")]
    assert linked["subject"].endswith("/01/09506000134352/21/SN007")
    handheld.do("sync")
    # From now on either name is the one unit, in its bin and with all of its history, on both sides.
    shown = warehouse.flask("trail", plate).stdout
    assert shown.splitlines()[0].endswith("/01/09506000134352/21/SN007")
    assert shown.splitlines()[1].startswith("stored, in A-01")
    assert [word in shown for word in ("receive in DOCK", "put away in A-01", "link")] == [True] * 3
    assert warehouse.flask("trail", serial).stdout == shown
    handheld.do("sync")
    words = ("scan", "--action", "inspect", "--location", "LOC:A-01", "--json")
    seen = [json.loads(line)["verdict"] for line in handheld.do(*words, typed=f"{plate}\n").splitlines()[:1]]
    assert seen == ["right"]
    assert clean(warehouse)


@ON_SQLITE
def test_a_picker_who_was_let_in_at_the_office_signs_in_at_a_handheld_with_no_network_and_is_let_go_at_the_next_sync(
    warehouse: Site, tmp_path: Path
) -> None:
    handheld = enrolled(warehouse, tmp_path / "hh")
    assert warehouse.flask("people", "add", "Ravi", "--role", "picker").returncode == 0
    given = warehouse.flask("people", "badge", "Ravi", "BADGE:K-17", "--stdin", typed="7391\n")
    assert given.returncode == 0, given.stderr
    handheld.do("sync")
    warehouse.kill()

    label = "]d2010950600013435221"
    pick = ("scan", "--action", "pick", "--location", "LOC:A-01", "--operator", "somebody", "--json")
    told = handheld.do(*pick, typed=f"{label}SN001\nBADGE:K-17\npin:7391\n{label}SN002\n/sign-out\n{label}SN003\n")
    assert [json.loads(line)["subject"][-5:] for line in told.splitlines() if line.startswith("{")] == ["SN002"]
    assert "7391" not in told
    assert warehouse.flask("people", "deactivate", "Ravi").returncode == 0
    time.sleep(2 * TRANSIT_MS / 1000)  # a scan so near that the clocks cannot tell is nobody's fault
    late = "BADGE:K-17\npin:7391\n" + label + "SN004\n"
    handheld.do(*pick, typed=late)  # it has not heard of that yet
    warehouse.start()
    warehouse.wait_until_ready()
    handheld.do("sync")
    assert subjects_of(warehouse, "pick") == ["SN002", "SN004"]
    cases = warehouse.flask("cases", "--rule", "not_permitted").stdout
    assert "SN004" in cases
    assert "SN002" not in cases
    told = handheld.do(*pick, typed=late.replace("SN004", "SN005"))
    assert [line for line in told.splitlines() if line.startswith("{")] == []


@ON_SQLITE
def test_the_last_carton_of_a_file_is_asked_for_too_and_is_held_where_nobody_answers(
    warehouse: Site, tmp_path: Path
) -> None:
    handheld = enrolled(warehouse, tmp_path / "hh")
    handheld.do(
        "scan", "--action", "pack", typed="CTN-1\n]d2010950600013435221SN001\nCTN-2\n]d2010950600013435221SN002\n"
    )
    ship = ("scan", "--action", "ship")
    assert "Handed over" in handheld.do(*ship, typed="CTN-1\n")
    warehouse.kill()
    told = handheld.do(*ship, typed="CTN-2\n")
    assert "HOLD: no word from the server" in told
    assert "0 scans kept" in told
