"""The menu in groups: nothing that a role may open is lost, at a desk or on a phone."""

from types import SimpleNamespace

import pytest
from django.conf import settings
from django.test import override_settings
from django.urls import reverse
from django.utils import translation

from portal import nav
from tenants.rules.roles import PERMISSIONS, Audience

EVERY_ROLE = [(audience, role) for audience, roles in PERMISSIONS.items() for role in roles]


@pytest.fixture(autouse=True)
def _its_own_urls(request):
    audience = getattr(request.node, "callspec", None)
    audience = audience.params["audience"] if audience else Audience.PARTNER
    console = settings.CONSOLE_URLCONF
    with override_settings(
        DEMO=False, ROOT_URLCONF=console if audience == Audience.PLATFORM else "portal.urls.partner"
    ):
        yield


def seen_by(audience, may, here=""):
    request = SimpleNamespace(resolver_match=SimpleNamespace(url_name=here))
    return nav.menu(request, audience, frozenset(may))


def urls(groups):
    return [item.url for group in groups for item in group.items]


@pytest.mark.parametrize(("audience", "role"), EVERY_ROLE)
def test_a_role_finds_every_page_it_may_open_once_at_a_desk_and_on_a_phone(audience, role):
    may = PERMISSIONS[audience][role]
    menu = seen_by(audience, may)

    wanted = {reverse(one.url_name) for one in nav.MENU[audience]
              if one.permission in may and not one.demo_only}  # fmt: skip
    assert sorted(urls(menu.groups)) == sorted(wanted)
    assert sorted([one.url for one in menu.tabs] + urls(menu.rest)) == sorted(wanted)
    assert len(menu.tabs) == min(4, len(wanted))
    assert all(group.items for group in (*menu.groups, *menu.rest))


@pytest.mark.parametrize(
    ("audience", "headings"),
    [
        (Audience.PARTNER, ["", "Customers and plans", "Money", "Brand and domains", "Developers",
                            "People and security"]),
        (Audience.CUSTOMER, ["", "Plan and invoices", "Developers", "People and security"]),
        (Audience.PLATFORM, ["", "Channel", "Month and money", "Service", "People and security"]),
    ],
)  # fmt: skip
def test_whoever_may_do_everything_sees_a_few_groups(audience, headings):
    menu = seen_by(audience, frozenset().union(*PERMISSIONS[audience].values()))

    assert [group.label for group in menu.groups] == headings
    assert max(len(group.items) for group in menu.groups) <= 7


@pytest.mark.parametrize("audience", list(Audience))
def test_headings_and_tabs_name_entries_and_are_said_in_german(audience):
    names = {one.url_name for one in nav.MENU[audience]}
    assert set(nav.TABS[audience]) <= names
    assert {one for one in nav.HEADINGS if one.startswith(_prefix(audience))} <= names

    english = [group.label for group in seen_by(audience, _everything(audience)).groups]
    with translation.override("de"):
        german = [group.label for group in seen_by(audience, _everything(audience)).groups]
    assert not set(english[1:]) & set(german)


def test_the_page_below_an_entry_marks_it_and_what_it_hides_behind():
    everything = _everything(Audience.PARTNER)
    deep = seen_by(Audience.PARTNER, everything, here="partner_domain")
    shallow = seen_by(Audience.PARTNER, everything, here="partner_customer")

    marked = [item.url for group in deep.groups for item in group.items if item.current]
    assert (marked, deep.is_deeper, shallow.is_deeper) == (["/manage/domains/"], True, False)
    assert [one.url for one in shallow.tabs if one.current] == ["/manage/customers/"]


def test_a_role_without_the_leading_pages_fills_its_tabs_with_others():
    menu = seen_by(Audience.PARTNER, {"overview.view", "brand.edit"})

    assert [one.url for one in menu.tabs] == ["/manage/", "/manage/brand/", "/manage/email/"]
    assert menu.rest == ()


def _everything(audience):
    return frozenset().union(*PERMISSIONS[audience].values())


def _prefix(audience):
    return "console_" if audience == Audience.PLATFORM else f"{audience}_"
