"""Nothing needs a mouse: sign in and invite somebody (test_finance_journey.py approves so)."""

import pytest
from playwright.sync_api import expect

from tests.browser.keyboard import NARROW, Keyboard
from tests.browser.world import PASSWORD, REDIS

STICKY = """() => { const one = document.createElement("div"); document.body.append(one);
  one.style = "position: fixed; inset: 0; background: #fff"; }"""
UNSEEN = """() => { const one = new CSSStyleSheet();
  one.replaceSync("* { outline: none !important; box-shadow: none !important; }");
  document.adoptedStyleSheets = [one]; }"""


def test_somebody_signs_in_and_invites_by_keyboard(visit):
    ada = visit(REDIS)
    hands, page = Keyboard(ada), ada.page
    hands.sign_in("ada@partner.example", PASSWORD)
    assert ada.heading() == "Overview"
    hands.press("Tab")  # the first stop leads past the menu
    expect(page.locator(":focus")).to_have_attribute("href", "#main")
    page.keyboard.press("Enter")
    hands.press("Tab")
    assert page.evaluate("() => document.querySelector('main').contains(document.activeElement)")
    hands.reach(page.get_by_role("navigation", name="Pages").first
                .get_by_role("link", name="Team"), "Shift+Tab")  # fmt: skip
    with page.expect_navigation():
        page.keyboard.press("Enter")
    ada.look()

    hands.follow(page.get_by_role("link", name="Invite").first)
    hands.type(page.get_by_label("E-mail"), "keys@partner.example")
    hands.type(page.get_by_label("Role"), "Dev")
    hands.follow(page.get_by_role("button", name="Send the invitation"), "Space")

    invited = page.get_by_role("row", name="keys@partner.example")
    expect(invited).to_contain_text("Developer")
    assert hands.walk() > 10


def test_a_page_is_gone_to_by_its_name_and_what_is_none_is_searched_for(visit):
    ada = visit(REDIS)
    ada.sign_in("ada@partner.example", PASSWORD)
    page, hands = ada.page, Keyboard(ada)
    hands.press("Control+k")
    expect(page.get_by_role("searchbox", name="Go to a page")).to_be_focused()
    page.keyboard.type("stat")
    expect(page.locator("#palette li:visible")).to_have_text(
        ["Statements", "Search customers: stat"]
    )
    hands.press("ArrowDown")
    expect(page.locator(":focus")).to_have_text("Statements")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert ada.heading() == "Statements"
    hands.press("Control+k")
    page.keyboard.type("acm")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert ada.heading() == "Customers" and page.url.endswith("?q=acm")
    hands.press("Control+k")
    page.keyboard.press("Escape")
    expect(page.locator("#palette")).to_be_hidden()
    ada.look()


def test_the_same_on_a_phone_by_its_tabs_and_the_menu_behind_more(visit):
    ada = visit(REDIS)
    hands, page = Keyboard(ada, NARROW), ada.page
    hands.sign_in("ada@partner.example", PASSWORD)

    hands.reach(page.get_by_role("button", name="More"))
    page.keyboard.press("Enter")
    menu = page.locator("#more-menu")
    expect(menu).to_be_visible()
    hands.follow(menu.get_by_role("link", name="Team"))
    hands.follow(page.get_by_role("link", name="Invite").first)
    hands.type(page.get_by_label("E-mail"), "phone@partner.example")
    hands.type(page.get_by_label("Role"), "Dev")
    hands.follow(page.get_by_role("button", name="Send the invitation"))

    expect(page.get_by_role("row", name="phone@partner.example")).to_contain_text("Developer")


@pytest.mark.parametrize(("script", "told"), [(STICKY, "covered by"), (UNSEEN, "no sign of focus")])
def test_a_focus_out_of_sight_fails_the_test(visit, script, told):
    someone = visit(REDIS)
    someone.go("/accounts/login/")
    someone.page.evaluate(script)

    with pytest.raises(AssertionError, match=told):
        Keyboard(someone).walk()
