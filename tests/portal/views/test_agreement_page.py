"""The partner's agreement page: its own approved terms, the countdown, the paper, nobody else's."""

import pytest

from billing.actions.agreement_papers import make_paper
from billing.actions.proposals import propose_amendment
from billing.models import AgreementVersion
from billing.queries.terms import version_terms
from tests.billing.people import PREPARER, utc
from tests.portal.views.cast import NOW, PINECONE, REDIS, person, signed_in, text


@pytest.fixture
def papers(long_portal):
    """Both partners' agreements written out, and an amendment of Redis Labs' on its way."""
    partners, database = long_portal
    database.login("owner")
    for role in ("finance", "developer", "analyst"):
        person(partners.redis, role)
    for version in AgreementVersion.objects.all():
        make_paper(version_id=version.id, actor=PREPARER, now=NOW)
    own = AgreementVersion.objects.get(partner_id=partners.redis.id)
    propose_amendment(agreement_id=own.agreement_id, terms=version_terms(own), now=NOW,
                      starts_at=utc("2027-01-01"), created_by=PREPARER)  # fmt: skip
    known = {row.partner_id: row.id for row in AgreementVersion.objects.filter(number=1)}
    database.login("web")
    return known[partners.redis.id], known[partners.pinecone.id]


def test_a_partner_reads_its_terms_and_its_paper_and_no_other(papers):
    own, other = papers
    client = signed_in(REDIS, "finance")

    page = text(client.get("/manage/agreement/"))

    assert "In force: version 1" in page and "The partner gets 30" in page
    assert "Version 2" not in page
    paper = client.get(f"/manage/agreement/{own}/paper.pdf")
    assert (paper.status_code, paper["Content-Type"]) == (200, "application/pdf")
    assert client.get(f"/manage/agreement/{other}/paper.pdf").status_code == 404
    assert signed_in(PINECONE, "owner").get(f"/manage/agreement/{own}/paper.pdf").status_code == 404


def test_who_may_not_see_money_does_not_see_it(papers):
    for role in ("developer", "analyst", "customer_owner"):
        assert signed_in(REDIS, role).get("/manage/agreement/").status_code in (403, 404)


def test_without_an_agreement_the_page_says_so(empty_portal):
    assert "No agreement yet" in text(signed_in(REDIS, "owner").get("/manage/agreement/"))
