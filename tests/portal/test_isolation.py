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

from billing.actions.counts import keep_counts
from billing.actions.deliver import deliver_documents
from billing.actions.payout_details import ask_payout_details
from billing.models import (
    AgreementVersion,
    CountFile,
    Document,
    PayoutDetailsDecision,
    Plan,
    PlanAssignment,
)
from cache_api.metering.models import UsageEvent
from cache_api.models import Alert, Customer, HookDelivery, HookEndpoint, HookEvent
from portal.actions.webhooks import sweep_hooks
from tenants import resolve, schema
from tenants.accounts.models import Connection, Invitation, SavedView, User
from tenants.models import ApiKey, DomainClaim
from tenants.rules.roles import PERMISSIONS, Audience, allows
from tests.billing.people import utc
from tests.billing.test_offboarding import of_schema
from tests.conftest import fresh_database, two_partners
from tests.portal.console import cast as console
from tests.portal.crawler import match, walk
from tests.portal.english import left
from tests.portal.readable import of_mail, readable
from tests.portal.views import cast
from tests.portal.views.cast import PINECONE, REDIS, signed_in

PARTNER = "portal.urls.partner"
VERBS = ("get", "head", "post", "put", "patch", "delete")
ROLES = (*PERMISSIONS[Audience.PARTNER], *PERMISSIONS[Audience.CUSTOMER])
LEAVER = {"owner": "left@example.com", "customer_owner": "left_acme@example.com",
          "zeta_owner": "left_zeta@example.com"}  # fmt: skip
COUNTS = b"hour,customer,count\n2026-09-10T08:00:00Z,acme,1005\n"
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
GERMAN = {"HTTP_ACCEPT_LANGUAGE": "de"}
# What people of this world typed, and tokens of colours on the page of styles.
TYPED = {"Growth", "Quota", "customer_developer", "on", "on-brand", "on-danger", "on-panel",
         "brand", "text"}  # fmt: skip
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
            ask_payout_details(partner_id=partner.pk, kind="bank", holder="Anne", bic="",
                               account="GB82WEST12345698765432", kek=b"K" * 32,
                               actor="somebody@example.com", now=cast.NOW)  # fmt: skip
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
    partner = resolve.resolve_host(host)
    with schema.in_partner(partner):
        keep_counts(partner_id=partner.partner_id, name="a.csv", data=COUNTS, measure="lookups",
                    tolerance_bps=100, actor="owner@example.com", now=cast.NOW)  # fmt: skip
    for person, before, role in (
        ("owner", "/manage", "developer"),
        ("customer_owner", "", "customer_developer"),
        ("zeta_owner", "", "customer_developer"),
    ):
        client = signed_in(host, person)
        made = client.post(f"{before}/keys/new/", {"label": "one", "mode": "live"})
        asked = {"email": f"of_{person}@example.com", "name": "", "role": role}
        sent = client.post(f"{before}/team/invite/", asked)
        view = client.post(f"{before}/usage/views/", {"name": "Mine", "query": "range=7d"})
        assert (made.status_code, sent.status_code, view.status_code) == (200, 302, 302)
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
        reads = GERMAN if host == PINECONE else {}  # Pinecone's people read German
        client = signed_in(host, person, **reads)
        return walk(client, PARTNER, "/" if is_customers else "/manage/")

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
    """Whoever sees a link may follow it, and reads it in German."""
    found = walk(console.signed_in(role, **GERMAN), "portal.urls.console", "/")
    assert found.broken == []
    assert english_in(found) == {}


def test_no_english_stands_on_a_german_page(walks):
    """Of a partner's owner and its customers' owners; what people typed is not ours."""
    for person in PEOPLE:
        assert english_in(walks[PINECONE, person]) == {}, person
    english = walks[REDIS, "owner"].pages["/manage/team/"]
    assert left(english.replace('<html lang="en"', '<html lang="de"')) - TYPED  # it does find


def english_in(found) -> dict[str, set[str]]:
    """Page → what on it is English."""
    pages = {path: left(html) - TYPED for path, html in found.pages.items()}
    return {path: texts for path, texts in pages.items() if texts}


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
    require_unseen(world, walks, person, verb)


@pytest.fixture
def open_database(installation):
    """Whoever asks is a superuser of the database: no role, no right and no row security stops
    what a view asks for."""
    database, _ = installation
    database.login("superuser")
    yield
    database.login("web")


@pytest.mark.parametrize("verb", ["get", "post"])
def test_it_is_not_there_either_where_the_database_lets_all_through(
    open_database, world, walks, verb
):
    """The first wall alone: every query says whose rows it is about."""
    require_unseen(world, walks, "owner", verb)


def test_no_page_names_the_other_partner_where_the_database_lets_all_through(
    open_database, installation, walks
):
    database, partners = installation
    strange = marks(database, partners.pinecone) - marks(database, partners.redis)
    leaks = set()
    for person in ("owner", "customer_owner"):
        client = signed_in(REDIS, person)
        for door in walks[REDIS, person].doors:
            answer = client.get(door.path) if not door.is_form else None
            if answer is not None and not answer.streaming:
                page = answer.content.decode(errors="replace")
                leaks |= {(door.path, mark) for mark in ID.findall(page) if mark in strange}
                leaks |= {(door.path, name) for name in (PRODUCTS[PINECONE], PINECONE)
                          if name in page}  # fmt: skip
    assert leaks == set()


