"""The written agreement: made once, sent, signed copies kept and hashed, never changed."""

import hashlib

import psycopg
import pytest

from billing.actions.agreement_papers import (
    BadUpload,
    keep_signed_copy,
    make_paper,
    mark_sent,
    paper_text,
)
from billing.actions.decide_terms import decline_version
from billing.actions.errors import TermsInTheWay, UnknownRun
from billing.actions.proposals import propose_agreement
from billing.models import AgreementPaper, AgreementPaperEvent
from billing.queries.agreements import paper_state
from tests.billing.people import APPROVER, PREPARER, retail_card, utc
from tests.billing.world import sign

NOW = utc("2026-01-02")
SCAN = b"%PDF-1.7 signed by both"


def test_a_paper_is_made_once_from_the_terms_and_says_its_own_hash(partners):
    version = sign(partners.redis, "revenue_share_platform")

    paper = make_paper(version_id=version.id, actor=PREPARER, now=NOW)

    assert make_paper(version_id=version.id, actor=APPROVER, now=utc("2026-02-02")).id == paper.id
    assert paper.sha256 == hashlib.sha256(bytes(paper.canonical)).hexdigest()
    assert paper.pdf_sha256 == hashlib.sha256(bytes(paper.pdf)).hexdigest()
    assert bytes(paper.pdf).startswith(b"%PDF-")
    assert paper_text(paper)["reference"] == "redis-labs-revenue-share-platform, version 1"
    other = make_paper(version_id=sign(partners.pinecone, "oem").id, actor=PREPARER, now=NOW)
    assert paper_text(other)["title"] == "OEM Licence Agreement"


def test_it_is_sent_and_signed_and_nothing_is_noted_twice(partners):
    version = sign(partners.redis, "revenue_share_platform")
    paper = make_paper(version_id=version.id, actor=PREPARER, now=NOW)
    assert paper_state(paper) == "draft"

    for _ in range(2):
        mark_sent(paper_id=paper.id, actor=PREPARER, now=NOW)
    assert paper_state(paper) == "sent"
    for content in (b"", b"MZ not a pdf", b"%PDF-" + bytes(10 * 1024 * 1024)):
        with pytest.raises(BadUpload):
            keep_signed_copy(paper_id=paper.id, content=content, actor=PREPARER, now=NOW)
    for _ in range(2):
        keep_signed_copy(paper_id=paper.id, content=SCAN, actor=PREPARER, now=NOW)

    assert paper_state(paper) == "signed"
    events = AgreementPaperEvent.objects.values_list("kind", "file_sha256")
    assert list(events) == [("sent", ""), ("signed", hashlib.sha256(SCAN).hexdigest())]
    assert bytes(AgreementPaperEvent.objects.get(kind="signed").file) == SCAN


def test_what_was_declined_or_does_not_exist_is_not_written(partners):
    version = propose_agreement(
        partner_id=partners.redis.id, template="revenue_share_platform", starts_at=NOW, now=NOW,
        created_by=PREPARER, retail_card_id=retail_card().id,
    )  # fmt: skip
    decline_version(version_id=version.id, actor=APPROVER, reason="no", now=NOW)

    with pytest.raises(TermsInTheWay, match="nothing to sign"):
        make_paper(version_id=version.id, actor=PREPARER, now=NOW)
    with pytest.raises(UnknownRun):
        make_paper(version_id=partners.redis.id, actor=PREPARER, now=NOW)
    with pytest.raises(UnknownRun):
        mark_sent(paper_id=version.id, actor=PREPARER, now=NOW)


def test_a_paper_cannot_be_changed_and_a_partner_reads_its_own_only(database, partners):
    for partner in partners:
        version = sign(partner, "revenue_share_platform")
        make_paper(version_id=version.id, actor=PREPARER, now=NOW)
    with database.psql("owner") as owner, pytest.raises(psycopg.errors.RestrictViolation):
        owner.execute("update billing_agreementpaper set sha256 = ''")

    with database.psql("web") as web:
        web.execute(f"set role {partners.redis.schema_name}")
        seen = web.execute("select partner_id from billing_agreementpaper").fetchall()
    assert [row[0] for row in seen] == [partners.redis.id]
    assert AgreementPaper.objects.count() == 2
