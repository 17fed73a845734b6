"""The audit log: a partner's own rows, filtered, and as a file."""

import csv
import io
import json
from datetime import timedelta

from cache_api.models import Customer
from tenants import audit, schema
from tenants.accounts.models import User
from tenants.actions.keys import create_key, revoke_key
from tests.portal.views.cast import NOW, PINECONE, REDIS, signed_in, text


def rows(partner, *actors):
    with schema.in_partner(partner):
        for actor in actors:
            audit.record(actor=actor, verb="key.revoked", target=f"of {actor}", at=NOW,
                         partner_id=partner.id, data={"why": "=1+1"})  # fmt: skip


def test_a_partner_reads_its_own_rows_and_filters_them(empty_portal):
    rows(empty_portal.redis, "ann@example.com", "bob@example.com")
    rows(empty_portal.pinecone, "eve@example.com")
    owner = signed_in(REDIS, "owner")

    whole, anns = text(owner.get("/manage/audit/")), text(owner.get("/manage/audit/?actor=ANN"))
    later = text(owner.get("/manage/audit/?from=2026-10-06&verb=key.revoked"))
    today = text(owner.get("/manage/audit/?from=2026-10-05&until=2026-10-05&verb=key.revoked"))

    assert "ann@example.com" in whole and "bob@example.com" in whole and "eve@" not in whole
    assert "of ann@example.com" in anns and "bob@example.com" not in anns
    assert "Nothing matches" in later and "of bob@example.com" in today
    assert "eve@example.com" in text(signed_in(PINECONE, "owner").get("/manage/audit/"))
    assert owner.get("/manage/audit/?from=yesterday").status_code == 400
    assert owner.get("/manage/audit/?until=9999-12-31").status_code == 400


def test_drafts_of_money_and_terms_are_not_the_partners_to_read(empty_portal):
    with schema.in_partner(empty_portal.redis):
        for verb in ("agreement.proposed", "run.rate", "books.ask", "something.new"):
            audit.record(actor="petra@agentcache.example", verb=verb, target="draft", at=NOW,
                         partner_id=empty_portal.redis.id, data={"share": "secret"})  # fmt: skip
    owner = signed_in(REDIS, "owner")

    seen = text(owner.get("/manage/audit/"))
    file = owner.get("/manage/audit/csv").getvalue().decode()

    assert "Partner: opened" in seen and "partner.opened" in file
    for hidden in ("petra@", "secret", "agreement.proposed", "something.new"):
        assert hidden not in seen + file


def test_the_file_holds_the_same_rows_and_no_formula(empty_portal):
    rows(empty_portal.redis, "ann@example.com", "=cmd()")
    rows(empty_portal.pinecone, "eve@example.com")

    answer = signed_in(REDIS, "owner").get("/manage/audit/csv?verb=key.revoked")

    found = list(csv.DictReader(io.StringIO(answer.getvalue().decode())))
    assert answer["Content-Disposition"] == 'attachment; filename="audit.csv"'
    assert sorted(one["actor"] for one in found) == ["'=cmd()", "ann@example.com"]
    assert {one["data"] for one in found} == {'{"why": "=1+1"}'}


def test_the_same_rows_as_json_lines(empty_portal):
    rows(empty_portal.redis, "ann@example.com", "=cmd()")
    rows(empty_portal.pinecone, "eve@example.com")

    answer = signed_in(REDIS, "owner").get("/manage/audit/jsonl?verb=key.revoked")

    assert answer["Content-Disposition"] == 'attachment; filename="audit.jsonl"'
    assert answer["Content-Type"].startswith("application/x-ndjson") and answer.streaming
    found = [json.loads(line) for line in answer.getvalue().decode().splitlines()]
    assert sorted(one["actor"] for one in found) == ["=cmd()", "ann@example.com"]
    assert {one["data"]["why"] for one in found} == {"=1+1"}
    assert set(found[0]) == {"at", "actor", "verb", "target", "data", "id"}


