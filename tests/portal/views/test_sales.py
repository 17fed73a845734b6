"""The partner's page of sales reports, and the console's view of it."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from billing.models import SalesReport
from billing.rules.templates import Deal
from tenants import schema
from tests.billing import world
from tests.portal.console import cast as console
from tests.portal.views import cast
from tests.portal.views.cast import PINECONE, REDIS, signed_in, text


@pytest.fixture
def reporting(database, partners, october):
    """Both partners invoice outside; Pinecone's customers are others."""
    console.people()
    for partner, names in zip(partners, (("acme", "zeta"), ("big",)), strict=True):
        for name in names:
            world.customer(partner, name, name=name.title())
        world.sign(partner, "revenue_share_partner", starts="2026-09-01",
                   deal=Deal(sales="reported", cutoff_days=10))  # fmt: skip
        for role in ("owner", "finance", "analyst"):
            cast.person(partner, role)
    database.login("web")
    return partners


def month(partner):
    with schema.in_partner(partner):
        agreement = world.AgreementVersion.objects.get(partner_id=partner.id).agreement_id
    return f"{agreement} 2026-09"


def test_a_month_is_typed_then_sent_as_a_file_and_shown_to_both(reporting):
    client = signed_in(REDIS, "finance")
    chosen = month(reporting.redis)
    assert "awaited" in text(client.get("/manage/sales/"))
    assert "Sales reports" in text(signed_in(REDIS, "owner").get("/manage/agreement/"))

    typed = {"month": chosen, "rows": "acme,150.00,USD,INV-1\nacme,50.00,USD\n"}
    page = text(client.post("/manage/sales/", typed, follow=True))
    assert "Kept: 2 rows for 2026-09." in page and "$200.00" in page
    client.post("/manage/sales/", typed)
    file = SimpleUploadedFile("september.csv", b"customer,amount,currency\nzeta,12.34,EUR\n")
    page = text(client.post("/manage/sales/", {"month": chosen, "file": file}, follow=True))
    assert "Kept: 1 rows" in page and "12.34" in page and "$200.00" not in page
    with schema.in_console():
        reports = list(SalesReport.objects.all())
    assert len(reports) == 2

    seen = console.signed_in("auditor")
    assert "september.csv" in text(seen.get("/partners/redis-labs/sales/"))
    assert "zeta" in text(seen.get(f"/partners/redis-labs/sales/?report={reports[0].id}"))
    assert "september.csv" not in text(seen.get("/partners/pinecone/sales/"))


def test_what_can_not_be_taken_is_said_and_nothing_is_kept(reporting):
    client = signed_in(PINECONE, "owner")
    chosen = month(reporting.pinecone)
    for given, said in (
        ({}, "Choose a file, or type the rows"),
        ({"rows": "acme,1.00,USD"}, "Line 2: 'acme' is no customer of yours"),
        ({"rows": "big,many,USD"}, "Line 2: "),
        ({"rows": "big"}, "more or fewer cells"),
        ({"rows": "big,1,USD", "month": month(reporting.redis)}, "Select a valid choice"),
    ):
        answer = client.post("/manage/sales/", {"month": chosen, **given})
        assert answer.status_code == 200 and said in text(answer).replace("&#x27;", "'")
    assert signed_in(PINECONE, "analyst").get("/manage/sales/").status_code == 403
    with schema.in_console():
        assert not SalesReport.objects.exists()
