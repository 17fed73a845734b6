"""The audit log: a partner's own rows, filtered, and as a file."""

import csv
import io

from tenants import audit, schema
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

    assert "partner.opened" in seen and "partner.opened" in file
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
