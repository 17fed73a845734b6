"""Papers as one zip, the sums above them, and what plans bring in; one settled database."""

import io
import zipfile

import pytest

from billing.models import Document
from billing.queries.plan_money import plans_money
from billing.queries.plans import plans
from billing.queries.receivables import receivables
from tenants import schema
from tests.portal.views.cast import NOW, PINECONE, REDIS, signed_in, text


def files(answer):
    with zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content))) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def numbers(partner, **only):
    with schema.in_partner(partner):
        rows = Document.objects.filter(partner_id=partner.pk, **only)
        return set(rows.exclude(kind="payout_statement").values_list("number", flat=True))


def stems(found):
    return {name.removeprefix("2026-09/").rsplit(".", 1)[0] for name in found}


def test_the_partner_takes_every_paper_of_a_month_and_nobody_elses(portal):
    answer = signed_in(REDIS, "owner").get("/manage/invoices/papers.zip?month=2026-09")
    found = files(answer)

    assert answer["Content-Disposition"] == 'attachment; filename="invoices-2026-09.zip"'
    assert stems(found) == numbers(portal.redis) and len(found) >= 2
    assert all(found[name].startswith(b"%PDF") for name in found if name.endswith(".pdf"))


def test_a_customer_takes_its_own(portal):
    found = files(signed_in(REDIS, "customer_owner").get("/invoices/papers.zip"))
    mine = numbers(portal.redis, customer_external_id="acme")
    assert stems(found) == mine and mine < numbers(portal.redis)


def test_the_xml_is_there_where_a_paper_has_one(portal, monkeypatch):
    """The sellers of these papers have no address, which EN 16931 demands; one that has is next."""
    from billing.actions import paper_files

    made = paper_files._made
    monkeypatch.setattr(
        paper_files, "_made",
        lambda paper, kind, now: b"<xml/>" if kind == "xml" else made(paper, kind, now),
    )  # fmt: skip
    found = files(signed_in(REDIS, "customer_owner").get("/invoices/papers.zip"))
    assert {name.rsplit(".", 1)[1] for name in found} == {"pdf", "xml"}


@pytest.mark.parametrize(("host", "role", "path", "status"), [
    (REDIS, "analyst", "/manage/invoices/papers.zip", 403),
    (REDIS, "customer_developer", "/invoices/papers.zip", 403),
    (REDIS, "owner", "/manage/invoices/papers.zip?month=2026-08", 302),
    (REDIS, "owner", "/manage/invoices/papers.zip?month=next", 400),
    (PINECONE, "customer_owner", "/invoices/papers.zip?month=2026-9", 400),
    (REDIS, "owner", "/manage/invoices/?month=nonsense", 400),
])  # fmt: skip
def test_who_may_and_what_is_no_month(portal, host, role, path, status):
    assert signed_in(host, role).get(path).status_code == status


def test_too_many_papers_want_a_month(portal, monkeypatch):
    monkeypatch.setattr("portal.views.paper_zips.MOST", 1)
    answer = signed_in(REDIS, "owner").get("/manage/invoices/papers.zip", follow=True)
    assert "More than 1 papers. Choose a month." in text(answer)


def test_the_sums_are_those_of_the_rows(portal):
    """Nothing is paid or credited yet; on 1 December all of it is late."""
    for partner in portal:
        with schema.in_partner(partner):
            rows = Document.objects.filter(partner_id=partner.pk, kind="customer_invoice")
            total = sum(rows.values_list("total_minor", flat=True))
            (now,) = receivables(partner.pk, today=NOW.date())
            (late,) = receivables(partner.pk, today=NOW.date().replace(month=12))
            none = receivables(partner.pk, today=NOW.date(), month=NOW.replace(month=7, day=1))
            assert (now.billed_minor, now.collected_minor, now.overdue_minor) == (total, 0, 0)
            assert (late.overdue_minor, late.overdue_count) == (total, rows.count())
            assert none == []
    page = text(signed_in(REDIS, "owner").get("/manage/invoices/?month=2026-09"))
    assert "Billed" in page and "September 2026" in page


def test_without_plans_everything_was_billed_by_the_price_list(portal):
    """Redis's customers paid 3.00 net (1,500 hits × 0.002), of which its 30 % are 0.90."""
    partner = portal.redis
    with schema.in_partner(partner):
        money = plans_money(partner.pk, plans(partner.pk, NOW), "USD")
    (row,) = money.rows
    assert row.plan is None and row.mrr_minor == 0
    assert (row.billed_minor, row.earned_minor, row.margin_percent) == (300, 90, 30)
    assert f"{money.month.start:%Y-%m}" == "2026-09"
