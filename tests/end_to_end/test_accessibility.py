"""Every page of the console for people who cannot see it, cannot point at it, or read it in the dark on a phone."""

from __future__ import annotations

import io
import re
import threading
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page, expect
from werkzeug.exceptions import HTTPException
from werkzeug.serving import make_server

from server.web.navigation import entries
from server.web.wording import RESOLUTIONS
from tests.handheld import BIN_A, BIN_B, CABLE, unit
from tests.server import office
from tests.server.running import NOW, PASSWORD, Handheld, Person, running_server, sign_in

pytestmark = pytest.mark.browser

AXE = files("axe_playwright_python") / "axe.min.js"
"""axe-core, which that package brings; its own functions cannot run it twice on one page without loading it twice."""
DESK, PHONE = {"width": 1366, "height": 768}, {"width": 390, "height": 844}
SERIOUS = ("serious", "critical")
NO_PAGES = re.compile(r"^/(exports|imports/templates|sign-out)|\.(csv|xlsx|json|pdf|svg|png|jpe?g)$")
"""Addresses that answer with files."""


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """A site with something of everything: products, stock, a notice, an order, a count, a case, a quarantined scan."""
    folder: Path = tmp_path_factory.mktemp("accessible")
    with running_server(f"sqlite:///{folder / 'site.sqlite3'}", folder) as app:
        handheld = Handheld(app).enrol()
        handheld.scan("put_away", unit("A1"), location=BIN_A, minutes_ago=30)
        handheld.scan("inspect", unit("A1"), location=BIN_B)
        handheld.scan("put_away", CABLE, location=BIN_A, quantity=12, minutes_ago=5)
        handheld.chain.commit(b'{"schema":1,"seq":3.7}')
        handheld.push()
        order = f"number,gtin,quantity,customer\nSO-1,{office.LAMP},1,Anna\n"
        for kind, content in (("asn", office.ASN), ("order", order)):
            office.take(kind, content, now_ms=NOW - 60_000)
        Handheld(app).enrol(name="HH-2", revoked_ms=NOW)
        admin = sign_in(app, "admin")
        _count(admin, handheld)
        admin.post("/api/v1/webhooks", json={"url": "https://shop.example/hook"})
        wrong = (io.BytesIO(b"gtin,name\n123,Wrong\n"), "wrong.csv")
        uploaded = admin.post("/imports", data={"kind": "products", "file": wrong})
        app.config["TOLD_APART"] = [uploaded.location]
        yield app


def _count(admin: Person, handheld: Handheld) -> None:
    """Count a bin that lacks what belongs in it, and close the count; another one stays open."""
    about = {"location": BIN_A, "document": "COUNT-1"}
    for number, place in (("COUNT-1", BIN_A), ("COUNT-2", BIN_B)):
        assert admin.post("/api/v1/counts", json={"number": number, "bins": [place]}).status_code == 201
    handheld.scan("open_bin", None, minutes_ago=4, **about)  # type: ignore[arg-type]  # a bin is its own subject
    handheld.scan("count", unit("A9"), minutes_ago=3, **about)
    handheld.scan("finish_bin", None, minutes_ago=2, **about)  # type: ignore[arg-type]
    handheld.push()
    closed = admin.post("/api/v1/counts/COUNT-1/close", json={})
    assert closed.status_code == 200, closed.text


@pytest.fixture(scope="module")
def address(app: Flask) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _sign_in(page: Page, address: str) -> None:
    page.goto(address + "/sign-in")
    page.get_by_label("Name").fill("admin")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(address + "/")


def _serious(page: Page, **options: Any) -> list[str]:
    """What axe finds wrong with the page as it is shown now; it has been put into the page before."""
    found = page.evaluate("options => axe.run({resultTypes: ['violations'], ...options})", options)["violations"]
    return [
        f"{violation['id']}: {violation['help']} {[node['html'][:160] for node in violation['nodes'][:3]]}"
        for violation in found
        if violation["impact"] in SERIOUS
    ]


