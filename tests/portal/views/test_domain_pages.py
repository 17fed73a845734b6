"""A domain by page: asked for, diagnosed with who acts, sent to IT, leading, released. Real DNS."""

import re
import uuid

import pytest
import time_machine
from django.core import mail
from django.test import Client
from django.urls import get_resolver

from portal.words import domains as domain_words
from tenants import resolve, tasks
from tenants.models import DomainClaim
from tenants.rules import domain_states, roles
from tenants.rules.custom_hosts import custom_host
from tests.portal.views.cast import NOW, PINECONE, REDIS, signed_in, text
from tests.tenants.name_server import name_server

HOST = "cache.shop.com"
LIST = "/manage/domains/"
PAGES = ("", "<id>/")
CHANGES = ("<id>/check/", "<id>/primary/", "<id>/release/", "<id>/send/", "<id>/unshare/")
ROLES = [*roles.PERMISSIONS[roles.Audience.PARTNER], *roles.PERMISSIONS[roles.Audience.CUSTOMER]]


@pytest.fixture
def zone(settings):
    """The name server that the worker asks."""
    with name_server() as (made, address):
        settings.DNS_SERVERS = [address]
        settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
        mail.outbox = []
        yield made


def add(client, host=HOST):
    answer = client.post(LIST, {"host": host})
    assert answer.status_code == 302, text(answer)
    return answer["Location"]


def claim_of(database, path):
    database.login("owner")
    found = DomainClaim.objects.get(pk=path.rstrip("/").split("/")[-1])
    database.login("web")
    return found


def work(database, claim, at=NOW):
    """What the worker does with the task that the page left."""
    database.login("settle")
    with time_machine.travel(at, tick=False):
        tasks.check_domain(partner_id=str(claim.partner_id), claim_id=str(claim.pk))
    database.login("web")
    resolve.forget()


def set_records(zone, claim):
    zone.set(custom_host(claim.host).challenge, "TXT", f'"{claim.token}"')
    zone.set(claim.host, "CNAME", f"{claim.target}.")


def test_from_the_form_to_a_leading_domain(empty_portal, database, zone):
    owner = signed_in(REDIS, "owner")
    path = add(owner, " Cache.Shop.com ")
    claim = claim_of(database, path)

    page = text(owner.get(path))
    for value in ("_agentcache-challenge.cache", f"_agentcache-challenge.{HOST}", claim.token,
                  claim.target, "Not checked yet"):  # fmt: skip
        assert value in page
    assert "DNS is being asked" in text(owner.post(f"{path}check/", follow=True))
    assert "asked a moment ago" in text(owner.post(f"{path}check/", follow=True))
    work(database, claim)
    page = text(owner.get(path))
    assert "Waits for DNS" in page and "Whoever manages this domain" in page
    assert f"Expected {claim.token}" in page and "Found nothing" in page

    set_records(zone, claim)
    work(database, claim)
    page = text(owner.get(path))
    assert "Live" in page and "The name leads to us." in page
    assert Client(HTTP_HOST=HOST).get("/accounts/login/").status_code == 200
    assert Client(HTTP_HOST=f"x.{HOST}").get("/accounts/login/").status_code == 421

    assert owner.post(f"{path}primary/").status_code == 302
    resolve.forget()
    moved = owner.get(LIST)
    assert (moved.status_code, moved["Location"]) == (308, f"http://{HOST}{LIST}")
    there = signed_in(HOST, "owner")
    assert "This is another name" in text(there.post(f"{path}release/", {"host": "shop.com"}))
    done = there.post(f"{path}release/", {"host": HOST})
    resolve.forget()
    assert done.status_code == 302
    assert Client(HTTP_HOST=HOST).get("/").status_code == 421
    assert "Given up" in text(owner.get(LIST))


@pytest.mark.parametrize(
    ("name", "rdtype", "values", "said"),
    [
        (HOST, "CNAME", ["shop.pages.dev."], ("Wrong", "shop.pages.dev", "leads to somebody else")),
        (HOST, "CNAME", ["SERVFAIL"], ("Could not ask", "says nothing about the record")),
        (f"_agentcache-challenge.{HOST}", "TXT", ['"agentcache-verify=old"'],
         ("an earlier attempt", "agentcache-verify=old")),
        (f"_agentcache-challenge.{HOST}", "TXT", ["bogus"], ("DNSSEC", "at its registrar")),
        ("shop.com", "CAA", ['0 issue "digicert.com"'], ("digicert.com", "other authorities")),
    ],
)  # fmt: skip
def test_a_diagnosis_says_what_was_found_and_who_acts(
    empty_portal, database, zone, name, rdtype, values, said
):
    owner = signed_in(REDIS, "owner")
    path = add(owner)
    claim = claim_of(database, path)
    owner.post(f"{path}check/")
    set_records(zone, claim)
    zone.set(name, rdtype, *values)
    work(database, claim)

    page = text(owner.get(path))

    assert all(words in page for words in said), page


