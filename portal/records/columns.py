"""Columns of the raw records: values as they are stored, links to rows of other tables.

No column asks the database: a link needs the key only.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from django.contrib.admin import display
from django.db.models import Field, ForeignKey, JSONField, Model, TextField
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html

from portal.records import tables

WIDEST = 8  # columns of a list; the row's own page has all
_WORD = 36  # characters of an id, which fits on a phone
SLUG = "row_partner_slug"  # the annotation that names the partner
_OWNERS = ("partner_id", "tenant_id")
# Where a list looks for what it shows first, and for the words that its search finds.
_FIRST = ("number", "slug", "code", "kind", "state", "outcome", "name", "domain", "host", "verb",
          "key_id", "account", "currency", "total_minor", "amount_minor", "debit_minor",
          "credit_minor")  # fmt: skip
_FOUND = ("number", "slug", "code", "reference", "domain", "host", "remote_id", "key_id")

Column = Callable[[Model], Any]


def owner(model: type[Model]) -> str | None:
    """The column that holds the partner's id, if rows belong to partners."""
    names = {field.attname for field in model._meta.concrete_fields}
    return next((name for name in _OWNERS if name in names), None)


def moment(model: type[Model]) -> str | None:
    """The column that tells when a row came."""
    times = [
        f.name for f in model._meta.concrete_fields if f.get_internal_type() == "DateTimeField"
    ]
    wanted = ("at", "issued_at", "created_at", "occurred_at")
    return next((name for name in wanted if name in times), times[0] if times else None)


def listed(model: type[Model]) -> list[Field[Any, Any]]:
    """The columns of a list: the key, what names a row, when it came, and what still fits."""
    fields = [f for f in tables.shown(model) if not isinstance(f, JSONField)]
    first = ["pk", *_FIRST, moment(model) or ""]

    def place(field: Field[Any, Any]) -> tuple[int, bool]:
        name = "pk" if field.primary_key else field.name
        late = isinstance(field, TextField | ForeignKey)
        return (first.index(name) if name in first else len(first), late)

    kept = [field for field in fields if field.primary_key or field.attname != owner(model)]
    return sorted(kept, key=place)[:WIDEST]


def searched(model: type[Model]) -> list[Field[Any, Any]]:
    """The columns that a search compares with what was typed: the key and other unique words."""
    names = () if model._meta.label in tables.LONG else _FOUND
    return [f for f in tables.shown(model) if f.primary_key or f.name in names]


def column(field: Field[Any, Any]) -> Column:
    """Shows one column of a row."""

    @display(description=field.name, ordering=field.attname, empty_value="–")
    def show(row: Model) -> Any:
        value = getattr(row, field.attname)
        if isinstance(field, ForeignKey) and value is not None:
            return link(field.related_model, value)  # type: ignore[arg-type]
        return _stored(value)

    show.__name__ = field.name
    return show


def _stored(value: Any) -> Any:
    """A value in no language: JSON indented, moments in UTC; long words break on a phone."""
    if value is None or value == "":
        return value
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(" ", "milliseconds")
    is_tree = isinstance(value, dict | list)
    text = json.dumps(value, indent=1, ensure_ascii=False, default=str) if is_tree else str(value)
    if len(text) <= _WORD:
        return text
    return format_html('<span style="white-space:pre-wrap;overflow-wrap:anywhere">{}</span>', text)


@display(description="partner", empty_value="–")
def partner(row: Model) -> Any:
    """The partner's short name, or its id where the partner is gone."""
    return getattr(row, SLUG) or getattr(row, str(owner(type(row))))


def link(model: type[Model], key: Any) -> Any:
    """A row's key, as a link where its table is shown."""
    opts = model._meta
    try:
        address = reverse(f"admin:{opts.app_label}_{opts.model_name}_change", args=[key])
    except NoReverseMatch:
        return key
    return format_html('<a class="text-primary-600 dark:text-primary-500" href="{}">{}</a>',
                       address, key)  # fmt: skip
