"""What stands between us and a partner: the last statement's closing, and payouts since."""

import uuid

from django.db.models import Sum

from billing.models import CarriedItem, Document, DocumentEvent
from billing.rules.inputs import Carried


def opening_minor(agreement_id: uuid.UUID) -> int:
    """The closing balance of the agreement's last statement, in minor units; 0 without one."""
    last = next(iter(_statements(agreement_id)), None)
    return int(last["closing_minor"]) if last else 0


def unshown_payouts_minor(agreement_id: uuid.UUID) -> int:
    """Payouts of the agreement's statements that no statement has shown yet, in minor units."""
    paid = DocumentEvent.objects.filter(
        document__run__agreement_id=agreement_id, kind="paid",
        document__kind=Document.Kind.PAYOUT_STATEMENT,
    ).aggregate(sum=Sum("amount_minor"))["sum"]  # fmt: skip
    return int(paid or 0) - sum(int(row["paid_minor"]) for row in _statements(agreement_id))


def unshown_items(agreement_id: uuid.UUID) -> tuple[Carried, ...]:
    """Credits and clawbacks of the agreement that no statement has shown yet, oldest first."""
    rows = CarriedItem.objects.filter(agreement_id=agreement_id, statement_line=None)
    return tuple(
        Carried(
            str(row.id), row.description, row.amount_minor, row.customer_external_id,
            row.customer_name,
        )
        for row in rows.exclude(amount_minor=0)
    )  # fmt: skip


def _statements(agreement_id: uuid.UUID) -> list[dict[str, int]]:
    """Newest first."""
    rows = (
        Document.objects.filter(
            run__agreement_id=agreement_id, kind=Document.Kind.PAYOUT_STATEMENT,
            statement__isnull=False,
        )
        .order_by("-issued_at", "-id")
        .values_list("statement", flat=True)
    )  # fmt: skip
    return [row for row in rows if row is not None]
