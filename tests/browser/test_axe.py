"""axe finds nothing to complain about, whatever colour a partner chooses, by day and by night."""

import urllib.request
from collections.abc import Sequence
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.utils import timezone
from playwright.sync_api import expect

from bench.browser import SETTLED
from tenants import schema
from tenants.accounts.models import User
from tenants.actions.branding import publish_brand
from tests.browser.world import CONSOLE, PASSWORD, PINECONE
from tests.conftest import two_partners
from tests.patience import PATIENCE_S, wait_for

# Too light for white text, too dark for black, and in the middle of both.
HARD_BRANDS = {"yellow": "#FFD200", "navy": "#001F5B", "grey": "#808080"}
# The pages beside the first ones, each in one of the brands: a partner's, then a customer's.
REST = {
    "yellow": (("brand/", "plans/", "plans/new/", "domains/", "customers/", "customers/new/",
                "settings/"),
               ("plan/", "activity/", "cache/", "team/", "webhooks/new/")),
    "navy": (("webhooks/", "webhooks/events/", "alerts/", "alerts/new/?kind=hit_rate",
              "logs/?range=7d", "keys/", "keys/new/", "team/", "team/invite/",
              "team/roles/", "email/"), ("usage/?range=7d", "keys/", "webhooks/")),
    "grey": (("agreement/", "payouts/", "sales/", "verify/", "audit/", "invoices/",
              "usage/?by=customer&range=7d", "sso/", "sso/new/oidc/", "customers/import/"),
             ("logs/?range=7d", "alerts/")),
}  # fmt: skip
# Of people: before somebody signs in, then that person's own; and what is not there at all.
PEOPLE = {
    "yellow": (("/accounts/password/reset/", "/sso/recovery/"),
               ("/accounts/security/", "/accounts/password/change/")),
    "navy": (("/docs/sdk/",), ("/accounts/2fa/totp/activate/",)),
    "grey": ((), ("/accounts/logout/", "/accounts/2fa/")),
}  # fmt: skip
NOTHING = "/there-is-nothing-here/"
CONSOLE_PAGES = (
    "/tour/", "/pipeline/", "/pipeline/new/", "/rates/", "/regions/", "/projections/",
    "/finance/margins/", "/finance/exceptions/", "/agreements/", "/payments/", "/payouts/",
    "/stripe/", "/books/", "/books/journal/", "/books/ageing/", "/books/accounts/", "/team/",
    "/audit/", "/incidents/", "/ops/", "/ops/ingest/", "/ops/jobs/", "/ops/domains/",
    "/ops/webhooks/", "/ops/mail/", "/ops/runbook/", "/ops/switches/", "/support/?q=acme",
    "/support/look/", "/partners/pinecone/health/", "/partners/pinecone/customers/",
    "/partners/pinecone/domains/", "/partners/open/", "/partners/pinecone/sales/",
    "/partners/pinecone/counts/", "/disputes/", "/team/roles/", "/team/invite/",
    "/accounts/security/",
)  # fmt: skip
AXE = Axe()
FOUND = {"resultTypes": ["violations"]}  # else axe also works out where each rule held
# What unfold draws is held to WCAG, not to axe's other advice. Its lists have targets of 20 px.
WCAG = {**FOUND, "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
RECORDS = ("/admin/",)
# The same page by night differs in its colours only.
COLOURS = {**FOUND, "runOnly": ["color-contrast", "link-in-text-block"]}
MODES = ("dark", "light")


@pytest.mark.parametrize("brand", HARD_BRANDS)
def test_pages_of_a_partner_and_its_customer_in_a_hard_brand(visit, live, brand):
    wear(HARD_BRANDS[brand], live)
    nobody, ada = visit(PINECONE), visit(PINECONE, "ada@partner.example")
    carl = visit(PINECONE, "carl@acme.example")
    staff, customers = REST[brand]

    before, own = PEOPLE[brand]
    complaints = look_through(nobody, "/accounts/login/", "/status/", *before)
    nobody.page.goto(nobody.base + NOTHING)
    complaints += inspect(nobody)
    nobody.problems.clear()  # that it is not there is no problem here
    complaints += look_through(ada, "/manage/", "/manage/usage/", "/accounts/profile/", *own)
    complaints += look_through(ada, *(f"/manage/{path}" for path in staff))
    ada.go("/manage/statements/")
    ada.click(ada.page.locator("tbody a[href*='/manage/statements/']").first)
    ada.page.locator("details.drill summary").first.click()
    complaints += inspect(ada)
    complaints += look_through(carl, "/", *(f"/{path}" for path in customers))
    carl.go("/invoices/")
    carl.click(carl.page.locator("tbody a[href*='/invoices/']").first)
    complaints += inspect(carl)
    complaints += look_as_a_customer(ada)

    assert complaints == []


def look_as_a_customer(ada) -> list[str]:
    """What axe says about the way into a customer's portal and about its first page."""
    ada.go("/manage/customers/")
    ada.click(ada.page.get_by_role("link", name="Acme Robotics"))
    found = inspect(ada)
    ada.click(ada.page.get_by_role("link", name="View as"))
    found += inspect(ada)
    ada.page.get_by_label("Reason").fill("They miss an invoice.")
    ada.click(ada.page.get_by_role("button", name="See the portal"))
    expect(ada.page.get_by_label("View of a customer")).to_contain_text("Acme Robotics")
    found += inspect(ada)
    ada.click(ada.page.get_by_role("button", name="End", exact=True))
    return found


def test_every_other_page_of_the_console(visit):
    with schema.in_public():
        User.objects.create_user("rita@agentcache.example", PASSWORD, role="superadmin")
    rita = visit(CONSOLE, "rita@agentcache.example")

    complaints = look_through(rita, *CONSOLE_PAGES)
    rita.go("/agreements/")
    rita.click(rita.page.locator("tbody a[href*='/agreements/']").first)
    complaints += inspect(rita)
    for path in RECORDS:
        rita.go(path)
        complaints += inspect(rita, rules=WCAG)

    assert complaints == []


def test_pages_of_the_console(visit):
    anton = visit(CONSOLE, "anton@agentcache.example")

    complaints = look_through(anton, "/", "/partners/", "/partners/pinecone/", "/finance/")
    anton.click(anton.page.locator("main a[href*='month=']").first)  # the month before: issued
    anton.click(anton.page.locator("tbody a[href*='/finance/runs/']").first)
    complaints += inspect(anton)
    anton.click(anton.page.get_by_role("link", name="What if"))
    complaints += inspect(anton)

    assert complaints == []


def wear(seed: str, live) -> None:
    """Give Pinecone the colour and wait until its portal shows it (hosts are cached for 5 s)."""
    with schema.in_public():
        revision = publish_brand(
            partner=two_partners().pinecone, seed_hex=seed, product_name="Pinecone Edge Cache",
            legal_name="Pinecone Systems Inc", actor="test", now=timezone.now(),
        )  # fmt: skip
    request = urllib.request.Request(f"{live.url('127.0.0.1')}/accounts/login/")
    request.add_header("Host", PINECONE)

    def is_worn():
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as page:
            return f"tokens.{revision.css_hash}.css".encode() in page.read()

    assert wait_for(is_worn), f"The portal never showed {seed}."


def look_through(visitor, *paths: str, modes: Sequence[str] = MODES) -> list[str]:
    """What axe says about each of the pages."""
    found = []
    for path in paths:
        visitor.go(path)
        found += inspect(visitor, modes)
    return found


def inspect(visitor, modes: Sequence[str] = MODES, rules: dict[str, Any] = FOUND) -> list[str]:
    """What axe says about the page as it is, in each of the modes."""
    found = []
    for mode in modes:
        visitor.page.emulate_media(color_scheme=mode)
        visitor.page.evaluate(SETTLED)
        if mode == modes[0]:
            violations = AXE.run(visitor.page, options=rules).response["violations"]
        else:
            violations = visitor.page.evaluate("(rules) => axe.run(rules)", COLOURS)["violations"]
        for violation in violations:
            found += [
                f"{visitor.page.url} {mode}: {violation['id']}: {node['html'][:120]} "
                f"({node.get('failureSummary', '')[:200]})"
                for node in violation["nodes"]
            ]
    return found
