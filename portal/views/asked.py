"""What a page was asked for: the range, the page number, the customer. Bad input is a 400."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from billing.rules.errors import BillingError
from billing.rules.periods import parse_month
from cache_api.models import Customer
from cache_api.queries import customer_by_external_id
from portal.queries.overview import customer_of
from portal.rules.ranges import BadRange, Range, parse_range
from portal.words.told import told

PAGE_SIZE = 50


@dataclass(frozen=True)
class Pager:
    """Where a list stands; `total` rows in all."""

    number: int
    total: int
    size: int = PAGE_SIZE

    @property
    def first(self) -> int:
        """The number of the first row shown, 0 when there is none."""
        return min((self.number - 1) * self.size + 1, self.total)

    @property
    def last(self) -> int:
        """The number of the last row shown."""
        return min(self.number * self.size, self.total)

    @property
    def before(self) -> int:
        """The page before, 0 when there is none."""
        return self.number - 1

    @property
    def after(self) -> int:
        """The page after, 0 when there is none."""
        return self.number + 1 if self.last < self.total else 0


def not_one_of(name: str, text: str, known: Iterable[str]) -> BadRequest:
    """A 400 to raise: what the address names is not among what it may name."""
    return BadRequest(
        _("%(name)s=%(text)s is unknown: use one of %(known)s.")
        % {"name": name, "text": repr(text[:40]), "known": ", ".join(known)}
    )


def unreadable(name: str, text: str, form: str) -> BadRequest:
    """A 400 to raise: what the address names is not written as `form` is."""
    return BadRequest(
        _("%(name)s=%(text)s cannot be read: write it like %(form)s.")
        % {"name": name, "text": repr(text[:40]), "form": form}
    )


def asked_range(request: HttpRequest, default: str = "") -> Range:
    """`?range=` in UTC as of now. Raises BadRequest (400)."""
    try:
        return parse_range(request.GET.get("range", default), timezone.now().astimezone(UTC))
    except BadRange as error:
        raise BadRequest(told(error)) from error


def asked_page(request: HttpRequest) -> int:
    """`?page=`, from 1. Raises BadRequest (400)."""
    text = request.GET.get("page", "1")
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:7]) <= 100_000:
        raise unreadable("page", text, "1")
    return int(text)


def asked_month(request: HttpRequest) -> datetime | None:
    """The first instant of `?month=` (2026-10); None when it is not asked for. Raises BadRequest
    (400)."""
    text = request.GET.get("month", "")
    try:
        return parse_month(text).start if text else None
    except BillingError as error:
        raise BadRequest(told(error)) from error


def asked_text(request: HttpRequest, name: str) -> str:
    """A posted line of text, without what PostgreSQL can not keep; at most 500 characters."""
    return request.POST.get(name, "").replace("\0", "").strip()[:500]


def asked_customer(request: HttpRequest) -> Customer | None:
    """`?customer=` by the partner's own id; None when it is not asked for. Raises Http404."""
    external_id = request.GET.get("customer", "")
    if not external_id:
        return None
    customer = customer_by_external_id(external_id) if external_id.isprintable() else None
    if customer is None:
        raise Http404
    return customer


def customer_at(customer_id: uuid.UUID) -> Customer:
    """The customer that an address names. Raises Http404."""
    customer = customer_of(customer_id)
    if customer is None:
        raise Http404
    return customer
