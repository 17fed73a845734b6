"""Every address × verb × role × whose id, generated from the pages themselves.

A walk as each partner's owner and each customer's owner finds what they can click. The addresses
that one of them finds are then tried by everybody else.
"""

import re
import uuid
from functools import cache

import pytest
import time_machine
from django.urls import get_resolver

from billing.actions.deliver import deliver_documents
from billing.models import Plan, PlanAssignment
from cache_api.models import Alert, Customer, HookDelivery, HookEndpoint, HookEvent
from portal.actions.webhooks import sweep_hooks
from tenants import resolve, schema
from tenants.accounts.models import Connection, Invitation, User
from tenants.models import ApiKey, DomainClaim
from tenants.rules.roles import PERMISSIONS, Audience, allows
from tests.billing.people import utc
from tests.billing.test_offboarding import of_schema
from tests.conftest import fresh_database, two_partners
from tests.portal.console import cast as console
from tests.portal.crawler import match, walk
from tests.portal.readable import of_mail, readable
from tests.portal.views import cast
from tests.portal.views.cast import PINECONE, REDIS, signed_in

PARTNER = "portal.urls.partner"
VERBS = ("get", "head", "post", "put", "patch", "delete")
ROLES = (*PERMISSIONS[Audience.PARTNER], *PERMISSIONS[Audience.CUSTOMER])
LEAVER = {"owner": "left@example.com", "customer_owner": "left_acme@example.com",
          "zeta_owner": "left_zeta@example.com"}  # fmt: skip
PEOPLE = ("owner", "customer_owner", "zeta_owner")
# Open to whoever comes: nothing there names a thing of a partner's.
OPEN = (
    "accounts/",
    "api/",
    "v1/",
    "docs/",
    "brand/",
    ".well-known/",
    "demo/",
    "status/",
    "favicon.ico",
    "manifest.webmanifest",
    "domains/",
    "legal/",
    "sso/find/",
    "sso/recovery/",
    "sso/<uuid:connection_id>/",
)
# Read by providers, who sign in nowhere: addresses of ours, for whoever has the connection's id.
METADATA = "sso/<uuid:connection_id>/metadata/"
ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


@pytest.fixture(scope="module")
def installation(django_db_blocker):
    """Two partners with a settled month, people of every role, one of each thing they make."""
    resolve.forget()
    with fresh_database(django_db_blocker) as database, time_machine.travel(cast.NOW, tick=False):
        partners = two_partners()
        cast.settled(partners)
        for partner in partners:
            with schema.in_partner(partner):
                ids = dict(Customer.objects.values_list("external_id", "id"))
                for email, role, customer in (
                    ("zeta_owner@example.com", "customer_owner", "zeta"),
                    (LEAVER["owner"], "analyst", None),
                    (LEAVER["customer_owner"], "customer_viewer", "acme"),
                    (LEAVER["zeta_owner"], "customer_viewer", "zeta"),
                ):
                    User.objects.create_user(email, None, role=role, customer_id=ids.get(customer))
            for role in ROLES:
                customer = ids["acme"] if role.startswith("customer_") else None
                cast.person(partner, role, customer)
        console.people()
        database.login("web")
        for host in (REDIS, PINECONE):
            furnish(host)
        yield database, partners
    resolve.forget()


@pytest.fixture(scope="module")
def world(installation):
    """Its partners."""
    return installation[1]


