"""Keep an address of a page under a name, and forget it; for the people of one circle."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.db import transaction

from tenants.accounts.models import SavedView
from tenants.gateways.turns import wait_in_line
from tenants.rules.sayings import Said

MOST = 100


class TooManyViews(ValueError):
    """A circle keeps at most MOST views of a page."""


@transaction.atomic
def save_view(
    *, page: str, customer_id: uuid.UUID | None, name: str, query: str, actor: str, now: datetime
) -> SavedView:
    """Keep `query` as `name`; the same name again means the new query.

    Raises ValueError for an empty name or one of more than 80 characters, and TooManyViews.
    """
    name = " ".join(name.split())
    if not 1 <= len(name) <= 80:
        raise ValueError(Said("A view needs a name of 1 to 80 characters."))
    if len(query) > 2000:
        raise ValueError(
            Said("The address of this view is too long to keep: 2,000 characters at most.")
        )
    wait_in_line(f"views {page} {customer_id}")
    mine = SavedView.objects.filter(page=page, customer_id=customer_id)
    if mine.exclude(name=name).count() >= MOST:
        raise TooManyViews(Said("There are %(most)s views already: remove one first.", most=MOST))
    found, _ = SavedView.objects.update_or_create(
        page=page, customer_id=customer_id, name=name,
        defaults={"query": query, "saved_by": actor, "saved_at": now},
    )  # fmt: skip
    return found


def forget_view(*, page: str, customer_id: uuid.UUID | None, view_id: uuid.UUID) -> bool:
    """Remove a view of this circle; False when there is none (any more)."""
    rows = SavedView.objects.filter(page=page, customer_id=customer_id, pk=view_id)
    return bool(rows.delete()[0])


def views_of(page: str, customer_id: uuid.UUID | None) -> list[SavedView]:
    """What the circle keeps of a page, by name: one query."""
    return list(SavedView.objects.filter(page=page, customer_id=customer_id).order_by("name"))
