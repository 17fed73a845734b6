"""Legal pages under each partner's name: our starts, its own texts, nobody else's, never HTML."""

import pytest
import time_machine
from django.conf import settings
from django.db import DatabaseError, transaction
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from tenants import resolve, schema
from tenants.actions.branding import publish_brand
from tenants.models import AuditEntry, LegalText
from tenants.rules import legal
from tests.conftest import fresh_database, two_partners
from tests.portal.views import cast
from tests.portal.views.cast import NOW, PINECONE, REDIS, signed_in, text
from tests.portal.views.test_brand_surfaces import LOOKS

EDIT = "/manage/legal/{}/"


@pytest.fixture(scope="module")
def hosts(django_db_blocker):
    """Redis links to its own site, Pinecone does not; an owner and an analyst each."""
    resolve.forget()
    with fresh_database(django_db_blocker) as database, time_machine.travel(NOW, tick=False):
        partners = two_partners()
        publish_brand(partner=partners.redis, actor="x", now=NOW, **LOOKS["redis-labs"])
        for partner in partners:
            for role in ("owner", "analyst"):
                cast.person(partner, role)
        database.login("web")
        yield partners
    resolve.forget()


@pytest.fixture(autouse=True)
def clock(hosts):
    with time_machine.travel(NOW, tick=False):
        yield


def visit(host, kind=""):
    return Client(HTTP_HOST=host).get(f"/legal/{kind}")


def test_starts_say_who_it_is_and_terms_are_nobodys_to_invent(hosts):
    assert "Pinecone" in text(visit(PINECONE)) and "Redis" not in text(visit(PINECONE))
    privacy = visit(PINECONE, "privacy/").content.decode()
    assert "<h2>What is kept</h2>" in privacy and settings.PLATFORM_PARTY["email"] in privacy
    assert "AgentCache, Inc." in visit(PINECONE, "subprocessors/").content.decode()
    assert visit(PINECONE, "terms/").status_code == visit(PINECONE, "cookies/").status_code == 404
    away = visit(REDIS, "privacy/")
    assert (away.status_code, away["Location"]) == (302, "https://redis.example/privacy")
    assert Client(HTTP_HOST=settings.CONSOLE_HOST).get("/legal/").status_code == 404
    assert 'href="/legal/"' in signed_in(PINECONE, "owner").get("/manage/").content.decode()


def test_a_partner_writes_its_own_and_a_stale_form_is_told(hosts):
    owner, path = signed_in(PINECONE, "owner"), EDIT.format("terms")
    bad = "# Terms\n\n<script>alert(1)</script> [x](javascript:alert(1)) ![i](https://a.example/i)"
    assert owner.post(path, {"text": bad, "seen": 0}).status_code == 302
    page = visit(PINECONE, "terms/").content.decode()
    assert "<h1>Terms</h1>" in page and "&lt;script&gt;" in page
    assert "<script>alert" not in page and 'href="javascript' not in page
    assert "<img" not in page.split("<article")[1].split("</article>")[0]
    assert visit(REDIS, "terms/")["Location"].startswith("https://redis.example")

    stale = text(owner.post(path, {"text": "Other", "seen": 0}))
    assert "Somebody else changed this meanwhile" in stale and "Other" not in text(
        visit(PINECONE, "terms/"))  # fmt: skip
    assert owner.post(path, {"text": "Second", "seen": 1}).status_code == 302
    assert owner.post(path, {"text": "Second", "seen": 2}).status_code == 302  # again: no version
    assert "Second" in text(visit(PINECONE, "terms/"))
    assert owner.post(path, {"text": "", "seen": 2}).status_code == 302
    assert visit(PINECONE, "terms/").status_code == 404
    with schema.in_partner(hosts.pinecone):
        assert list(LegalText.objects.order_by("number").values_list("number", flat=True)) == \
            [1, 2, 3]  # fmt: skip
        assert AuditEntry.objects.filter(verb="partner.legal_changed").count() == 3
        with pytest.raises(DatabaseError), transaction.atomic():
            LegalText.objects.update(text="x")
    with schema.in_partner(hosts.redis):
        assert not LegalText.objects.exists()
        with pytest.raises(DatabaseError), transaction.atomic():
            LegalText.objects.create(partner_id=hosts.pinecone.id, kind="terms", number=9,
                                     entered_by="x", entered_at=NOW)  # fmt: skip


def test_who_may_write_and_what_is_refused(hosts):
    owner, analyst = signed_in(REDIS, "owner"), signed_in(REDIS, "analyst")
    assert "our start" in text(owner.get("/manage/legal/"))
    assert "your site" in text(owner.get("/manage/legal/"))
    for path in ("/manage/legal/", EDIT.format("imprint")):
        assert (owner.get(path).status_code, analyst.get(path).status_code) == (200, 403)
    assert owner.get(EDIT.format("cookies")).status_code == 404
    long = owner.post(EDIT.format("imprint"), {"text": "x" * 60_001, "seen": 0})
    assert "At most 60,000 characters" in text(long)
    odd = owner.post(EDIT.format("imprint"), {"text": "a\x07b", "seen": 0})
    assert odd.status_code == 200 and not _written(hosts.redis)


def _written(partner):
    with schema.in_partner(partner):
        return LegalText.objects.exists()


@given(st.text(max_size=40))
def test_a_fact_is_never_read_as_markdown(name):
    about = legal.About("P", name, "", "", "", "", "", "Us", "US")
    words = {"privacy": "%(legal_name)s.", "subprocessors": "%(legal_name)s|"}
    escaped = legal.start("privacy", about, words)
    plain = escaped.replace("\\\\", "\0")
    for mark in "`*_[]<>#|!":
        assert plain.count(mark) == plain.count(f"\\{mark}")