def furnish(host: str) -> None:
    """What people make by the pages: keys, invitations, a domain whose records were sent on."""
    owner = signed_in(host, "owner")
    page = owner.post("/manage/domains/", {"host": "cache.shop.com"})["Location"]
    assert owner.post(f"{page}send/", {"email": "it@example.com"}).status_code == 302
    with schema.in_partner(resolve.resolve_host(host)):
        customers = dict(Customer.objects.values_list("external_id", "id"))
        for customer_id in (None, customers["acme"], customers["zeta"]):
            Connection.objects.create(
                kind="saml", name="House", base=f"http://{host}", default_role="analyst",
                idp={"issuer": "https://idp.example/saml", "url": "https://idp.example/",
                     "certs": []}, created_at=cast.NOW, created_by="owner@example.com",
                customer_id=customer_id,
            )  # fmt: skip
    offer = {"name": "Growth", "fee": "49", "included": "50", "overage": "3", "served": "0",
             "policy": "soft"}  # fmt: skip
    assert owner.post("/manage/plans/new/", offer).status_code == 302
    for person, before, role in (
        ("owner", "/manage", "developer"),
        ("customer_owner", "", "customer_developer"),
        ("zeta_owner", "", "customer_developer"),
    ):
        client = signed_in(host, person)
        made = client.post(f"{before}/keys/new/", {"label": "one", "mode": "live"})
        asked = {"email": f"of_{person}@example.com", "name": "", "role": role}
        sent = client.post(f"{before}/team/invite/", asked)
        assert (made.status_code, sent.status_code) == (200, 302)
        watch_and_tell(client, before)
        with schema.in_partner(resolve.resolve_host(host)):
            gone = User.objects.get(email=LEAVER[person]).id
        out = client.post(f"{before}/team/{gone}/out/")
        assert out.status_code == 302


def watch_and_tell(client, before: str) -> None:
    """Two webhooks, one of them tried and one off; two alerts, one of them paused."""
    hook = {"url": "https://example.com/hook", "label": "", "types": ["key.created"]}
    alert = {"kind": "quota", "name": "Quota", "limit": "80"}
    for place, given in (("webhooks", hook), ("alerts", alert)):
        statuses = [client.post(f"{before}/{place}/new/", given).status_code for _ in range(2)]
        assert statuses in ([200, 200], [302, 302])
    links = r"/(webhooks|alerts)/([0-9a-f-]{36})/(?:pause/)?\""
    pages = [client.get(f"{before}/{place}/").content.decode() for place in ("webhooks", "alerts")]
    (_, tried), (_, off) = re.findall(links, pages[0])
    paused = re.findall(links, pages[1])[0][1]
    for path in (f"webhooks/{tried}/test", f"webhooks/{off}/disable", f"alerts/{paused}/pause"):
        assert client.post(f"{before}/{path}/").status_code == 302


@pytest.fixture(scope="module")
def found_by(world):
    """`found_by(host, person)`: their Walk, which is walked once."""

    @cache
    def found_by(host, person):
        is_customers = person == "zeta_owner" or person.startswith("customer_")
        return walk(signed_in(host, person), PARTNER, "/" if is_customers else "/manage/")

    return found_by


@pytest.fixture(scope="module")
def walks(found_by):
    """What each of those finds: {(host, person): Walk}."""
    return {(host, person): found_by(host, person) for host in (REDIS, PINECONE)
            for person in PEOPLE}  # fmt: skip


def test_no_link_is_broken(walks):
    """Whoever sees a link may follow it, in every role."""
    assert {who: found.broken for who, found in walks.items() if found.broken} == {}


@pytest.mark.parametrize("role", sorted(set(ROLES) - set(PEOPLE)))
def test_no_link_is_broken_for_other_roles(found_by, role):
    assert found_by(REDIS, role).broken == []


@pytest.mark.parametrize("role", console.ROLES)
def test_no_link_of_the_console_is_broken_for_any_role(world, role):
    """Whoever sees a link may follow it."""
    assert walk(console.signed_in(role), "portal.urls.console", "/").broken == []


def test_every_page_is_found_by_a_click_or_named(walks):
    """A page that nobody can reach is no page; one without a permission is nobody's."""
    found = set().union(*(found.routes for found in walks.values()))
    all_of_them = {route: view for route, view in _routes() if not route.startswith(OPEN)}

    assert {route for route, view in all_of_them.items() if not _permission(view)} == set()
    assert sorted(set(all_of_them) - found) == sorted(UNREACHED)


