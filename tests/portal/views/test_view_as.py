"""View-as: a partner's staff sees a customer's portal, changes nothing, and everybody can tell."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.core import mail
from django.db import ProgrammingError
from django.urls import get_resolver

from billing.models import RenderedFile
from cache_api.models import Alert, Customer, CustomerState, HookEndpoint
from portal.tasks import close_overlays
from tenants import resolve, schema
from tenants.accounts.models import Connection, Invitation, Overlay, SavedView, User
from tenants.models import ApiKey, AuditEntry, Retention
from tenants.rules import roles
from tests.conftest import fresh_database, two_partners
from tests.portal.crawler import walk
from tests.portal.views import cast
from tests.portal.views.cast import NOW, PINECONE, REDIS, signed_in, text

CONF = "portal.urls.partner"
UNSAFE = ("post", "put", "patch", "delete")
ROLES = [*roles.PERMISSIONS[roles.Audience.PARTNER], *roles.PERMISSIONS[roles.Audience.CUSTOMER]]
# Programs' addresses: they know keys, no sessions.
API = ("api/", "v1/")
WHY = {"role": "customer_owner", "reason": "cannot find the invoice", "ticket": "T-17"}


@pytest.fixture(scope="module")
def world(django_db_blocker):
    """Two partners with a settled month and people of every role; zeta has an owner as well."""
    with fresh_database(django_db_blocker) as database, time_machine.travel(NOW, tick=False):
        partners = two_partners()
        cast.settled(partners)
        for partner in partners:
            acme, zeta = customer(partner, "acme"), customer(partner, "zeta")
            for role in ROLES:
                cast.person(partner, role, acme.id if role.startswith("customer_") else None)
            with schema.in_partner(partner):
                User.objects.create_user("zeta_owner@example.com", None, role="customer_owner",
                                         customer_id=zeta.id)  # fmt: skip
        database.login("web")
        yield partners, database


@pytest.fixture
def partners(world, settings):
    """The partners; the clock stands, mails are kept, and no look goes on from another test."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    mail.outbox = []
    resolve.forget()
    for partner in world[0]:
        with schema.in_partner(partner):
            Overlay.objects.filter(ended_at=None).update(ended_at=NOW, ended_how="ended")
    with time_machine.travel(NOW, tick=False):
        yield world[0]
    resolve.forget()


def customer(partner, name):
    with schema.in_partner(partner):
        return Customer.objects.get(external_id=name)


def begin(partner, host=REDIS, who="support", whose="acme", **given):
    """A client that looks; the answer of the form is checked."""
    client = signed_in(host, who)
    page = f"/manage/customers/{customer(partner, whose).id}/view/"
    answer = client.post(page, WHY | given)
    assert (answer.status_code, answer["Location"]) == (302, "/")
    return client


def kept(client, host=REDIS):
    """What the client's session holds."""
    with schema.in_partner(resolve.resolve_host(host)):
        return dict(client.session)


def overlays(partner):
    with schema.in_partner(partner):
        return list(Overlay.objects.order_by("started_at", "id"))


def log(partner, verb="customer.view"):
    with schema.in_partner(partner):
        return list(AuditEntry.objects.filter(verb__startswith=verb).order_by("id"))


def main(answer):
    """The page below the top bar, without one-time tokens."""
    html = re.search(r"<main.*?</main>", answer.content.decode(), re.S).group()
    return re.sub(r'(csrfmiddlewaretoken" value|nonce)="[^"]*"', "", html)


def is_over(client):
    """Whether the next page is one's own again, and what is said then."""
    answer = client.get("/", follow=True)
    assert answer.redirect_chain[-1][0] == "/manage/"
    assert "End</button>" not in answer.content.decode()
    assert client.get("/usage/").status_code == 403
    return text(answer)


@pytest.mark.parametrize("role", ROLES)
def test_who_may_look(partners, role):
    path = f"/manage/customers/{customer(partners.redis, 'acme').id}/view/"
    client, may = signed_in(REDIS, role), role in ("owner", "admin", "support")

    assert client.get(path).status_code == (200 if may else 403)
    assert client.post(path, WHY).status_code == (302 if may else 403)
    assert ("overlay" in kept(client)) == may


