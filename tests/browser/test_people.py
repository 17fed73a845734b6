"""Coming and going: sign out, and a new password by mail."""

from playwright.sync_api import expect

from tests.browser.world import PASSWORD, REDIS

NEW_PASSWORD = "a wholly new passphrase"
GRACE = "grace@partner.example"


def test_signing_out_ends_the_session(visit):
    ada = visit(REDIS, "ada@partner.example")

    ada.page.get_by_role("button", name="Your account").click()
    ada.click(ada.page.get_by_role("button", name="Sign out"))

    assert "/accounts/login/" in ada.page.url
    ada.go("/manage/statements/")
    assert "/accounts/login/" in ada.page.url


def test_a_wrong_password_is_explained_and_lets_nobody_in(visit):
    someone = visit(REDIS)

    someone.sign_in("ada@partner.example", "not the password")

    expect(someone.page.get_by_role("alert")).to_contain_text("You are not signed in")
    assert "/accounts/login/" in someone.page.url


def test_a_new_password_comes_by_mail_and_its_link_works_once(visit):
    grace = visit(REDIS)
    grace.go("/accounts/login/")
    grace.click(grace.page.get_by_role("link", name="Forgot it?"))
    grace.page.locator("input[name=email]").fill(GRACE)
    grace.click(grace.page.get_by_role("button", name="Send the link"))
    assert grace.heading() == "Look into your mail"

    grace.go("/demo/mail/")
    letter = grace.page.locator("section", has_text=GRACE).first
    expect(letter).to_contain_text("Redis Edge Cache: Reset your password")
    link = letter.get_by_role("link", name="/accounts/password/reset/key/")
    address = link.inner_text().removeprefix(grace.base)
    grace.click(link)
    for field in grace.page.locator("input[type=password]").all():
        field.fill(NEW_PASSWORD)
    grace.click(grace.page.get_by_role("button", name="Save the password"))
    assert grace.heading() == "Your new password is saved"

    grace.sign_in(GRACE, PASSWORD)
    expect(grace.page.get_by_role("alert")).to_be_visible()
    grace.sign_in(GRACE, NEW_PASSWORD)
    assert grace.heading() == "Overview"
    other = visit(REDIS)
    other.go(address)
    assert other.heading() == "This link no longer works"
