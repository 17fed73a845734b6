"""axe finds nothing to complain about, whatever colour a partner chooses, by day and by night."""

import time
import urllib.request
from collections.abc import Sequence

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.utils import timezone

from tenants import schema
from tenants.accounts.models import User
from tenants.actions.branding import publish_brand
from tests.browser.world import CONSOLE, PASSWORD, PINECONE
from tests.conftest import two_partners

# Too light for white text, too dark for black, and in the middle of both.
HARD_BRANDS = {"yellow": "#FFD200", "navy": "#001F5B", "grey": "#808080"}
AXE = Axe()
MODES = ("dark", "light")
# Colours glide when the mode changes; axe must not measure half way.
SETTLED = """() => new Promise((done) => requestAnimationFrame(() => {
  document.getAnimations().forEach((one) => one.finish()); requestAnimationFrame(done); }))"""


@pytest.mark.parametrize("seed", HARD_BRANDS.values(), ids=HARD_BRANDS)
def test_pages_of_a_partner_and_its_customer_in_a_hard_brand(visit, live, seed):
    wear(seed, live)
    nobody, ada = visit(PINECONE), visit(PINECONE, "ada@partner.example")
    carl = visit(PINECONE, "carl@acme.example")

    complaints = look_through(nobody, "/accounts/login/", "/status/")
    complaints += look_through(ada, "/manage/", "/manage/usage/", "/manage/settings/",
                               "/manage/email/", "/accounts/profile/")  # fmt: skip
    ada.go("/manage/statements/")
    ada.click(ada.page.locator("tbody a[href*='/manage/statements/']").first)
    ada.page.locator("details.drill summary").first.click()
    complaints += inspect(ada)
    complaints += look_through(carl, "/")
    carl.go("/invoices/")
    carl.click(carl.page.locator("tbody a[href*='/invoices/']").first)
    complaints += inspect(carl)

    assert complaints == []


def test_pages_of_the_console(visit):
    anton = visit(CONSOLE, "anton@agentcache.example")

    complaints = look_through(anton, "/", "/partners/", "/partners/pinecone/", "/finance/")
    anton.click(anton.page.locator("main a[href*='month=']").first)  # the month before: issued
    anton.click(anton.page.locator("tbody a[href*='/finance/runs/']").first)
    complaints += inspect(anton)
    with schema.in_public():
        User.objects.create_user("sybil@agentcache.example", PASSWORD, role="superadmin")
    complaints += look_through(
        visit(CONSOLE, "sybil@agentcache.example"), "/incidents/", "/ops/", "/ops/switches/",
        "/ops/runbook/", "/support/?q=acme", "/support/look/", "/partners/pinecone/health/",
    )  # fmt: skip

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
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        with urllib.request.urlopen(request, timeout=10) as page:
            if f"tokens.{revision.css_hash}.css".encode() in page.read():
                return
        time.sleep(0.2)
    raise AssertionError(f"The portal never showed {seed}.")


def look_through(visitor, *paths: str, modes: Sequence[str] = MODES) -> list[str]:
    """What axe says about each of the pages."""
    found = []
    for path in paths:
        visitor.go(path)
        found += inspect(visitor, modes)
    return found


def inspect(visitor, modes: Sequence[str] = MODES) -> list[str]:
    """What axe says about the page as it is, in dark and in light."""
    found = []
    for mode in modes:
        visitor.page.emulate_media(color_scheme=mode)
        visitor.page.evaluate(SETTLED)
        for violation in AXE.run(visitor.page).response["violations"]:
            found += [
                f"{visitor.page.url} {mode}: {violation['id']}: {node['html'][:120]} "
                f"({node.get('failureSummary', '')[:200]})"
                for node in violation["nodes"]
            ]
    return found
