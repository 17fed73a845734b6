"""Invite somebody, who opens the account from the mail and makes a key."""

from playwright.sync_api import expect

from tests.browser.world import REDIS
from tests.portal.views.test_key_pages import SECRET

PASSWORD = "a few random words here"


def test_an_invitation_by_mail_ends_with_a_key(visit):
    ada, nora = visit(REDIS, "ada@partner.example"), visit(REDIS)
    ada.go("/manage/team/")
    ada.click(ada.page.get_by_role("link", name="Invite").first)
    ada.page.get_by_label("E-mail").fill("nora@partner.example")
    ada.page.get_by_label("Role").select_option("developer")
    ada.click(ada.page.get_by_role("button", name="Send the invitation"))
    expect(ada.page.locator("main")).to_contain_text("nora@partner.example")

    nora.go("/demo/mail/")
    letter = nora.page.locator("section", has_text="nora@partner.example").first
    nora.click(letter.get_by_role("link", name="/accounts/invitation/"))
    assert nora.heading() == "Welcome to Redis Edge Cache"
    nora.page.get_by_label("Password").fill(PASSWORD)
    nora.click(nora.page.get_by_role("button", name="Open my account"))
    nora.sign_in("nora@partner.example", PASSWORD)
    nora.go("/manage/keys/new/")
    nora.page.get_by_label("Label").fill("browser")
    nora.click(nora.page.get_by_role("button", name="Make the key"))
    assert SECRET.fullmatch(nora.page.get_by_label("API key", exact=True).input_value())
    nora.click(nora.page.get_by_role("link", name="I have kept it"))

    expect(nora.page.locator("tbody")).to_contain_text("browser")
    ada.go("/manage/audit/?actor=nora")
    expect(ada.page.locator("tbody")).to_contain_text("API key: made")
