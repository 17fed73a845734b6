"""A passkey made and used in a real browser, with an authenticator that Chromium plays."""

from playwright.sync_api import expect

from tenants import schema
from tenants.accounts.models import User
from tests.browser.axe import inspect, look_through
from tests.browser.world import PASSWORD, PINECONE, REDIS
from tests.conftest import two_partners

PIA = "pia@partner.example"


def with_authenticator(visitor):
    """A device with a fingerprint reader, which always agrees; returns how to ask it."""
    devtools = visitor.context.new_cdp_session(visitor.page)
    devtools.send("WebAuthn.enable")
    made = devtools.send("WebAuthn.addVirtualAuthenticator", {"options": {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True,
        "hasUserVerification": True, "isUserVerified": True, "automaticPresenceSimulation": True,
    }})  # fmt: skip
    return lambda: devtools.send(
        "WebAuthn.getCredentials", {"authenticatorId": made["authenticatorId"]}
    )["credentials"]


def test_a_passkey_signs_in_alone_on_its_own_host_only(visit, live):
    with schema.in_partner(two_partners().redis):
        User.objects.create_user(PIA, PASSWORD, role="admin")
    pia = visit(REDIS, PIA)
    credentials = with_authenticator(pia)
    pia.go("/accounts/security/")
    pia.click(pia.page.get_by_role("link", name="Add a passkey"))
    pia.page.get_by_label("Password", exact=True).fill(PASSWORD)
    pia.click(pia.page.get_by_role("button", name="Confirm"))
    pia.page.get_by_label("Name").fill("Pia's laptop")
    complaints = inspect(pia)
    pia.click(pia.page.get_by_role("button", name="Add it"))
    assert [one["rpId"] for one in credentials()] == [REDIS]
    complaints += look_through(pia, "/accounts/2fa/webauthn/", "/accounts/2fa/")
    expect(pia.page.locator("main")).to_contain_text("Manage passkeys")

    pia.context.clear_cookies()
    pia.go("/accounts/login/")
    complaints += inspect(pia)
    pia.click(pia.page.get_by_role("button", name="Sign in with a passkey"))
    assert pia.page.url == live.url(REDIS) + "/manage/"

    # The other partner's host never asks the device for it.
    pia.page.goto(live.url(PINECONE) + "/accounts/login/")
    pia.page.get_by_role("button", name="Sign in with a passkey").click()
    expect(pia.page.locator("[data-passkey-error]")).to_be_visible()
    assert complaints == []