def test_a_look_needs_a_reason_a_customers_role_and_a_customer_of_this_partner(partners):
    client = signed_in(REDIS, "support")
    mine, theirs = (customer(one, "acme").id for one in partners)
    path = f"/manage/customers/{mine}/view/"

    for wrong in ({"reason": "  "}, {"reason": "x" * 501}, {"role": "owner"}, {"ticket": "1" * 81}):
        answer = client.post(path, WHY | wrong)
        assert answer.status_code == 200 and "field__error" in answer.content.decode()
    assert client.post(f"/manage/customers/{theirs}/view/", WHY).status_code == 404
    assert client.put(path).status_code == 400
    assert "overlay" not in kept(client) and not mail.outbox


def test_the_pages_are_the_customers_own_with_a_banner_on_each(partners):
    looks, owner = begin(partners.redis), signed_in(REDIS, "customer_owner")
    before = rows(partners)

    found = walk(looks, CONF, "/")

    pages = {door.path for door in found.doors if not door.is_form}
    seen = {path: looks.get(path) for path in pages if not path.startswith("/manage/")}
    html = {path: one for path, one in seen.items() if one["Content-Type"].startswith("text/html")}
    assert {"/", "/usage/", "/invoices/", "/invoices/details/", "/keys/", "/team/", "/sso/",
            "/cache/", "/plan/", "/audit/", "/activity/"} < set(html)  # fmt: skip
    banner = "support@example.com , you see Acme as its role Owner does: read only, until 14:50 UTC"
    assert [path for path, one in html.items() if banner not in text(one)] == []
    assert {one["Cache-Control"] for one in html.values()} == {"private, no-store"}
    for path in ("/", "/usage/", "/invoices/"):
        assert main(looks.get(path)) == main(owner.get(path))
    # What a click leads to and is refused is said, by the pages of the person and files alone.
    refused = {path for _, path, status in found.broken if status == 403}
    assert refused == {path for _, path, _ in found.broken}
    files = ("/pdf", "/facturx", "/xml", "/papers.zip")
    assert all(path.startswith("/accounts/") or path.endswith(files) for path in refused)
    assert rows(partners) == before


@pytest.mark.parametrize("role", roles.PERMISSIONS[roles.Audience.CUSTOMER])
def test_a_role_reaches_through_the_overlay_what_it_reaches_by_itself(partners, role):
    looks, person = begin(partners.redis, role=role), signed_in(REDIS, role)

    for path in ("/", "/usage/", "/invoices/", "/invoices/details/", "/keys/", "/team/", "/sso/",
                 "/cache/", "/plan/", "/audit/", "/logs/", "/activity/"):  # fmt: skip
        mine, theirs = looks.get(path), person.get(path)
        assert mine.status_code == theirs.status_code
        assert "End</button>" in mine.content.decode()


def test_nothing_can_be_changed_and_nothing_but_the_customers_pages_is_reached(partners):
    looks = begin(partners.redis, who="owner")
    before, session = rows(partners), kept(looks)

    wrong = []
    for route, permission in routes():
        path = "/" + fill(route, customer(partners.redis, "acme").id)
        if path in ("/manage/view-as/end/", "/accounts/logout/"):
            continue
        for verb in UNSAFE if permission.startswith("my.") else ("post",):
            answer = getattr(looks, verb)(path)
            if answer.status_code != 403 or b"You can look, not change" not in answer.content:
                wrong.append((verb, path, answer.status_code))
        makes_a_file = re.search(r"^invoices/(.*/(pdf|xml|facturx)|papers.zip)$", route)
        others = route.startswith("accounts/") or not (permission or "my.").startswith("my.")
        if others or makes_a_file:
            answer = looks.get(path)
            said = b"You can look, not change" if makes_a_file else b"Not part of this view"
            if answer.status_code != 403 or said not in answer.content:
                wrong.append(("get", path, answer.status_code))

    assert wrong == []
    assert rows(partners) == before and kept(looks) == session


