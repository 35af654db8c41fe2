"""The imports page through HTTP: check first, take in after, and what is left when something goes wrong."""

import csv
import io
import json
import re
import time
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from server import documents, uploads
from server.held_file import hold
from server.uploads import Spool, UploadError
from tests.server.office import LAMP, LOCATIONS, PRODUCTS, STOCK, read
from tests.server.running import NOW, SITE, Person, running_server, sign_in


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Flask]:
    with running_server(f"sqlite:///{tmp_path / 'site.sqlite3'}", tmp_path) as app:
        yield app


@pytest.fixture
def supervisor(app: Flask) -> Person:
    return sign_in(app, "supervisor")


def _send(person: Person, kind: str, content: str, name: str = "file.csv", **fields: str) -> TestResponse:
    data = {"kind": kind, "file": (io.BytesIO(content.encode()), name), **fields}
    return person.post("/imports", data=data, follow_redirects=True)


def _text(answer: TestResponse) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())


def _take(person: Person, page: TestResponse, **fields: str) -> TestResponse:
    return person.post(page.request.path, data=fields, follow_redirects=True)


def _imported(person: Person) -> str:
    return _text(person.get("/imports")).partition("Imported documents")[2]


def test_a_good_file_counts_only_after_it_was_taken_in(supervisor: Person) -> None:
    page = _send(supervisor, "products", PRODUCTS, "products.csv")
    assert "3 good rows" in _text(page)
    assert "No such document" in _imported(supervisor)
    taken = _take(supervisor, page)
    assert "It is in. 3 rows taken." in taken.text
    listed = _imported(supervisor)
    assert "supervisor" in listed
    assert "PRODUCTS-" in listed
    again = _take(supervisor, page)
    assert "has been sent in already" in _text(again)


def test_each_wrong_row_is_named_with_its_column_and_what_stands_there(supervisor: Person) -> None:
    page = _send(supervisor, "products", f"gtin,name\n{LAMP},Lamp\n123,=Wrong\n,Nothing\n")
    text = _text(page)
    assert "1 good row 2 wrong rows" in text
    assert "gtin" in text
    assert "<code>123</code>" in page.text
    report = supervisor.get(f"{page.request.path}/problems.csv")
    (first, *_) = list(csv.DictReader(io.StringIO(report.data.decode("utf-8-sig"))))
    assert (first["row"], first["column"], first["cell"]) == ("3", "gtin", "123")
    refused = _take(supervisor, page)
    assert "Nothing was taken: 2 of its rows are wrong." in _text(refused)
    assert "It is in. 1 row taken, 2 refused." in _take(supervisor, page, skip_bad="yes").text


def test_what_is_no_table_is_refused_in_a_sentence(supervisor: Person) -> None:
    assert "needs the column" in _text(_send(supervisor, "products", "colour\nred\n"))
    assert "Choose a file" in _text(supervisor.post("/imports", data={"kind": "products"}, follow_redirects=True))


def test_another_document_of_the_same_number_is_refused_before_it_is_taken(supervisor: Person) -> None:
    for kind, content in (("products", PRODUCTS), ("locations", LOCATIONS), ("stock", STOCK)):
        assert "It is in." in _take(supervisor, _send(supervisor, kind, content)).text
    order = f"number,gtin,quantity\nSO-1,{LAMP},1\n"
    assert "It is in." in _take(supervisor, _send(supervisor, "order", order)).text
    again = _send(supervisor, "order", order.replace(",1\n", ",2\n"))
    assert "There is order SO-1 already, with other rows." in _text(again)
    same = _take(supervisor, _send(supervisor, "order", order))
    assert "exactly as it was imported before" in _text(same)


def test_a_large_file_is_taken_in_while_the_page_tells_how_far_it_is(
    supervisor: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "AT_ONCE_ROWS_MAX", 100)
    codes = "".join(f"C-{n:03},Z\n" for n in range(600))
    page = _take(supervisor, _send(supervisor, "locations", f"code,zone\n{codes}"))
    assert "It is being taken in" in page.text or "It is in." in page.text
    deadline = time.monotonic() + 20
    while "It is in." not in page.text and time.monotonic() < deadline:
        page = supervisor.get(page.request.path)
    assert "LOCATIONS-" in _text(page)
    assert "600" in _imported(supervisor)


def spooled(tmp_path: Path) -> tuple[Spool, str]:
    """The spool, and the one file in it."""
    spool = Spool(tmp_path / "instance" / "uploads")
    [path] = spool.folder.glob("*.json")
    return spool, path.stem


