"""What narrows a list of raw records: whose rows, in which state, of when."""

from __future__ import annotations

from typing import Any

from django.contrib.admin import SimpleListFilter
from django.db.models import BooleanField, Model, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from portal.records import columns, tables
from tenants.models import Partner


class PartnerFilter(SimpleListFilter):
    """`?partner=` by short name."""

    title = _("partner")
    parameter_name = "partner"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Every partner."""
        return list(Partner.objects.order_by("slug").values_list("slug", "name"))

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The rows of that partner; none for a name that nobody has."""
        if not self.value():
            return queryset
        ids = Partner.objects.filter(slug=self.value()).values_list("id", flat=True)
        return queryset.filter(**{f"{columns.owner(queryset.model)}__in": list(ids)})


def of(model: type[Model]) -> list[Any]:
    """The filters of a table; a long one has those along its index only."""
    found: list[Any] = [PartnerFilter] if columns.owner(model) else []
    if model._meta.label in tables.LONG:
        return found
    found += [
        field.name
        for field in tables.shown(model)
        if field.choices or isinstance(field, BooleanField)
    ]
    moment = columns.moment(model)
    return found + ([moment] if moment else [])