def routes(patterns=None, before=""):
    for pattern in get_resolver(CONF).url_patterns if patterns is None else patterns:
        route = before + str(pattern.pattern)
        if hasattr(pattern, "url_patterns"):
            yield from routes(pattern.url_patterns, route)
        elif not route.startswith(API):
            yield route, getattr(pattern.callback, "permission", "")


def fill(route, some):
    """An address of the route, with an id that exists for each place."""
    if route.startswith("^"):  # allauth's one pattern that is an expression
        route = re.sub(r"\(\?P<\w+>.*?\)", "a", route).strip("^$")
    for kind, value in (("uuid", some), ("int", 1), ("slug", "a"), ("str", "a")):
        route = re.sub(rf"<{kind}:\w+>", str(value), route)
    route = re.sub(r"\(\?P<\w+>[^)]*\)", "a", route).replace("^", "").replace("$", "")
    return route.replace("\\", "")


def rows(partners):
    """What people change by pages, whole, at both partners."""
    found = {}
    for partner in partners:
        with schema.in_partner(partner):
            for model in (User, Invitation, ApiKey, Customer, HookEndpoint, Alert, SavedView,
                          Connection, Retention, RenderedFile):  # fmt: skip
                name = f"{partner.slug} {model.__name__}"
                found[name] = list(model.objects.order_by("pk").values())
    return found


def test_it_ends_after_thirty_minutes_and_a_form_sent_later_does_nothing(partners):
    first, second = begin(partners.redis), begin(partners.redis, who="owner")
    end = NOW + timedelta(minutes=30)

    with time_machine.travel(end - timedelta(seconds=1), tick=False):
        assert first.get("/").status_code == 200
    with time_machine.travel(end + timedelta(minutes=5), tick=False):
        late = second.post("/manage/team/invite/", {"email": "a@example.com", "role": "owner"})
        assert late.status_code == 403 and "This view is over" in text(late)
        assert "The time is over" in is_over(first)
        assert second.get("/manage/").status_code == 200

    assert {(one.ended_how, one.ended_at) for one in overlays(partners.redis)[-2:]} == {
        ("expired", end)
    }
    ends = log(partners.redis, "customer.view_ended")[-2:]
    assert {(one.actor, one.at, one.data["how"]) for one in ends} == {
        ("support@example.com", end, "expired"), ("owner@example.com", end, "expired"),
    }  # fmt: skip


def test_it_ends_by_the_button_at_sign_out_and_by_a_look_elsewhere(partners):
    by_hand = begin(partners.redis)
    page = f"/manage/customers/{customer(partners.redis, 'acme').id}/"

    back = by_hand.post("/manage/view-as/end/", follow=True)
    assert back.redirect_chain == [(page, 302)] and "no longer see the portal of Acme" in text(back)
    assert by_hand.post("/manage/view-as/end/")["Location"] == "/manage/customers/"

    out = begin(partners.redis, who="admin")
    assert out.get("/accounts/logout/").status_code == 200
    assert out.post("/accounts/logout/").status_code == 302
    assert out.get("/").status_code == 302 and "overlay" not in kept(out)

    left, went = begin(partners.redis), begin(partners.redis, whose="zeta")
    assert "began to look at another portal" in is_over(left)
    assert "you see Zeta" in text(went.get("/"))

    assert [one.ended_how for one in overlays(partners.redis)[-4:]] == [
        "ended", "signed_out", "replaced", "",
    ]  # fmt: skip


def test_it_ends_when_the_role_loses_the_permission_not_when_the_customer_is_suspended(partners):
    looks = begin(partners.redis)
    acme = customer(partners.redis, "acme")
    try:
        with schema.in_partner(partners.redis):
            Customer.objects.filter(pk=acme.pk).update(state=CustomerState.SUSPENDED)
        assert "you see Acme" in text(looks.get("/"))
        with schema.in_partner(partners.redis):
            User.objects.filter(email="support@example.com").update(role="finance")
        assert "may no longer see" in is_over(looks)
    finally:
        with schema.in_partner(partners.redis):
            User.objects.filter(email="support@example.com").update(role="support")
            Customer.objects.filter(pk=acme.pk).update(state=acme.state)
    assert "overlay" not in kept(looks)
    assert overlays(partners.redis)[-1].ended_how == "withdrawn"


