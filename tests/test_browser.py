import pytest
from playwright.sync_api import BrowserContext

pytestmark = pytest.mark.browser

PAGE = "data:text/html,<title>Cases</title><h1>3 open cases</h1>"


def test_the_browser_shows_a_page(browser: BrowserContext) -> None:
    page = browser.new_page()
    page.goto(PAGE)
    assert page.get_by_role("heading").inner_text() == "3 open cases"


@pytest.mark.parametrize("visit", [1, 2])
def test_nobody_is_signed_in_when_a_test_begins(browser: BrowserContext, visit: int) -> None:
    assert browser.cookies() == []
    browser.add_cookies([{"name": "session", "value": str(visit), "url": "http://127.0.0.1"}])
    assert len(browser.cookies()) == 1