def _pages(app: Flask, page: Page, address: str) -> Iterator[str]:
    """Every page that can be reached by links from the navigation, one for each view, and a checked file's."""
    adapter = app.url_map.bind("127.0.0.1")
    with app.test_request_context():
        waiting = [*app.config["TOLD_APART"], *(app.url_for(entry.endpoint) for entry in entries())]
    seen: set[str] = set()
    while waiting:
        path = waiting.pop(0)
        try:
            endpoint, _ = adapter.match(path.partition("?")[0], method="GET")
        except HTTPException:
            continue
        if endpoint in seen or NO_PAGES.search(path.partition("?")[0]) or not endpoint.startswith(("web.", "docs.")):
            continue
        seen.add(endpoint)
        answer = page.goto(address + path)
        assert answer is not None
        assert answer.status == 200, f"{path}: {answer.status}"
        yield path
        links = page.eval_on_selector_all("a[href]", "all => all.map(a => a.getAttribute('href'))")
        waiting += [link.partition("#")[0] for link in links if link.startswith("/")]


@pytest.mark.slow
@pytest.mark.timeout(900)  # every page, twice: minutes where others work on the machine as well
def test_axe_finds_nothing_serious_on_any_page_in_light_on_a_desk_and_in_the_dark_on_a_phone(
    app: Flask, address: str, chromium: Browser
) -> None:
    wrong: list[str] = []
    walked = []
    with chromium.new_context(viewport=DESK, color_scheme="light") as context:  # type: ignore[arg-type]
        page, axe = context.new_page(), AXE.read_text()
        page.goto(address + "/sign-in")
        page.evaluate(axe)
        wrong += [f"/sign-in: {fault}" for fault in _serious(page)]
        _sign_in(page, address)
        for path in _pages(app, page, address):
            walked.append(path)
            page.evaluate(axe)
            for size, scheme, options in (
                (DESK, "light", {}),
                (PHONE, "dark", {"runOnly": ["color-contrast", "scrollable-region-focusable", "target-size"]}),
            ):
                page.set_viewport_size(size)  # type: ignore[arg-type]
                page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
                faults = _serious(page, **options)
                wrong += [f"{path} ({scheme}, {size['width']}): {fault}" for fault in faults]
                if size is PHONE:
                    over = page.evaluate("document.documentElement.scrollWidth - innerWidth")
                    wrong += [f"{path} is {over} pixels wider than a phone"] if over > 0 else []
    assert wrong == [], "\n".join(wrong)
    assert len(walked) >= len(entries())


def _tab_to(page: Page, name: str) -> None:
    """Press Tab until what has this name has the focus, and see that it shows."""
    for _ in range(60):
        page.keyboard.press("Tab")
        told = page.evaluate(
            "(document.activeElement.labels?.[0]?.textContent || document.activeElement.textContent || '').trim()"
        )
        if told == name:
            outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            assert outline != "none", f"nobody sees that {name!r} has the focus"
            return
    raise AssertionError(f"Tab never comes to {name!r}.")


def test_a_case_is_found_and_decided_without_a_pointer(address: str, browser: BrowserContext) -> None:
    page = browser.new_page()
    page.goto(address + "/cases")
    _tab_to(page, "Name")
    page.keyboard.type("supervisor")
    _tab_to(page, "Password")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Cases", exact=True)).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="To the content")).to_be_focused()
    _tab_to(page, "Scan or type a label")
    page.keyboard.type("010950600013435221A1")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Phone 12 · A1")).to_be_visible()
    _tab_to(page, "Misplaced")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="What could be decided")).to_be_visible()
    _tab_to(page, f"Decide: {RESOLUTIONS['stays']}")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").first).to_contain_text("Decided")


def test_the_skip_link_leads_past_the_navigation(address: str, browser: BrowserContext) -> None:
    page = browser.new_page()
    _sign_in(page, address)
    page.goto(address + "/cases")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.querySelector('main').contains(document.activeElement)")


def test_on_a_phone_an_entry_of_the_audit_takes_a_few_lines_and_no_cell_of_the_stock_is_cut(
    address: str, browser: BrowserContext
) -> None:
    page = browser.new_page()
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    _sign_in(page, address)
    page.goto(address + "/audit")
    heights = page.eval_on_selector_all("tbody tr", "all => all.map(row => row.offsetHeight)")
    assert heights
    assert sorted(heights)[len(heights) // 2] < 110  # a long name takes a line more
    page.goto(address + "/stock")
    right = "each => each.map(one => one.getBoundingClientRect().right)"
    (edge,) = page.eval_on_selector_all("table", right)
    assert max(page.eval_on_selector_all("tbody td *", right)) <= edge
    page.goto(address + "/orders")
    expect(page.locator("td[data-label=State]").first).to_be_visible()
    expect(page.locator("td[data-label=Due]").first).to_be_hidden()  # it says nothing