def test_an_id_in_the_session_is_worth_nothing_to_others(partners):
    begin(partners.redis)
    begin(partners.pinecone, PINECONE, who="owner")
    ids = [overlays(one)[-1].pk for one in (partners.pinecone, partners.redis)]

    for wrong in (*map(str, ids), str(customer(partners.redis, "acme").id), "acme", "\0"):
        client = signed_in(REDIS, "owner")
        with schema.in_partner(partners.redis):
            session = client.session
            session["overlay"] = wrong
            session.save()
        assert client.get("/usage/").status_code == 302
        is_over(client)
    assert [overlays(one)[-1].ended_how for one in (partners.pinecone, partners.redis)] == ["", ""]


def test_the_customers_owners_are_told_and_read_it_later(partners):
    looks = begin(partners.redis, reason="reads\r\nTwo lines <b>")
    looks.get("/usage/?range=last_month")
    looks.post("/manage/view-as/end/")

    (letter,) = mail.outbox
    assert letter.to == ["customer_owner@example.com"] and "Redis Edge Cache" in letter.subject
    for words in ("support@example.com", "until 14:50 UTC", "Two lines <b>", "T-17",
                  f"http://{REDIS}/activity/"):  # fmt: skip
        assert words in letter.body
    mine = signed_in(REDIS, "customer_owner").get("/activity/")
    shown = text(mine)
    for words in ("support@example.com", "Two lines &lt;b&gt;", "Ticket T-17", "Owner", "by hand"):
        assert words in shown
    for host, who in ((REDIS, "zeta_owner"), (PINECONE, "customer_owner")):
        assert "Two lines" not in text(signed_in(host, who).get("/activity/"))
    assert signed_in(REDIS, "customer_viewer").get("/activity/").status_code == 403


def test_the_log_names_both_at_start_end_and_every_page(partners):
    already = len(log(partners.redis))
    looks = begin(partners.redis, role="customer_viewer")
    for path in ("/", "/usage/?by=model", "/invoices/", "/manage/"):
        looks.get(path)
    looks.post("/manage/view-as/end/")

    found = log(partners.redis)[already:]

    acme = customer(partners.redis, "acme")
    both = {(one.actor, one.target, one.data["seen_as"], one.data["customer_id"]) for one in found}
    assert both == {("support@example.com", "acme", "customer_viewer", str(acme.id))}
    assert [(one.verb, one.data.get("path", "")) for one in found] == [
        ("customer.view_started", ""), ("customer.view_page", "/"),
        ("customer.view_page", "/usage/?by=model"), ("customer.view_ended", ""),
    ]  # fmt: skip
    assert (found[0].data["reason"], found[0].data["ticket"]) == (WHY["reason"], "T-17")
    assert found[-1].data["pages"] == "2"
    page = text(signed_in(REDIS, "owner").get("/manage/audit/?verb=customer.view_started"))
    assert "cannot find the invoice" in page and "Seen as Viewer" in page


def test_the_worker_ends_what_nobody_came_back_to_and_no_row_is_removed(partners, world):
    begin(partners.redis)
    begin(partners.pinecone, PINECONE)
    end = NOW + timedelta(minutes=30)
    world[1].login("settle")
    try:
        before = close_overlays()
        with time_machine.travel(end + timedelta(hours=1), tick=False):
            after, again = close_overlays(), close_overlays()
    finally:
        world[1].login("web")

    assert (before, after, again) == (0, 2, 0)
    for partner in partners:
        row = overlays(partner)[-1]
        assert (row.ended_how, row.ended_at) == ("expired", end)
        assert log(partner)[-1].at == end
        with schema.in_partner(partner), pytest.raises(ProgrammingError):
            row.delete()
