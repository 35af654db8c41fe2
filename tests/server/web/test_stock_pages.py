"""What is in stock and where, and the webhooks' page, through HTTP."""

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest
from werkzeug.test import TestResponse

from server import inventory
from tests.handheld import BIN_A, BIN_B, CABLE, unit
from tests.server.running import Handheld, Person, running_server, sign_in

CARTON = "https://id.gs1.org/00/106141412345678908"


@pytest.fixture(scope="module")
def supervisor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Person]:
    """One server for all of these: three phones, one of them in a carton, one where it does not belong, and cables."""
    folder: Path = tmp_path_factory.mktemp("stock")
    with running_server(f"sqlite:///{folder / 'site.sqlite3'}", folder) as app:
        handheld = Handheld(app).enrol()
        for serial in ("A1", "A2"):
            handheld.scan("put_away", unit(serial), location=BIN_A, minutes_ago=30)
        handheld.scan("inspect", unit("A2"), location=BIN_B)
        handheld.scan("put_away", CARTON, location=BIN_A, minutes_ago=20)
        handheld.scan("move", unit("C1"), container=CARTON, location=BIN_A, minutes_ago=10)
        handheld.scan("put_away", CABLE, location=BIN_A, quantity=12, minutes_ago=5)
        handheld.push()
        yield sign_in(app, "admin")


def test_what_a_table_cell_lists_is_one_piece_so_that_a_phone_keeps_it_beside_its_label(supervisor: Person) -> None:
    cells = re.findall(r'<td data-label="By state">(.*?)</td>', supervisor.get("/stock").text)
    assert cells
    assert [cell for cell in cells if not re.fullmatch(r"<span>[^<]*</span>", cell)] == []


def test_how_a_product_is_tracked_is_said_in_words(supervisor: Person) -> None:
    stock, product = _text(supervisor.get("/stock")), supervisor.get("/stock/products/01/09506000134352").text
    assert "Serial number" in stock
    assert "Pieces only" in stock
    assert '<option value="lpn">printed plate</option>' in product


def _text(answer: TestResponse) -> str:
    assert answer.status_code == 200, answer.text
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", answer.text)).split()).partition("sign out")[2]


@pytest.mark.parametrize("typed", ["phone", "p12", "9506000134352", "09506000134352"])
def test_a_product_is_found_by_name_sku_and_gtin(supervisor: Person, typed: str) -> None:
    page = _text(supervisor.get(f"/stock?q={typed}"))
    assert "Phone 12" in page
    assert "Cable 2 m" not in page


def test_a_search_that_finds_nothing_says_so(supervisor: Person) -> None:
    assert "No product has “100%_x” in its name" in _text(supervisor.get("/stock?q=100%25_x"))
    assert "No location has" in _text(supervisor.get("/stock/locations?q=zz"))


def test_a_product_is_counted_by_state_and_zone_and_its_units_are_listed(supervisor: Person) -> None:
    page = _text(supervisor.get("/stock/products/01/09506000134352"))
    for words in ("3 in stock", "Phone 12 · A1", "Phone 12 · A2", "A-01", "B-01"):
        assert words in page, page
    assert "Phone 12 · A1" not in _text(supervisor.get("/stock/products/01/09506000134352?status=missing"))
    cables = _text(supervisor.get("/stock?q=cable"))
    assert "12" in cables


def test_a_bin_shows_what_was_seen_in_it_and_what_its_cartons_hold(supervisor: Person) -> None:
    page = _text(supervisor.get("/stock/bins/" + BIN_A.removeprefix("https://id.gs1.org/")))
    for words in ("Phone 12 · A1", "Phone 12 · C1", "in carton …678908", "Cable 2 m", "1 carton"):
        assert words in page, page
    assert "Phone 12 · A2" not in page


def test_the_label_of_a_bin_leads_to_what_is_in_it(supervisor: Person) -> None:
    answer = supervisor.get("/scan", query_string={"scan": BIN_A})
    assert answer.location == "/stock/bins/" + BIN_A.removeprefix("https://id.gs1.org/")


def test_what_is_not_there_is_not_found(supervisor: Person) -> None:
    for path in ("products/01/09506000134369", "bins/414/x", "products/" + "x" * 600, "products/01/0?status=sold"):
        assert supervisor.get(f"/stock/{path}").status_code == 404


def test_long_lists_go_on_where_the_page_ended(supervisor: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inventory, "PAGE", 1)
    for page, number in (("/stock", 2), ("/stock/locations", 4), ("/stock/products/01/09506000134352", 3)):
        seen, address = [], page
        while address:
            text = supervisor.get(address).text
            found = re.search(r'href="([^"]+)" rel="next"', text)
            seen.append(text)
            assert len(seen) < 10, page
            address = unescape(found[1]) if found else ""
        assert len(seen) == number, page


def test_a_webhook_is_made_and_removed_and_its_secret_shown_once(supervisor: Person) -> None:
    made = supervisor.post("/webhooks", data={"url": "https://shop.example/hook", "kinds": ["unit", "case"]})
    assert "whsec_" in made.text
    page = supervisor.get("/webhooks").text
    assert "https://shop.example/hook" in page
    assert "whsec_" not in page
    (removal,) = re.findall(r'action="(/webhooks/[^"]+/remove)"', page)
    assert "Nothing is sent there any more" in supervisor.post(removal, follow_redirects=True).text
    refused = supervisor.post("/webhooks", data={"url": "http://10.0.0.1/"}, follow_redirects=True)
    assert "https://" in refused.text
    assert supervisor.post(removal).status_code == 404
