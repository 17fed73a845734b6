"""Finance settles a month, approved by keyboard alone; the customer reads what came of it."""

import hashlib

from playwright.sync_api import expect

from tests.browser.keyboard import NARROW, Keyboard
from tests.browser.test_partner_journey import stored_pdf
from tests.browser.world import CONSOLE, PASSWORD, REDIS

AMOUNT = "$123.45"  # 61,725 hits of acme at $0.002


def test_one_person_settles_another_approves_and_the_customer_reads_it(visit, live, months):
    petra = visit(CONSOLE, "petra@agentcache.example")
    run_address = settle_as(petra, months)
    anton = visit(CONSOLE)
    Keyboard(anton, NARROW).sign_in("anton@agentcache.example", PASSWORD)
    review_as(anton, run_address)
    approve_as(anton)

    anton.go(run_address)
    paper = anton.page.get_by_role("row", name="Acme Robotics").filter(has_text="Customer invoice")
    number = paper.get_by_role("link").inner_text()
    assert paper.locator("td").last.inner_text() == AMOUNT

    carl = visit(REDIS, "carl@acme.example")
    carl.click(carl.page.get_by_role("link", name="Invoices").first)
    row = carl.page.get_by_role("row", name=f"{months.waiting.start:%B %Y}")
    assert row.locator("td").last.inner_text() == AMOUNT
    carl.click(row.get_by_role("link"))
    assert number in carl.heading() and AMOUNT in carl.page.locator("main").inner_text()
    assert "Zeta" not in carl.page.locator("main").inner_text()
    pdf = carl.download(carl.page.get_by_role("link", name="PDF"))
    assert pdf.startswith(b"%PDF-")
    assert (hashlib.sha256(pdf).hexdigest(), pdf) == stored_pdf(live, carl.page.url)


def settle_as(petra, months) -> str:
    """Start the month, wait for the worker, be told that another has to approve: the run's path."""
    petra.click(petra.page.get_by_role("link", name="Month").first)
    assert petra.heading() == f"{months.waiting.start:%B %Y}"
    petra.click(petra.page.locator("#start-month"))

    told = petra.page.get_by_text("You prepared 2 of these runs. A second person of finance")
    expect(told).to_be_visible()
    expect(petra.page.locator("#approve-set")).to_have_count(0)
    petra.look()
    petra.click(petra.page.get_by_role("link", name="Review Redis Labs"))
    expect(
        petra.page.get_by_text("You prepared this run, so you can not approve it")
    ).to_be_visible()
    expect(petra.page.locator("#approve")).to_have_count(0)
    return petra.page.url.removeprefix(petra.base)


def review_as(anton, run_address: str) -> None:
    """Look at the figures and at the arithmetic of a line."""
    anton.go(run_address)
    expect(anton.page.get_by_text("adds up", exact=True)).to_be_visible()
    drill = anton.page.locator("details.drill").filter(has_text="61,725").first
    drill.locator("summary").click()
    expect(drill.locator(".explain")).to_contain_text("$0.002")
    anton.look()
    anton.click(anton.page.get_by_role("row", name="Acme Robotics").get_by_role("link").first)
    assert AMOUNT in anton.page.locator("main").inner_text()


def approve_as(anton) -> None:
    """Approve the whole set by keyboard at 360 px and see it issued, without reloading."""
    hands, page = Keyboard(anton, NARROW), anton.page
    hands.follow(page.locator(".tabbar").get_by_role("link", name="Month"))
    expect(page.get_by_text("2 runs add up and wait for you")).to_be_visible()
    assert hands.walk() > 10
    hands.follow(page.locator("#approve-set"), "Space")
    expect(page.get_by_text("2 of 2 issued")).to_be_visible()
    anton.look()
