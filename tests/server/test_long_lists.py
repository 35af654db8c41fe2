"""Lists that grow for years are read page by page, and each thing stands on one page."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain
from typing import Any

import pytest
from flask import Flask

from server.claims.book import put
from server.claims.claim import ClaimLine
from server.database import reading, writing
from server.recalls import listing
from server.recalls.listing import summaries
from server.sites import add_site
from tests.handheld import CABLE, unit
from tests.server.recalls.scene import BEGUN, GTIN, MINUTE, account, begin, fill, release
from tests.server.running import NOW, SITE, Handheld, Person, refusal, sign_in
from tests.server.test_statements import counting


def claims(app: Flask) -> None:
    line = ClaimLine(subject=unit("A1"), wrong="short", carton=None, quantity=1)
    for number in (1, 2, 3):
        with writing() as c:  # the last two within one moment
            put(
                c, site=SITE, receipt=f"ASN-{number}", version=1, supplier="Acme", lines=[line], operator="Sam",
                now_ms=NOW - 5 + min(number, 2),
            )  # fmt: skip


def recalls(app: Flask) -> None:
    for number in (1, 2, 3):
        begin(f"RC-{number}", product=GTIN, lots=["L9"], now_ms=BEGUN + min(number, 2))
    release("RC-2")


def transfers(app: Flask) -> None:
    with writing() as c:
        add_site(c, code="north", name="North", company_prefix=None, beside=SITE, operator=None, now_ms=NOW)
    for _ in range(3):
        send = {"to": "north", "lines": [{"product": "C2", "quantity": 4}]}
        assert sign_in(app, "admin").post("/api/v1/transfers", json=send).status_code == 201


@pytest.mark.parametrize(
    ("name", "fill_in", "order"),
    [
        ("claims", claims, ["CLAIM-2", "CLAIM-3", "CLAIM-1"]),
        ("recalls", recalls, ["RC-3", "RC-1", "RC-2"]),
        ("transfers", transfers, ["TRANSFER-1", "TRANSFER-2", "TRANSFER-3"]),
    ],
)
def test_each_stands_on_one_page_whatever_its_length(
    app: Flask, supervisor: Person, name: str, fill_in: Callable[[Flask], None], order: list[str]
) -> None:
    fill_in(app)
    for limit in (1, 2, 3):
        found: list[list[str]] = []
        after: str | None = ""
        while after is not None:
            page = supervisor.get(f"/api/v1/{name}?limit={limit}{after and f'&after={after}'}").get_json()
            found.append([one["number"] for one in page[name]])
            after = page["next"]
        assert list(chain(*found)) == order
        assert [len(page) for page in found[:-1]] == [limit] * (len(found) - 1)
        assert found[-1], "no page is empty"
    assert refusal(supervisor.get(f"/api/v1/{name}?after=yesterday")) == (422, "not_valid")
    assert supervisor.get(f"/{name}?after=yesterday").status_code == 400
    behind_all = "ended~1~X" if name == "recalls" else "1~X"
    assert "From the beginning" in supervisor.get(f"/{name}?after={behind_all}").text or name == "transfers"


def test_what_is_between_two_sites_is_read_hand_over_by_hand_over(app: Flask, handheld: Handheld) -> None:
    transfers(app)
    cartons = [f"https://id.gs1.org/00/10614141234567{n}" for n in ("8939", "8946", "8953")]
    for number, carton in enumerate(cartons, start=1):
        order = f"TRANSFER-{number}"
        handheld.scan("pack", CABLE, container=carton, document=order, quantity=4, minutes_ago=40 - number)
        handheld.scan("ship", carton, document=order, minutes_ago=30 - number)
    handheld.push()
    admin = sign_in(app, "admin")
    first = admin.get("/api/v1/transfers/in-transit?limit=2").get_json()
    rest = admin.get(f"/api/v1/transfers/in-transit?limit=2&after={first['next']}").get_json()
    pages = [[(one["number"], one["quantity"]) for one in page["in_transit"]] for page in (first, rest)]
    assert [len(page) for page in pages] == [2, 1]
    assert {number for number, _ in chain(*pages)} == {"TRANSFER-1", "TRANSFER-2", "TRANSFER-3"}
    assert rest["next"] is None
    whole = admin.get("/transfers").text
    assert whole.count("TRANSFER-2") > 1
    assert len(admin.get("/exports/in_transit.json").get_json()) == 3


def figures(app: Flask) -> dict[str, tuple[int, int]]:
    with reading() as c:
        found, _ = listing.page(c, SITE)
        return {one.standing.number: (one.pieces, one.open) for one in summaries(c, SITE, found, NOW)}


def test_the_list_says_of_each_recall_what_its_account_says(app: Flask, handheld: Handheld) -> None:
    fill(handheld)
    begin("RC-1", product=GTIN, lots=["L1"], place="C-01")
    begin("RC-2", product=GTIN, lots=["L1"], place="C-01")
    begin("RC-3", product="C2")
    release("RC-2", leaving=99, now_ms=NOW - 9 * MINUTE)
    before = figures(app)
    assert before == {n: (account(n).pieces, account(n).open) for n in ("RC-1", "RC-2", "RC-3")}
    assert before["RC-3"][0] == 40
    quality = sign_in(app, "quality")
    answer: dict[str, Any] = {"order": "SO-3", "answer": "keeps"}
    assert quality.post("/api/v1/recalls/RC-2/answers", json=answer).status_code == 200
    assert figures(app)["RC-2"][1] == before["RC-2"][1] - 1 == account("RC-2").open, "an answer after its end counts"


def test_recalls_that_have_ended_are_listed_without_their_accounts(app: Flask) -> None:
    asked = []
    for numbers in ((1, 2), range(10, 25)):
        for number in numbers:
            begin(f"RC-{number}", product=GTIN, lots=["L9"])
            release(f"RC-{number}")
        with counting() as sent:
            figures(app)
        asked.append(len(sent))
    assert asked[0] == asked[1]
