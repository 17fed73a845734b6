"""The written agreement of a version: made once, sent, and kept with its signed copy."""

import json
import uuid
from datetime import datetime

from django.db import transaction

from billing.actions.errors import TermsInTheWay, UnknownRun
from billing.gateways.typst import render_agreement
from billing.models import AgreementPaper, AgreementPaperEvent, AgreementVersion
from billing.queries.gathering import agreement_parties
from billing.queries.terms import price_list, version_terms
from billing.rules.clauses import Dated, agreement_text
from billing.rules.documents import canonical_bytes, sha256_hex
from billing.rules.errors import BillingError
from tenants import audit
from tenants.rules.sayings import Said

SENT, SIGNED = "sent", "signed"
LARGEST_BYTES = 10 * 1024 * 1024


class BadUpload(BillingError):
    """A file that cannot be a signed copy."""


def make_paper(*, version_id: uuid.UUID, actor: str, now: datetime) -> AgreementPaper:
    """Write a version's terms out as text and PDF. Raises UnknownRun, TermsInTheWay (declined).

    Safe to repeat: a version has one paper, and the first one is returned.
    """
    rows = AgreementVersion.objects.select_related("agreement").prefetch_related("components")
    version = rows.filter(pk=version_id).first()
    if version is None:
        raise UnknownRun(
            Said("There is no agreement version %(version_id)s.", version_id=version_id)
        )
    made = AgreementPaper.objects.filter(version=version).first()
    if made is not None:
        return made
    if version.declined_at is not None:
        raise TermsInTheWay(
            Said("%(version)s was declined: there is nothing to sign.", version=version)
        )
    agreement = version.agreement
    text = agreement_text(
        version_terms(version),
        Dated(agreement.code, version.number, version.valid_from, version.valid_to),
        price_list(version.retail_card_id, version.valid_from),
        agreement_parties(agreement),
    )
    body, pdf = canonical_bytes(text), render_agreement(text)
    with transaction.atomic():
        paper, new = AgreementPaper.objects.get_or_create(
            version=version,
            defaults={"partner_id": version.partner_id, "canonical": body,
                      "sha256": sha256_hex(body), "pdf": pdf, "pdf_sha256": sha256_hex(pdf),
                      "made_at": now},
        )  # fmt: skip
        if new:
            _record("agreement.write", paper, actor, now)
    return paper


def mark_sent(*, paper_id: uuid.UUID, actor: str, now: datetime, note: str = "") -> None:
    """Note that the paper went to the partner. Raises UnknownRun. Safe to repeat."""
    _event(paper_id, SENT, actor, now, note)


def keep_signed_copy(
    *, paper_id: uuid.UUID, content: bytes, actor: str, now: datetime, note: str = ""
) -> None:
    """Keep the signed PDF with its SHA-256. Raises UnknownRun, BadUpload (no PDF, or too large).

    Safe to repeat: the same bytes are kept once.
    """
    if not content.startswith(b"%PDF-"):
        raise BadUpload(Said("The signed copy has to be a PDF file."))
    if len(content) > LARGEST_BYTES:
        raise BadUpload(
            Said(
                "The signed copy has %(content)s bytes; at most 10 MiB are kept.",
                content=len(content),
            )
        )
    _event(paper_id, SIGNED, actor, now, note, content)


def paper_text(paper: AgreementPaper) -> dict[str, object]:
    """The paper's text as it was written."""
    text: dict[str, object] = json.loads(bytes(paper.canonical))
    return text


def _event(
    paper_id: uuid.UUID, kind: str, actor: str, now: datetime, note: str, file: bytes | None = None
) -> None:
    with transaction.atomic():
        paper = AgreementPaper.objects.filter(pk=paper_id).first()
        if paper is None:
            raise UnknownRun(Said("There is no agreement paper %(paper_id)s.", paper_id=paper_id))
        _, new = AgreementPaperEvent.objects.get_or_create(
            paper=paper, kind=kind, file_sha256=sha256_hex(file) if file else "",
            defaults={"partner_id": paper.partner_id, "actor": actor.lower(), "note": note,
                      "file": file, "at": now},
        )  # fmt: skip
        if new:
            _record(f"agreement.{kind}", paper, actor, now)


def _record(verb: str, paper: AgreementPaper, actor: str, now: datetime) -> None:
    audit.record(actor=actor, verb=verb, target=str(paper.version_id), at=now,
                 partner_id=paper.partner_id, data={"sha256": paper.sha256})  # fmt: skip
