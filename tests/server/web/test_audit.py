"""The audit page: who decided what, newest first."""

import re

from flask import Flask

from server import audit, ledger, staff
from server.database import writing
from server.recalls import book
from server.recalls.asked import Asked
from server.recalls.release import release
from tests.handheld import PHONE
from tests.server.running import NOW, SITE, Person, sign_in


def rows(page: str) -> list[str]:
    """The text of each row."""
    body = page.split("<tbody>")[1].split("</tbody>", maxsplit=1)[0] if "<tbody>" in page else ""
    return [" ".join(re.sub(r"<[^>]+>", " ", row).split()) for row in body.split("</tr>")[:-1]]


def test_recalls_releases_and_changes_of_people_stand_in_the_audit_newest_first(app: Flask, admin: Person) -> None:
    with writing() as c:
        asked = Asked(number="RC-7", reason="battery", product=PHONE.rpartition("/")[2])
        book.begin(c, site=SITE, asked=asked, operator="Quinn", now_ms=NOW)
        release(c, site=SITE, number="RC-7", reason="checked", leaving=0, operator="Rosa", now_ms=NOW + 1)
        staff.add_person(c, site=SITE, name="Ravi", role="picker", by="admin", now_ms=NOW + 2)
    found = rows(admin.get("/audit").text)
    assert ["Ravi may sign in as picker" in found[0], "checked" in found[1], "battery" in found[2]] == [True] * 3
    assert [row for row in rows(admin.get("/audit?person=Rosa").text) if "Release" not in row] == []
    assert len(rows(admin.get("/audit?person=Rosa").text)) == 1
    assert ["battery" in row for row in rows(admin.get("/audit?kind=recall").text)] == [True]
    assert "Nothing of that kind" in admin.get("/audit?person=nobody").text


def test_a_long_audit_is_paged_without_a_gap_or_a_repeat(app: Flask, admin: Person) -> None:
    count = 2 * audit.PAGE + 5
    with writing() as c:
        for number in range(count):  # several in one millisecond
            now_ms = NOW + number // 3
            ledger.record(c, site=SITE, action="administer", operator="admin", now_ms=now_ms, reason=f"entry {number}.")
    seen: list[str] = []
    path: str | None = "/audit"
    while path:
        page = admin.get(path).text
        seen += re.findall(r"entry (\d+)\.", page)
        following = re.search(r'href="([^"]+)" rel="next"', page)
        path = following[1].replace("&amp;", "&") if following else None
    assert seen == [str(number) for number in reversed(range(count))]


def test_what_is_no_place_or_kind_of_the_audit_is_refused(app: Flask, admin: Person) -> None:
    assert admin.get("/audit?after=x").status_code == 400
    assert admin.get("/audit?kind=pick").status_code == 404
    assert sign_in(app, "supervisor").get("/audit").status_code == 403
