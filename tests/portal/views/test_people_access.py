"""Who reaches keys, people, customers' details and the log on a partner's host."""

import uuid

import pytest
from django.test import Client
from django.urls import get_resolver

from tenants.rules import roles
from tests.portal.views.cast import REDIS, signed_in

SOME = uuid.uuid4()
TEAM_PAGES = ("", "invite/", "invite/many/", "roles/", "<id>/")
TEAM_CHANGES = ("invitations/<id>/again/", "invitations/<id>/withdraw/", "<id>/role/", "<id>/out/",
                "<id>/in/", "<id>/factor/")  # fmt: skip
KEY_PAGES, KEY_CHANGES = ("", "new/", "KEY/"), ("KEY/rotate/", "KEY/revoke/")
PAGES = {
    **{f"manage/keys/{end}": "keys.manage" for end in KEY_PAGES},
    **{f"keys/{end}": "my.keys.manage" for end in KEY_PAGES},
    **{f"manage/team/{end}": "team.manage" for end in TEAM_PAGES},
    **{f"manage/customers/<id>/people/{end}": "team.manage" for end in TEAM_PAGES},
    **{f"team/{end}": "my.team.manage" for end in TEAM_PAGES},
    "manage/audit/": "audit.view",
    **{f"manage/audit/{end}": "audit.view" for end in ("csv", "jsonl")},
    **{f"audit/{end}": "my.audit.view" for end in ("", "csv", "jsonl")},
    "manage/customers/<id>/": "customers.view",
    "manage/customers/<id>/keys/": "customers.view",
    "manage/customers/<id>/invoices/": "invoices.view",
    "manage/customers/<id>/invoices/papers.zip": "invoices.view",
    **{f"manage/customers/<id>/log/{end}": "audit.view" for end in ("", "csv", "jsonl")},
    "manage/customers/<id>/retention/": "customers.manage",
    "manage/customers/new/": "customers.manage",
    "manage/customers/import/": "customers.manage",
    "manage/customers/import/template.csv": "customers.manage",
    "manage/customers/bulk/": "customers.manage",
    "manage/customers/<id>/edit/": "customers.manage",
    "manage/customers/<id>/plan/": "plans.manage",
    "manage/customers/<id>/quota/": "customers.manage",
    "manage/customers/<id>/suspend/": "customers.manage",
    "manage/customers/<id>/view/": "customers.view_as",
    "manage/customers/<id>/data/": "customers.erase",
    "manage/customers/<id>/data/copy.zip": "customers.erase",
    "manage/customers/<id>/data/receipt.json": "customers.erase",
    "activity/": "my.team.manage",
}
CHANGES = {
    **{f"manage/keys/{end}": "keys.manage" for end in KEY_CHANGES},
    **{f"keys/{end}": "my.keys.manage" for end in KEY_CHANGES},
    **{f"manage/team/{end}": "team.manage" for end in TEAM_CHANGES},
    **{f"manage/customers/<id>/people/{end}": "team.manage" for end in TEAM_CHANGES},
    **{f"team/{end}": "my.team.manage" for end in TEAM_CHANGES},
    "manage/view-as/end/": "customers.view_as",
    "manage/customers/<id>/sso/relax/": "team.manage",
}
ROLES = [*roles.PERMISSIONS[roles.Audience.PARTNER], *roles.PERMISSIONS[roles.Audience.CUSTOMER]]


def address(path):
    return "/" + path.replace("<id>", str(SOME))


@pytest.mark.parametrize("role", ROLES)
def test_a_role_opens_exactly_what_the_roles_file_says(portal, role):
    client = signed_in(REDIS, role)

    refused = {path for path in PAGES if client.get(address(path)).status_code == 403}
    refused |= {path for path in CHANGES if client.post(address(path)).status_code == 403}

    wanted = PAGES | CHANGES
    assert refused == {path for path in wanted if not roles.allows(role, wanted[path])}


def test_nobody_reads_without_signing_in_and_changes_are_posts_with_a_token(portal):
    nobody, owner = Client(HTTP_HOST=REDIS), signed_in(REDIS, "owner")
    forged = Client(HTTP_HOST=REDIS, enforce_csrf_checks=True)
    forged.cookies = owner.cookies

    assert {nobody.get(address(path)).status_code for path in PAGES} == {302}
    mine = [path for path in CHANGES if path.startswith("manage/")]
    assert {owner.get(address(path)).status_code for path in mine} == {405}
    assert {forged.post(address(path)).status_code for path in mine} == {403}


def test_every_page_about_people_is_in_these_tables(portal):
    mine = ("manage/keys/", "keys/", "manage/team/", "team/", "manage/audit/", "audit/",
            "manage/customers/", "manage/view-as/", "activity/")  # fmt: skip
    found = {
        str(one.pattern)
        .replace("<uuid:customer_id>", "<id>")
        .replace("<uuid:row_id>", "<id>")
        .replace("<slug:key_id>", "KEY")
        for one in get_resolver("portal.urls.partner").url_patterns
    }

    here = {path for path in found if path.startswith(mine)} - {"manage/customers/"}
    assert here == set(PAGES | CHANGES)