@pytest.mark.parametrize(
    ("host", "said"),
    [
        ("10.0.0.1", "This is an address"), ("co.uk", "anybody registers"),
        ("a b", "no domain name"),
        ("x.agentcache.localhost", "This name is ours"), ("x.test", "reserved"),
        ("x" * 301, "at most 300"), ("", "required"), (REDIS, "reserved"),
    ],
)  # fmt: skip
def test_a_bad_name_is_told_at_the_field(empty_portal, host, said):
    answer = signed_in(REDIS, "owner").post(LIST, {"host": host})

    assert answer.status_code == 200 and said in text(answer)


def test_a_name_is_added_once_by_a_partner_and_shown_in_both_spellings(empty_portal, zone):
    owner = signed_in(REDIS, "owner")
    path = add(owner, "cache.bücher.de")

    assert "added this name already" in text(owner.post(LIST, {"host": "cache.xn--bcher-kva.de"}))
    page = text(owner.get(path))
    assert "cache.bücher.de" in page and "cache.xn--bcher-kva.de" in page
    assert "whole domain" in text(owner.get(add(owner, "shop.co.uk")))
    assert add(signed_in(PINECONE, "owner"), "cache.bücher.de") != path


def test_the_it_team_sees_the_state_without_signing_in_until_the_link_closes(
    empty_portal, database, zone
):
    owner = signed_in(REDIS, "owner")
    path = add(owner)
    claim = claim_of(database, path)
    page = owner.post(f"{path}send/", {"email": "dns@shop.com"}, follow=True)
    assert "on their way to dns@shop.com" in text(page)
    (letter,) = mail.outbox
    assert claim.token in letter.body and claim.target in letter.body
    link = re.search(rf"http://{REDIS}(/domains/[\w:-]+/)", letter.body).group(1)

    anybody = Client(HTTP_HOST=REDIS)
    seen = anybody.get(link)
    assert (
        seen.status_code == 200
        and claim.token in text(seen)
        and "<form" not in seen.content.decode()
    )
    work(database, claim)
    set_records(zone, claim)
    assert "Not found yet" in text(anybody.get(link))
    work(database, claim)
    assert "Live" in text(anybody.get(link))

    assert Client(HTTP_HOST=PINECONE).get(link).status_code == 410
    assert anybody.get(f"{link[:-3]}x/").status_code == 410
    assert anybody.post(link).status_code == 405
    with time_machine.travel(NOW + domain_states.PENDING_FOR * 1.1, tick=False):
        assert anybody.get(link).status_code == 410
    owner.post(f"{path}unshare/")
    assert anybody.get(link).status_code == 410
    owner.post(f"{path}send/", {"email": "dns@shop.com"})
    assert anybody.get(link).status_code == 410  # an old link stays closed


def test_only_a_waiting_pages_own_polls_ask_again(empty_portal, database, zone):
    owner = signed_in(REDIS, "owner")
    path = add(owner)
    claim = claim_of(database, path)
    owner.post(f"{path}check/")

    with time_machine.travel(NOW.replace(second=40), tick=False):
        owner.get(path)
        assert claim_of(database, path).asked_at == claim.created_at
        owner.get(path, HTTP_HX_REQUEST="true")
        assert claim_of(database, path).asked_at == NOW.replace(second=40)


def test_the_other_partners_domain_does_not_exist(empty_portal, database, zone):
    path = add(signed_in(REDIS, "owner"))
    other = signed_in(PINECONE, "owner")

    assert other.get(path).status_code == 404
    for end in CHANGES:
        sent = {"host": HOST, "email": "x@shop.com"}
        assert other.post(LIST + end.replace("<id>", path.split("/")[-2]), sent).status_code == 404
    assert HOST not in text(other.get(LIST))
    assert claim_of(database, path).routing == "draft" and mail.outbox == []


@pytest.mark.parametrize("role", ROLES)
def test_owner_and_admin_alone_reach_the_pages(portal, role):
    client = signed_in(REDIS, role)
    some = str(uuid.uuid4())

    got = {client.get(LIST + end.replace("<id>", some)).status_code for end in PAGES}
    got |= {client.post(LIST + end.replace("<id>", some)).status_code for end in CHANGES}

    assert (got == {403}) is (role not in ("owner", "admin"))
    assert 403 not in got or got == {403}


def test_nobody_without_signing_in_and_no_change_by_get(portal):
    some = str(uuid.uuid4())
    paths = [LIST + end.replace("<id>", some) for end in CHANGES]
    assert {Client(HTTP_HOST=REDIS).get(LIST + end.replace("<id>", some)).status_code
            for end in PAGES} == {302}  # fmt: skip
    assert {signed_in(REDIS, "owner").get(path).status_code for path in paths} == {405}


def test_every_address_is_in_these_tables(portal):
    found = {
        str(one.pattern).replace("<uuid:claim_id>", "<id>").removeprefix("manage/domains/")
        for one in get_resolver("portal.urls.partner").url_patterns
        if str(one.pattern).startswith("manage/domains/")
    }
    assert found == {*PAGES, *CHANGES}


def test_every_code_has_its_words():
    from tenants.rules.domain_states import Cert, Routing, headline

    words = {headline(r, c, tls=t) for r in Routing for c in Cert for t in (True, False)}
    assert words == set(domain_words.HEADLINES) == set(domain_words.EXPLAINED)
    assert set(domain_words.CERTS) == set(Cert)