def test_the_figure_counts_thirty_days(empty_portal):
    owner = signed_in(REDIS, "owner")
    partner = empty_portal.redis

    def figure():
        return int(text(owner.get("/manage/audit/")).partition("Events in 30 days")[2].split()[0])

    before = figure()
    with schema.in_partner(partner):
        for days in (0, 29, 31, 400):
            audit.record(actor="a", verb="key.revoked", target="k", at=NOW - timedelta(days=days),
                         partner_id=partner.id)  # fmt: skip

    assert figure() == before + 2


def test_a_customer_reads_what_concerns_it_and_nothing_else(empty_portal):
    partner = empty_portal.redis
    with schema.in_partner(partner):
        mine = Customer.objects.get(external_id="new")
        other = Customer.objects.create(external_id="rival", name="Rival", created_at=NOW)
        User.objects.create_user("x@example.com", role="customer_owner", customer_id=other.id)
        for who in ("new", "rival", None):
            key, _ = create_key(partner_id=partner.id, livemode=False, actor=f"by-{who}", now=NOW,
                                customer_external_id=who, label=f"key-of-{who}")  # fmt: skip
            revoke_key(partner_id=partner.id, key_id=key.id, actor=f"by-{who}", now=NOW)
        for one in (mine, other):
            name = one.external_id
            of_it = {"customer_id": str(one.id)}
            for verb, target, data in (
                ("person.invited", f"p@{name}.example", of_it),
                ("webhook.added", f"hook-{name}", of_it),
                ("sso.on", f"idp-{name}", of_it),
                ("customer.quota", name, {"after": f"quota-{name}"}),
                ("customer.suspended", name, {"reason": "they never pay"}),
                ("brand.published", name, {"customer": name}),
                ("something.new", name, of_it),
            ):
                audit.record(actor=f"did-{name}", verb=verb, target=target, at=NOW,
                             partner_id=partner.id, data=data)  # fmt: skip
    owner = signed_in(REDIS, "customer_owner")

    page = text(owner.get("/audit/"))
    lines = [json.loads(line) for line in owner.get("/audit/jsonl").getvalue().splitlines()]
    table = owner.get("/audit/csv").getvalue().decode()

    assert sorted(one["verb"] for one in lines if one["at"].startswith("2026-10-05T14:20")) == [
        "customer.quota", "key.created", "key.revoked", "person.invited", "sso.on", "webhook.added"
    ]  # fmt: skip
    for said in ("p@new.example", "hook-new", "idp-new", "quota-new", "key-of-new"):
        assert said in page and said in table
    for hidden in (
        "rival",
        "Rival",
        "never pay",
        "brand.published",
        "something.new",
        "by-None",
        "x@example",
    ):
        assert hidden not in page and hidden not in table
    assert "Nothing matches" in text(owner.get("/audit/?actor=nobody"))
    assert signed_in(REDIS, "owner").get("/audit/").status_code == 403
    assert "new.example" not in text(signed_in(PINECONE, "customer_owner").get("/audit/"))


def test_what_a_customers_people_do_by_the_pages_is_in_its_log(empty_portal):
    owner = signed_in(REDIS, "customer_owner")
    assert owner.post("/webhooks/new/", {"url": "https://example.com/h", "label": "",
                                         "types": ["key.created"]}).status_code == 200  # fmt: skip
    assert (
        owner.post("/alerts/new/", {"kind": "quota", "name": "Q", "limit": "80"}).status_code == 302
    )
    assert owner.post("/keys/new/", {"label": "k", "mode": "test"}).status_code == 200
    profile = {"name": "Ada", "language": "", "time_zone": "", "theme": ""}
    assert owner.post("/accounts/profile/", profile).status_code == 302

    found = {json.loads(line)["verb"] for line in owner.get("/audit/jsonl").getvalue().splitlines()}

    assert {"webhook.added", "alert.added", "key.created", "person.profile_changed"} <= found