def require_unseen(world, walks, person: str, verb: str) -> None:
    """One of Redis's people asks for what is others': the answers of nobody's ids, no change."""
    client = signed_in(REDIS, person)
    before = rows(*world)
    wrong, nobodys = [], {}  # by address without its ids
    for path in strangers(walks, person) | unoffered(world, person):
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
        assert kinds >= {"pdf", "json", "jsonl", "csv", "zip", "archive", "parquet", "mail",
                         "webhook"}, kinds  # fmt: skip


def test_each_partners_role_reads_its_own_rows_of_every_shared_table_and_no_other(installation):
    """Asked of the database itself, of all that the role may read: no page stands between."""
    database, partners = installation
    with database.psql() as boss:
        columns = dict(boss.execute(SHARED, [partners.redis.schema_name]).fetchall())
    assert {table for table, column in columns.items() if not column} == OF_EVERYBODY
    seen = {}
    for partner in partners:
        with database.psql("web") as link:
            link.execute(f'set role "{partner.schema_name}"')
            for table, column in columns.items():
                if column:
                    owners = link.execute(f'select distinct "{column}" from "{table}"')
                    seen.setdefault(table, []).append({owner for (owner,) in owners})

    wrong, filled = {}, set()
    for table, owners in seen.items():
        own = [{partner.pk} | ({None} if table in OF_NOBODY else set()) for partner in partners]
        if any(one - may for one, may in zip(owners, own, strict=True)):
            wrong[table] = owners
        if all(partner.pk in one for partner, one in zip(partners, owners, strict=True)):
            filled.add(table)
    assert wrong == {}
    assert {"billing_document", "billing_documentline", "billing_ratedline", "usage_event",
            "tenants_apikey", "tenants_auditentry"} <= filled  # fmt: skip


# Tables of the public schema that a role may read of, and the column that says whose a row is.
SHARED = """
select c.relname, min(a.attname::text) from pg_class c
left join pg_attribute a on a.attrelid = c.oid and (
  a.attname in ('partner_id', 'tenant_id') or (c.relname = 'tenants_partner' and a.attname = 'id'))
where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v', 'm')
and has_any_column_privilege(%s, c.oid, 'select') group by 1 order by 1
"""
# Rates that everybody is settled by, and what the status page tells everybody.
OF_EVERYBODY = {"billing_fxrate", "billing_taxrate", "tenants_incident", "tenants_incidentupdate"}
OF_NOBODY = {"billing_rate", "billing_ratecard", "billing_ratecardversion"}  # our list prices too
FILE = re.compile(r"(csv|pdf|jsonl?|xml|facturx|archive|zip|parquet|png)$")
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
                Plan, PlanAssignment, Connection, SavedView, CountFile, PayoutDetailsDecision,
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


def unoffered(world, person: str) -> set[str]:
    """The addresses with an id that no page here offers, with ids of others' things."""
    redis, pinecone = world
    other = {"customer_owner": "zeta", "zeta_owner": "acme"}.get(person)
    ids = [ids_of(pinecone), *([ids_of(redis, other)] if other else [])]
    found = {
        "/" + re.sub(r"<uuid:(\w+)>", lambda part, one=one: str(one[part[1]]), route)
        for route in UNREACHED if "<" in route
        for one in ids if set(re.findall(r"<uuid:(\w+)>", route)) <= set(one)
    }  # fmt: skip
    assert len(found) >= sum("<" in route for route in UNREACHED)
    return found


def ids_of(partner, external_id=None) -> dict[str, uuid.UUID]:
    """Of each kind that an address can name one of the partner's, or one of its customer's."""
    shared = {"document_id": Document, "event_id": UsageEvent, "claim_id": DomainClaim,
              "version_id": AgreementVersion}  # fmt: skip
    with schema.in_partner(partner):
        of = {name: model.objects.filter(partner_id=partner.pk) for name, model in shared.items()}
        of |= {"customer_id": Customer.objects.all(), "row_id": User.objects.all()}
        if external_id:
            whose = Customer.objects.get(external_id=external_id)
            of = {
                "document_id": of["document_id"].filter(customer_external_id=external_id),
                "event_id": of["event_id"].filter(customer=external_id),
                "customer_id": Customer.objects.filter(pk=whose.pk),
                "row_id": User.objects.filter(customer_id=whose.pk),
            }
        return {name: rows.first().pk for name, rows in of.items()}


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


# No walk reaches these; each has a test of its own, with two partners. Those with an id are tried
# with others' ids here as well (`unoffered`).
UNREACHED = {
    # offered once there is a paper
    "manage/agreement/<uuid:version_id>/paper.pdf",
    # offered while no change of details waits
    "manage/payouts/details/",
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
    # offered where terms count reported sales, tags were used
    "manage/sales/",
    "manage/usage/allocation.csv",
    "usage/allocation.csv",
    # asked by a script while a page waits for the first request
    "manage/first-request/",
    "first-request/",
    # offered once an address for mails was entered
    "manage/email/sender/check/",
    "manage/email/sender/end/",
    # offered once mail came back
    "manage/email/bounced/<uuid:row_id>/clear/",
    # offered once a customer was erased
    "manage/customers/<uuid:customer_id>/data/receipt.json",
    # for programs: the invoice as pure XML, the proof of one event
    "manage/invoices/<uuid:document_id>/xml",
    "invoices/<uuid:document_id>/xml",
    "manage/documents/<uuid:document_id>/proof/<uuid:event_id>",
}