def test_an_upload_that_was_broken_off_says_so_and_is_taken_in_again(tmp_path: Path, supervisor: Person) -> None:
    page = _send(supervisor, "products", PRODUCTS)
    spool, token = spooled(tmp_path)
    told = json.loads((spool.folder / f"{token}.json").read_text())
    (spool.folder / f"{token}.json").write_text(json.dumps(told | {"state": "taking"}))  # as a killed process left it
    (spool.folder / f"{token}.lock").touch()
    text = _text(supervisor.get(page.request.path))
    assert "It was broken off" in text
    assert "Take in 3 rows" in text
    assert "It is in. 3 rows taken." in _take(supervisor, page).text
    spool.drop_old(NOW + uploads.KEPT_MS + 1)
    assert list(spool.folder.iterdir()) == []


def test_of_two_clicks_at_once_one_takes_the_file_in_and_the_other_breaks_nothing(
    tmp_path: Path, app: Flask, supervisor: Person
) -> None:
    page = _send(supervisor, "products", PRODUCTS)
    spool, token = spooled(tmp_path)
    seen = spool.find(token, SITE, NOW)  # both clicks have looked by now
    assert seen is not None
    assert "It is in. 3 rows taken." in _take(supervisor, page).text
    with pytest.raises(UploadError, match="has been sent in already"):
        spool.take(app, seen, operator="supervisor", now_ms=NOW, skip_bad=False)
    assert "It is in. 3 rows taken." in supervisor.get(page.request.path).text


def test_a_file_that_is_being_taken_in_is_not_taken_twice_nor_dropped(
    tmp_path: Path, app: Flask, supervisor: Person
) -> None:
    page = _send(supervisor, "products", PRODUCTS)
    spool, token = spooled(tmp_path)
    held = hold(spool.folder / f"{token}.lock")
    assert held is not None
    with held:
        assert "has been sent in already" in _text(_take(supervisor, page))
        spool.drop_old(NOW + uploads.KEPT_MS + 1)
    assert "It is in. 3 rows taken." in _take(supervisor, page).text


def test_a_file_waits_for_an_hour_and_no_longer(tmp_path: Path, supervisor: Person) -> None:
    page = _send(supervisor, "products", PRODUCTS)
    spool = Spool(tmp_path / "instance" / "uploads")
    assert {path.stat().st_mode & 0o077 for path in spool.folder.iterdir()} == {0}
    spool.drop_old(NOW + uploads.KEPT_MS)
    assert supervisor.get(page.request.path).status_code == 200
    spool.drop_old(NOW + uploads.KEPT_MS + 1)
    assert list(spool.folder.iterdir()) == []
    assert "Send it again" in supervisor.get(page.request.path).text


def test_only_so_many_files_wait_at_once(tmp_path: Path, supervisor: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "FILES_MAX", 2)
    for _ in range(4):
        _send(supervisor, "products", PRODUCTS)
    Spool(tmp_path / "instance" / "uploads").drop_old(NOW)
    assert len(list((tmp_path / "instance" / "uploads").glob("*.json"))) == 2


def test_each_kind_has_a_template_that_passes_its_own_check(supervisor: Person) -> None:
    for kind in ("products", "locations"):
        content = supervisor.get(f"/imports/templates/{kind}.csv").data.decode("utf-8-sig")
        assert "0 wrong rows" in _text(_send(supervisor, kind, content))
    page = _text(supervisor.get("/imports"))
    assert "GTIN-8, 12, 13 or 14 with its check digit" in page


def test_what_was_begun_and_not_finished_can_be_gone_on_with(supervisor: Person) -> None:
    def power_cut(*_: object) -> None:
        raise RuntimeError

    with read("locations", LOCATIONS) as found, pytest.raises(RuntimeError):
        documents.take(found, operator="Rosa", now_ms=NOW, progress=power_cut)
    assert "not finished" in _imported(supervisor)
    assert "It goes on" in _text(supervisor.post("/imports/resume", follow_redirects=True))
    deadline = time.monotonic() + 20
    while "not finished" in _imported(supervisor) and time.monotonic() < deadline:
        pass
    assert "supervisor" in _imported(supervisor)


def test_a_file_that_somebody_made_up_is_not_looked_for(supervisor: Person) -> None:
    for token in ("x", "../secret_key", "0" * 32):
        assert supervisor.get(f"/imports/uploads/{token}").status_code == 404


def test_a_picker_imports_nothing(tmp_path: Path) -> None:
    with running_server(f"sqlite:///{tmp_path / 'site.sqlite3'}", tmp_path) as app:
        assert _refused(app).status_code == 403


def _refused(app: Flask) -> TestResponse:
    return sign_in(app, "picker").get("/imports")
