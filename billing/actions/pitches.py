"""Pitch a prospect: the letter and the proposal, from its figures. By the console."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from billing.gateways.mail import send
from billing.gateways.typst import render_proposal
from billing.rules.letters import Letter
from billing.rules.periods import month_of
from billing.rules.planning.offer import Offer, offer, parse_figures
from billing.rules.planning.pitch import Addressee, proposal_paper
from tenants.actions.prospects import ProspectRefused, keep_letter
from tenants.models import Prospect
from tenants.rules.sayings import Said

LARGEST_TEXT = 8_000


@dataclass(frozen=True)
class Written:
    """A letter as somebody sends it, after editing; `with_proposal` attaches the PDF."""

    to: str
    subject: str
    text: str
    with_proposal: bool = True


def offer_to(row: Prospect, now: datetime) -> Offer:
    """Three years of the prospect's deal, from this month on. Raises BadTerms."""
    return offer(row.name, row.kind, parse_figures(row.offer), month_of(now).start)


def addressee(row: Prospect) -> Addressee:
    """Whom the letter speaks to."""
    return Addressee(row.name, row.kind, row.contact_name, row.product)


def proposal_pdf(row: Prospect, now: datetime) -> bytes:
    """The proposal of today's figures. Raises BadTerms, CannotRenderError. Nothing is stored."""
    made_at = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return render_proposal(proposal_paper(addressee(row), offer_to(row, now), made_at=made_at))


def mail_pitch(*, prospect_id: uuid.UUID, letter: Written, actor: str, now: datetime) -> bool:
    """Mail the pitch and note it; a target becomes pitched. Whether it went out now.

    Safe to repeat: the same words go to the same address once. Who dies between the server's yes
    and ours sends it again under the same Message-ID. Answers go to `actor`. Raises ProspectRefused
    (nobody to write to, nothing to say), BadTerms, CannotRenderError, MailNotSentError: nothing is
    noted then.
    """
    to, subject, text = letter.to.strip(), letter.subject.strip(), letter.text.strip()
    if not (to and subject and text):
        raise ProspectRefused(Said("A letter needs an address, a subject and a text."))
    said = f"{to}\n{subject}\n\n{text}"
    if len(said) > LARGEST_TEXT:
        raise ProspectRefused(
            Said(
                "The letter is too long: at most %(largest_text)s characters.",
                largest_text=f"{LARGEST_TEXT:,}",
            )
        )
    sha256 = hashlib.sha256(said.encode()).hexdigest()
    with transaction.atomic():
        is_new = keep_letter(
            prospect_id=prospect_id, text=said, sha256=sha256, actor=actor, now=now
        )
        if is_new:
            row = Prospect.objects.get(pk=prospect_id)
            pdf = proposal_pdf(row, now) if letter.with_proposal else None
            files = [(file_name(row), pdf, "application/pdf")] if pdf else []
            send(Letter(f"pitch-{sha256[:32]}", "AgentCache", actor, subject, text), [to], files)
    return is_new


def file_name(row: Prospect) -> str:
    """`proposal-acme-inc.pdf`, of letters and digits only."""
    plain = "".join(char if char.isascii() and char.isalnum() else "-" for char in row.name.lower())
    return f"proposal-{'-'.join(filter(None, plain.split('-'))) or 'partner'}.pdf"
