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
from billing.rules.status import DELIVERED, REMINDED, UNDELIVERED
from cache_api.models import Customer
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

    `bounced` of the failed: the reader's server (or ours) refused the address at once. What comes
    back later as a mail, and complaints, nobody reads.
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

    Of a customer its owner and billing people, of a partner its owner and finance. A paper reaches
    somebody: where all of them said no to mails of papers, all of them get it.
    """
    to_customer = document.customer_id is not None
    roles = _CUSTOMER_ROLES if to_customer else _PARTNER_ROLES
    with in_partner(Partner.objects.get(pk=document.partner_id)):
        named = [email, *(_contacts(document.customer_id) if document.customer_id else [])]
        if any(named):
            return list(dict.fromkeys(filter(None, named)))
        everybody = User.objects.filter(
            role__in=roles, is_active=True, customer_id=document.customer_id
        )
        wanting = everybody.exclude(muted__contains=["documents"])
        found = wanting.values_list("email", flat=True) or everybody.values_list("email", flat=True)
        return sorted(found)


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
    found = rows.aggregate(
        papers=Count("id", filter=Q(kind=DELIVERED)),
        reminders=Count("id", filter=Q(kind=REMINDED)),
        failed=Count("id", filter=Q(kind=UNDELIVERED)),
        bounced=Count("id", filter=Q(kind=UNDELIVERED, note__contains=REFUSED)),
    )
    last = rows.filter(kind=UNDELIVERED).order_by("-at").values_list("note", "at").first()
    return MailCounts(**found, last_failure=last[0] if last else "", last_at=last and last[1])
