"""A page that is open while the server goes away, or the session ends, says so and stays whole."""

from urllib.parse import quote

import pytest
from playwright.sync_api import expect

from tests.browser.axe import inspect
from tests.browser.world import REDIS

ADA = "ada@partner.example"
EXPLORER, USAGE = "**/manage/usage/**", "/manage/usage/?range=7d"


@pytest.fixture
def ada(visit):
    """Somebody in the explorer, whose parts are fetched."""
    ada = visit(REDIS, ADA)
    ada.go(USAGE)
    return ada


def unreachable(ada):
    ada.context.set_offline(True)
    return lambda: ada.context.set_offline(False)


def broken(ada):
    """As when the database is away; what the server really says then: portal/test_faults.py."""
    ada.page.route(EXPLORER, lambda route: route.fulfill(status=503, body="<h1>No</h1>"))
    return lambda: ada.page.unroute(EXPLORER)


@pytest.mark.parametrize("fault", [unreachable, broken])
def test_a_part_that_cannot_be_fetched_is_told_until_it_can(ada, fault):
    told, main = ada.page.locator("#stale"), ada.page.locator("#explorer")
    shown = main.inner_text()
    expect(told).to_be_hidden()
    mend = fault(ada)

    ada.page.get_by_role("link", name="24 h", exact=True).click()

    expect(told).to_be_visible()
    expect(told).to_contain_text("may be old")
    assert main.inner_text() == shown and main.get_attribute("aria-busy") is None
    assert inspect(ada) == []
    mend()
    ada.page.get_by_role("link", name="24 h", exact=True).click()
    expect(told).to_be_hidden()
    expect(ada.page).to_have_url(ada.base + "/manage/usage/?range=24h")
    ada.problems.clear()  # the browser's own lines about the failed request


def test_a_session_that_ended_leads_to_the_login_and_back(ada):
    ada.context.clear_cookies()

    with ada.page.expect_navigation():
        ada.page.get_by_role("link", name="24 h", exact=True).click()

    assert ada.page.url == f"{ada.base}/accounts/login/?next={quote(USAGE)}"
