"""Which documents wait to be mailed or reminded of, and whose mailbox they go to."""

import uuid
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.conf import settings
from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from billing.models import Chargeback, Document, DocumentEvent, SettlementRun
from billing.queries.parties import PLATFORM_ISSUER
from billing.queries.payments import open_sql
from billing.rules.chargebacks import CLOSED
from billing.rules.drafts import CUSTOMER_INVOICE, PARTNER_INVOICE
from billing.rules.letters import ASKED
from billing.rules.runs import ISSUED as RUN_ISSUED
from billing.rules.status import BOUNCED_NOTE, DELIVERED, REMINDED, UNDELIVERED
from cache_api.models import Customer
from tenants import queries
from tenants.accounts.models import User
from tenants.models import AuditEntry, Domain, Partner
from tenants.schema import in_partner

# Older documents were brought otherwise; an installation that begins to mail sends none of them.
FRESH = timedelta(days=3)
_PARTNER_ROLES, _CUSTOMER_ROLES = ("owner", "finance"), ("customer_owner", "customer_billing")

REFUSED = "SMTPRecipientsRefused"  # in the note of a try whose address was refused
MAILER = "mail"  # who did it, in the events of papers


@dataclass(frozen=True)
class MailCounts:
    """Mails that the server took, tries that failed, and why the last of those did.

    `bounced`: addresses that were refused at once, and mail that was taken and came back.
    Complaints nobody reads.
    """

    papers: int
    reminders: int
    failed: int
    bounced: int
    last_failure: str
    last_at: datetime | None

    @property
    def any(self) -> bool:
        """Whether there was a mail at all."""
        return bool(self.papers or self.reminders or self.failed)

    @property
    def tried(self) -> int:
        """All tries."""
        return self.papers + self.reminders + self.failed


def undelivered_documents(now: datetime) -> QuerySet[Document]:
    """Fresh documents that no mail has brought yet, oldest first."""
    fresh = Document.objects.filter(issued_at__gt=now - FRESH, issued_at__lte=now)
    return fresh.exclude(events__kind=DELIVERED).order_by("issued_at", "id")


def asked_again(now: datetime, document: Document | None = None) -> list[AuditEntry]:
    """Who wanted a document (or this one) mailed once more within the last day, oldest first."""
    rows = AuditEntry.objects.filter(verb=ASKED, at__gt=now - timedelta(days=1))
    if document is not None:
        rows = rows.filter(partner_id=document.partner_id, data__document=str(document.id))
    return list(rows.order_by("at", "id"))


def brought_runs() -> QuerySet[SettlementRun]:
    """Issued runs of which no document waits to be brought: one query."""
    left = Document.objects.filter(run=OuterRef("pk")).exclude(events__kind=DELIVERED)
    return SettlementRun.objects.filter(~Exists(left), state=RUN_ISSUED).order_by("id")


def failures(document_id: uuid.UUID, what: str) -> tuple[int, datetime | None]:
    """How often sending `what` (the document, a reminder) failed, and when last."""
    rows = DocumentEvent.objects.filter(
        document_id=document_id, kind=UNDELIVERED, note__startswith=f"{what}: "
    )
    moments = list(rows.order_by("at").values_list("at", flat=True))
    return len(moments), moments[-1] if moments else None


def overdue_invoices(today: date) -> QuerySet[Document]:
    """Our invoices past due with something open, oldest first: one query.

    Nobody is reminded of money that two banks still argue about.
    """
    fought = Chargeback.objects.filter(document=OuterRef("pk")).exclude(status__in=CLOSED)
    return (
        Document.objects.filter(
            kind__in=(CUSTOMER_INVOICE, PARTNER_INVOICE), issuer=PLATFORM_ISSUER,
            due_date__lt=today,
        )
        .annotate(still=open_sql())
        .filter(~Exists(fought), still__gt=0)
        .order_by("due_date", "id")
    )  # fmt: skip


def mailboxes(document: Document, email: str) -> list[str]:
    """Who gets it: the buyer's billing address and a customer's further contacts as they are now,
    else the people who pay bills there.

    Of a customer its owner and billing people, of a partner its owner and finance. Not those who
    said no to mails of papers, nor an address that takes none; but a paper reaches somebody: where
    nobody is left, it goes where it would have gone.
    """
    to_customer = document.customer_id is not None
    roles = _CUSTOMER_ROLES if to_customer else _PARTNER_ROLES
    with in_partner(Partner.objects.get(pk=document.partner_id)):
        gone = queries.bounced_addresses(document.partner_id)
        more = _contacts(document.customer_id) if document.customer_id else []
        named = [one for one in dict.fromkeys((email, *more)) if one]
        reached = [one for one in named if one.lower() not in gone]
        if reached:
            return reached
        everybody = User.objects.filter(
            role__in=roles, is_active=True, customer_id=document.customer_id
        )
        wanting = everybody.exclude(muted__contains=["documents"])
        for people in (wanting.exclude(email__in=gone), everybody.exclude(email__in=gone)):
            found = sorted(people.values_list("email", flat=True))
            if found:
                return found
        return named or sorted(everybody.values_list("email", flat=True))


def was_mailed_to(document: Document, address: str) -> bool:
    """Whether a mail of a document went to an address (in lower case)."""
    sent = document.events.filter(kind__in=(DELIVERED, REMINDED), actor=MAILER)
    told = sent.values_list("note", flat=True)
    return any(address in note.lower().split(", ") for note in told)


def _contacts(customer_id: uuid.UUID) -> list[str]:
    facts = Customer.objects.filter(pk=customer_id).values_list("billing", flat=True).first()
    return list((facts or {}).get("contacts", ()))


def by_language(document: Document, to: list[str], otherwise: str) -> dict[str, list[str]]:
    """The addresses by the language of whoever reads them: a person's choice, else `otherwise`."""
    with in_partner(Partner.objects.get(pk=document.partner_id)):
        # Nobody else's choice: a billing address may be another customer's person, too.
        mine = User.objects.filter(is_active=True, customer_id=document.customer_id)
        people = mine.filter(email__in=to).exclude(language="")
        chosen = dict(people.values_list("email", "language"))
    found: dict[str, list[str]] = {}
    for one in to:
        found.setdefault(chosen.get(one, otherwise), []).append(one)
    return found


def page_url(document: Document, path: str) -> str:
    """A page of the document's partner, on its primary host; '' without a host."""
    host = (
        Domain.objects.filter(tenant_id=document.partner_id, is_primary=True)
        .values_list("domain", flat=True)
        .first()
    )
    if host is None:
        return ""
    port = "" if settings.HTTPS else f":{settings.WEB_PORT}"
    return f"{'https' if settings.HTTPS else 'http'}://{host}{port}{path}"


def mail_counts(partner_id: uuid.UUID, since: datetime) -> MailCounts:
    """What became of the mails of a partner's papers: one query (partner or console)."""
    rows = DocumentEvent.objects.filter(partner_id=partner_id, at__gte=since, actor=MAILER)
    came_back = Q(kind=UNDELIVERED, note__startswith=BOUNCED_NOTE)
    found = rows.aggregate(
        papers=Count("id", filter=Q(kind=DELIVERED)),
        reminders=Count("id", filter=Q(kind=REMINDED)),
        failed=Count("id", filter=Q(kind=UNDELIVERED) & ~came_back),
        bounced=Count("id", filter=Q(kind=UNDELIVERED, note__contains=REFUSED) | came_back),
    )
    last = rows.filter(kind=UNDELIVERED).order_by("-at").values_list("note", "at").first()
    return MailCounts(**found, last_failure=last[0] if last else "", last_at=last and last[1])
