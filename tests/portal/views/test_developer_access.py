"""Who reaches webhooks, the request log and alerts on a partner's host."""

import copy
import uuid

import pytest
from django.test import Client
from django.urls import get_resolver

from tenants.rules import roles
from tests.portal.views.cast import PINECONE, REDIS, signed_in

ID = str(uuid.uuid4())
HOOK_PAGES = ("", "events/", "new/", "<id>/", "<id>/edit/", "<id>/<id>/")
HOOK_CHANGES = tuple(f"<id>/{verb}/" for verb in (
    "roll", "test", "replay", "enable", "disable", "remove", "<id>/again"))  # fmt: skip
ALERT_CHANGES = ("<id>/pause/", "<id>/resume/", "<id>/remove/")
PLACES = {  # where → (permission, pages, changes)
    "manage/webhooks/": ("keys.manage", HOOK_PAGES, HOOK_CHANGES),
    "webhooks/": ("my.keys.manage", HOOK_PAGES, HOOK_CHANGES),
    "manage/logs/": ("keys.manage", ("", "<id>/"), ()),
    "logs/": ("my.keys.manage", ("", "<id>/"), ()),
    "manage/alerts/": ("alerts.manage", ("", "new/"), ALERT_CHANGES),
    "alerts/": ("my.alerts.manage", ("", "new/"), ALERT_CHANGES),
}
PAGES = {f"{at}{end}": needs for at, (needs, pages, _) in PLACES.items() for end in pages}
CHANGES = {f"{at}{end}": needs for at, (needs, _, changes) in PLACES.items() for end in changes}
ROLES = [*roles.PERMISSIONS[roles.Audience.PARTNER], *roles.PERMISSIONS[roles.Audience.CUSTOMER]]


def address(path):
    return "/" + path.replace("<id>", ID)


@pytest.mark.parametrize("role", ROLES)
def test_a_role_opens_exactly_what_the_roles_file_says(portal, role):
    client = signed_in(REDIS, role)

    statuses = {path: client.get(address(path)).status_code for path in PAGES}
    statuses |= {path: client.post(address(path)).status_code for path in CHANGES}

    wanted = PAGES | CHANGES
    refused = {path for path, status in statuses.items() if status == 403}
    assert refused == {path for path in wanted if not roles.allows(role, wanted[path])}
    # What is not there is not there, and nothing breaks.
    assert {statuses[path] for path in wanted if path not in refused} <= {200, 404}


def test_nobody_gets_in_and_changes_are_posts_with_a_token(portal):
    nobody, owner = Client(HTTP_HOST=REDIS), signed_in(REDIS, "owner")
    forged = Client(HTTP_HOST=REDIS, enforce_csrf_checks=True)
    forged.cookies = owner.cookies
    stolen = Client(HTTP_HOST=PINECONE)
    stolen.cookies = copy.deepcopy(owner.cookies)

    mine = [path for path in CHANGES if path.startswith("manage/")]
    assert {nobody.get(address(path)).status_code for path in PAGES} == {302}
    assert {stolen.get(address(path)).status_code for path in PAGES} == {302}
    assert {owner.get(address(path)).status_code for path in mine} == {405}
    assert {forged.post(address(path)).status_code for path in mine} == {403}


def test_every_developers_page_is_in_these_tables(portal):
    found = {str(one.pattern) for one in get_resolver("portal.urls.partner").url_patterns}
    for name in ("row_id", "delivery_id", "event_id"):
        found = {path.replace(f"<uuid:{name}>", "<id>") for path in found}

    assert {path for path in found if path.startswith(tuple(PLACES))} == set(PAGES | CHANGES)
