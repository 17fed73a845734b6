"""axe finds nothing to complain about on any page, whatever colour a partner chooses, day or night.

Pages are found as a person finds them, by their links; one of each kind is looked at.
"""

from urllib.parse import urlsplit

from django.conf import settings
from django.urls import Resolver404, resolve, reverse
from playwright.sync_api import expect

from portal.look import FILES
from portal.nav import MENU
from tenants import schema
from tenants.accounts.models import User
from tenants.rules.roles import Audience
from tests.browser.axe import inspect, inspect_records
from tests.browser.world import CONSOLE, PASSWORD, PINECONE

NOTHING = "/there-is-nothing-here/"
# Files, what stands in a frame, and the raw records, which wear no brand.
NO_PAGES = (*FILES, "_tags", "_proposal", "_brand_surface")
ELSEWHERE = ("/static/", "/brand/", "/admin/", "/.well-known/", "/api/")
LINKS = "() => [...document.links].map((one) => one.getAttribute('href'))"
RECORDS = ("/admin/", "/admin/billing/document/")


def crawl(visitor, urlconf: str, *starts: str) -> tuple[set[str], list[str]]:
    """`starts`, and one page of each other kind that links lead to: (names, what axe says)."""
    seen: set[str] = set()
    waiting, found = list(starts), []
    for at, path in enumerate(waiting):  # which grows
        name = name_of(path, urlconf)
        if at >= len(starts) and (name in seen or name.endswith(NO_PAGES)):
            continue
        seen.add(name)
        visitor.go(path)
        found += inspect(visitor)
        waiting += [link for link in visitor.page.evaluate(LINKS) if is_here(link)]
    return seen, found


def is_here(link: str) -> bool:
    """Whether it is an address of this host, and a page that wears its brand."""
    is_file = "." in urlsplit(link).path.rpartition("/")[2]
    return link.startswith("/") and not link.startswith(ELSEWHERE) and not is_file


def name_of(path: str, urlconf: str) -> str:
    """The name of the address's pattern; nothing there is named after itself."""
    try:
        match = resolve(urlsplit(path).path, urlconf)
    except Resolver404:
        return path
    return match.view_name or match.route


def menu(audience: Audience) -> set[str]:
    """The pages that every person of that kind can choose at once, but the raw records."""
    return {one.url_name for one in MENU[audience] if not one.url_name.startswith("admin:")}


def test_pages_of_whoever_is_not_signed_in(visit):
    nobody = visit(PINECONE)

    seen, complaints = crawl(nobody, settings.ROOT_URLCONF, "/accounts/login/", "/status/",
                             "/sso/recovery/", "/docs/sdk/", "/demo/mail/")  # fmt: skip
    nobody.page.goto(nobody.base + NOTHING)
    complaints += inspect(nobody)
    nobody.problems.clear()  # that it is not there is no problem here

    assert complaints == []
    assert {"account_login", "account_reset_password", "legal"} <= seen


def test_pages_of_a_partners_staff(visit):
    ada = visit(PINECONE, "ada@partner.example")

    seen, complaints = crawl(
        ada, settings.ROOT_URLCONF, "/manage/", "/manage/usage/?by=customer&range=7d",
        "/manage/usage/?customer=acme&range=7d", "/manage/logs/?range=7d", "/manage/sales/",
    )  # fmt: skip
    ada.go("/manage/statements/")
    ada.click(ada.page.locator("tbody a[href*='/manage/statements/']").first)
    ada.page.locator("details.drill summary").first.click()
    complaints += inspect(ada)
    complaints += look_as_a_customer(ada)

    assert complaints == []
    assert menu(Audience.PARTNER) <= seen and len(seen) > 50, sorted(seen)


def look_as_a_customer(ada) -> list[str]:
    """What axe says about a customer's first page as its partner sees it."""
    ada.go("/manage/customers/")
    ada.click(ada.page.get_by_role("link", name="Acme Robotics"))
    ada.click(ada.page.get_by_role("link", name="View as"))
    ada.page.get_by_label("Reason").fill("They miss an invoice.")
    ada.click(ada.page.get_by_role("button", name="See the portal"))
    expect(ada.page.get_by_label("View of a customer")).to_contain_text("Acme Robotics")
    found = inspect(ada)
    ada.click(ada.page.get_by_role("button", name="End", exact=True))
    return found


def test_pages_of_a_customer(visit):
    carl = visit(PINECONE, "carl@acme.example")

    seen, complaints = crawl(carl, settings.ROOT_URLCONF, "/", "/usage/?range=7d",
                             "/logs/?range=7d", "/accounts/logout/")  # fmt: skip

    assert complaints == []
    assert menu(Audience.CUSTOMER) <= seen and len(seen) > 20, sorted(seen)


def test_pages_of_the_console(visit, months):
    with schema.in_public():
        User.objects.create_user("rita@agentcache.example", PASSWORD, role="superadmin")
    rita = visit(CONSOLE, "rita@agentcache.example")

    seen, complaints = crawl(rita, settings.CONSOLE_URLCONF, "/", "/support/?q=acme",
                             f"/finance/?month={months.issued.label}")  # fmt: skip
    for path in RECORDS:
        rita.go(path)
        complaints += inspect_records(rita)

    assert complaints == []
    assert menu(Audience.PLATFORM) <= seen and len(seen) > 45, sorted(seen)


def test_every_name_of_the_menus_is_an_address():
    """Else the comparisons above would compare with nothing."""
    for audience, urlconf in (
        (Audience.PARTNER, settings.ROOT_URLCONF), (Audience.CUSTOMER, settings.ROOT_URLCONF),
        (Audience.PLATFORM, settings.CONSOLE_URLCONF),
    ):  # fmt: skip
        assert {name_of(reverse(one, urlconf), urlconf) for one in menu(audience)} == menu(audience)