def test_each_role_opens_what_the_roles_file_says(found_by, walks):
    """By its walk, or asked here where that did not lead there."""
    found = {door.route: door for who in walks if who[0] == REDIS for door in walks[who].doors}
    wrong = []
    for role in ROLES:
        client, opened = signed_in(REDIS, role), found_by(REDIS, role).opened
        for route, door in found.items():
            permission = _permission(match(door.path, PARTNER).func)
            if permission is None:
                continue
            status = opened.get(route) or client.get(door.path).status_code
            # The front door sends everybody to the page of their own.
            if (route, status) != ("", 302) and (status == 403) == allows(role, permission):
                wrong.append((role, door.path, permission))
    assert wrong == []


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("person", PEOPLE)
def test_what_belongs_to_others_is_as_if_it_were_not_there(world, walks, person, verb):
    """Another partner's id, another customer's id and an id of nobody get the same answer."""
    client = signed_in(REDIS, person)
    before = rows(*world)
    wrong, nobodys = [], {}  # by address without its ids
    for path in strangers(walks, person):
        theirs, shape = getattr(client, verb)(path), ID.sub("", path)
        if shape not in nobodys:
            random = ID.sub(lambda _: str(uuid.uuid4()), path)
            nobodys[shape] = _seen(getattr(client, verb)(random))
        refused = {403, 404, 405} | (
            {302} if verb == "post" else set()
        )  # 302: back, with the reason
        if theirs.status_code not in refused:
            wrong.append((path, theirs.status_code))
        if _seen(theirs) != nobodys[shape]:
            wrong.append((path, theirs.status_code, nobodys[shape][0]))
    assert wrong == []
    assert rows(*world) == before


def test_nothing_that_leaves_names_anything_of_the_other_partner(
    installation, walks, settings, mailoutbox
):
    """Every file of both partners' pages, every mail and webhook: searched for what only the
    other one has, and for what is its own, so that the search does find."""
    database, partners = installation
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    hosts = dict(zip((REDIS, PINECONE), partners, strict=True))
    left = {host: files(walks, host) for host in hosts}
    for host in hosts:  # there are webhooks by now, which hear of it
        made = signed_in(host, "owner").post("/manage/keys/new/", {"label": "2", "mode": "live"})
        assert made.status_code == 200
    database.login("settle")
    deliver_documents(now=utc("2026-10-03T09:00"))
    sweep_hooks(queue=lambda _: None, now=cast.NOW)
    for host, partner in hosts.items():
        with schema.in_partner(partner):
            told = HookEvent.objects.values_list("id", "body")
            left[host] |= {f"webhook {pk}": body for pk, body in told}
    brands = {host: PRODUCTS[host] for host in hosts}
    for number, mail in enumerate(mailoutbox):
        (host,) = [host for host, product in brands.items() if product in mail.from_email]
        left[host][f"mail {number}"] = of_mail(mail)
    known = {host: marks(database, partner) | {brands[host], host, partner.name}
             for host, partner in hosts.items()}  # fmt: skip
    database.login("web")

    for host, other in ((REDIS, PINECONE), (PINECONE, REDIS)):
        strange, own = known[other] - known[host], known[host] - known[other]
        leaks = {(what, mark) for what, text in left[host].items() for mark in strange
                 if mark in text}  # fmt: skip
        assert leaks == set()
        kinds = {what.rpartition("/")[2].rpartition(".")[2].split()[0] for what, text in
                 left[host].items() if any(mark in text for mark in own)}  # fmt: skip
        assert {"pdf", "json", "csv", "archive", "parquet", "mail", "webhook"} <= kinds, kinds


FILE = re.compile(r"(csv|pdf|json|xml|facturx|archive|zip|parquet|png)$")
PRODUCTS = {REDIS: "Redis Edge Cache", PINECONE: "Pinecone Edge Cache"}


def files(walks, host) -> dict[str, str]:
    """Path → text of every download that the walks of a partner's people found."""
    found = {}
    for person in PEOPLE:
        client = signed_in(host, person)
        for door in walks[host, person].doors:
            if FILE.search(door.path) and not door.is_form:
                answer = client.get(door.path)
                content = answer.getvalue() if answer.status_code == 200 else b""
                found[f"{person} {door.path}"] = readable(content)
    return found


def marks(database, partner) -> set[str]:
    """Every id in a partner's schema and in its own rows of the shared tables, and its keys'."""
    with database.psql() as boss:
        asked = "select id from tenants_apikey where partner_id = %s"
        keys = {key for (key,) in boss.execute(asked, [partner.pk]).fetchall()}
    return keys | set(ID.findall(str(of_schema(database, partner)))) | {partner.schema_name}


def rows(*partners) -> dict[str, list]:
    """People, keys, invitations, customers, webhooks and alerts of the partners, whole."""
    found = {}
    for partner in partners:
        with schema.in_partner(partner):
            for model in (
                User, Invitation, ApiKey, Customer, HookEndpoint, HookDelivery, Alert, DomainClaim,
                Plan, PlanAssignment, Connection,
            ):  # fmt: skip
                name = f"{partner.slug} {model.__name__}"
                found[name] = list(model.objects.order_by("pk").values())
    return found


def strangers(walks, person: str) -> set[str]:
    """The addresses with an id that only others found."""
    mine = {door.path for door in walks[REDIS, person].doors}
    others = [walks[PINECONE, person]]
    if person != "owner":
        other = {"customer_owner": "zeta_owner", "zeta_owner": "customer_owner"}[person]
        others.append(walks[REDIS, other])
    found = {door.path for other in others for door in other.doors
             if door.has_id and door.route != METADATA} - mine  # fmt: skip
    assert len(found) > 5, f"The others found hardly anything: {found}"
    return found


def _seen(answer) -> tuple[int, str]:
    """What a stranger can tell apart: status and page, without ids and one-time tokens."""
    page = "" if answer.streaming else answer.content.decode(errors="replace")
    page = re.sub(r'(csrfmiddlewaretoken" value|nonce)="[^"]*"', "", page)
    return answer.status_code, ID.sub("", page)


def _routes(patterns=None, before=""):
    for pattern in get_resolver(PARTNER).url_patterns if patterns is None else patterns:
        route = before + str(pattern.pattern)
        if hasattr(pattern, "url_patterns"):
            yield from _routes(pattern.url_patterns, route)
        else:
            yield route, pattern.callback


def _permission(view) -> str | None:
    return getattr(view, "permission", None)


# No walk reaches these; each has a test of its own, with two partners.
UNREACHED = {
    # offered once there is a thing of this kind: a paper, details that wait, a counts file
    "manage/agreement/<uuid:version_id>/paper.pdf",
    "manage/payouts/details/<uuid:details_id>/",
    "manage/verify/counts/<uuid:file_id>/",
    # offered where Stripe is set
    "manage/payouts/connect/",
    "manage/payouts/connect/refresh/",
    "manage/payouts/connect/returned/",
    # offered once a domain is live
    "manage/domains/<uuid:claim_id>/primary/",
    # offered for people with a second factor
    "manage/team/<uuid:row_id>/factor/",
    "manage/customers/<uuid:customer_id>/people/<uuid:row_id>/factor/",
    "team/<uuid:row_id>/factor/",
    # offered while a customer's people sign in by their provider alone
    "manage/customers/<uuid:customer_id>/sso/relax/",
    # offered while somebody looks at a customer's portal
    "manage/view-as/end/",
    # offered for requests of the last day
    "manage/logs/<uuid:event_id>/",
    "logs/<uuid:event_id>/",
    # asked for by a form that only reads; who may is in views/test_cache_page.py
    "cache/purge/",
    "manage/cache/purge/",
    # offered while a look is drafted, beside a script, or inside a frame
    "manage/brand/contrasts/",
    "manage/brand/discard/",
    "manage/brand/paper.png",
    "manage/brand/publish/",
    # offered where terms count reported sales, tags were used, views were kept
    "manage/sales/",
    "manage/usage/allocation.csv",
    "usage/allocation.csv",
    "manage/usage/views/<uuid:view_id>/forget/",
    "usage/views/<uuid:view_id>/forget/",
    # asked by a script while a page waits for the first request
    "manage/first-request/",
    "first-request/",
    # offered once an address for mails was entered
    "manage/email/sender/check/",
    "manage/email/sender/end/",
    # offered once a customer was erased
    "manage/customers/<uuid:customer_id>/data/receipt.json",
    # for programs: the invoice as pure XML, the proof of one event
    "manage/invoices/<uuid:document_id>/xml",
    "invoices/<uuid:document_id>/xml",
    "manage/documents/<uuid:document_id>/proof/<uuid:event_id>",
}
