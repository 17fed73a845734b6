"""The raw records on the console's host, under `/admin/`: lists and rows to read, never to edit.

There is no login of its own, and no page writes: each runs in a transaction that the database
holds read-only, as the console's role.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from csp.decorators import csp_update
from django.core.exceptions import ValidationError
from django.db import OperationalError, connection, transaction
from django.db.models import Model, OuterRef, Q, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from unfold.admin import ModelAdmin
from unfold.paginator import InfinitePaginator
from unfold.sites import UnfoldAdminSite

from portal.records import columns, filters, tables
from tenants.accounts.permissions import permission
from tenants.models import Partner

LONGEST = "5s"  # a page that the database works on for longer is given up
View = Callable[..., HttpResponse]


def door(view: View) -> View:
    """What every page passes: the permission, the policy, a read-only transaction with an end.

    unfold's Alpine evaluates its attributes and its colours are an inline stylesheet; both are
    allowed here alone.
    """

    @wraps(view)
    def read(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            with transaction.atomic():
                with connection.cursor() as cursor:
                    cursor.execute(
                        f"SET TRANSACTION READ ONLY; SET LOCAL statement_timeout = '{LONGEST}'"
                    )
                answer: Any = view(request, *args, **kwargs)
                return answer.render() if hasattr(answer, "render") else answer
        except OperationalError:
            return render(request, "console/records_slow.html", status=503)

    relaxed = csp_update(
        {"script-src": ["'self'", "'unsafe-eval'"], "style-src": ["'self'", "'unsafe-inline'"]}
    )
    return permission(tables.PERMISSION)(never_cache(relaxed(read)))


class RecordsSite(UnfoldAdminSite):
    """An admin with a first page, the tables, and nothing else: no login, password or search."""

    site_title = index_title = _("Raw records")
    enable_nav_sidebar = True

    def has_permission(self, request: HttpRequest) -> bool:
        """Who gets through the door."""
        user: Any = request.user
        return bool(user.is_authenticated and user.may(tables.PERMISSION))

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """unfold's, under our name; there is no log of changes to link to."""
        ours = {"site_title": self.site_title, "site_header": self.site_title}
        return {**super().each_context(request), **ours, "show_history": False}

    def get_log_entries(self, request: HttpRequest) -> list[Any]:
        """None: Django's own would load a model without a table, which deleting a person asks."""
        return []

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """Tables by their models' names, which have no ruled plural."""
        found = super().get_app_list(request, app_label)
        for table in (table for app in found for table in app["models"]):
            table["name"] = capfirst(str(table["model"]._meta.verbose_name))
        return found

    def get_urls(self) -> list[Any]:
        """Each behind the door."""
        return [
            path("", door(self.index), name="index"),
            path("jsi18n/", door(self.i18n_javascript), name="jsi18n"),
            path("<slug:app_label>/", door(self.app_index), name="app_list"),
            *(url for table in self._registry.values() for url in table.get_urls()),
        ]


class RecordsAdmin(ModelAdmin):
    """One table, read-only; made from the model alone."""

    paginator = InfinitePaginator
    show_full_result_count = False
    list_per_page = 50
    actions = None
    actions_on_top = True
    list_before_template = "console/records_reason.html"
    change_form_before_template = "console/records_reason.html"

    def __init__(self, model: type[Model], admin_site: Any) -> None:
        super().__init__(model, admin_site)
        whose = [columns.partner] if columns.owner(model) else []
        key, *others = [columns.column(field) for field in columns.listed(model)]
        self.list_display = [key, *whose, *others]
        self.list_filter = filters.of(model)
        self.search_fields = [field.name for field in columns.searched(model)]
        self.search_help_text = ", ".join(self.search_fields)
        self.ordering = ["-pk" if model._meta.label in tables.LONG else self._newest()]
        if model._meta.label in tables.LONG:
            self.sortable_by = ()
        self.fields = [*whose, *map(columns.column, tables.shown(model))]
        self.readonly_fields = self.fields
        self.reason = tables.reason(model)

    def _newest(self) -> str:
        moment = columns.moment(self.model)
        return f"-{moment}" if moment else "pk"

    def get_urls(self) -> list[Any]:
        """List and row; what would write has an address only to say why it does not."""
        name = f"{self.opts.app_label}_{self.opts.model_name}"
        root = f"{self.opts.app_label}/{self.opts.model_name}/"
        return [
            path(root, door(self._list), name=f"{name}_changelist"),
            path(f"{root}add/", door(self.refuse), name=f"{name}_add"),
            path(f"{root}<path:object_id>/change/", door(self._row), name=f"{name}_change"),
            path(f"{root}<path:object_id>/delete/", door(self.refuse), name=f"{name}_delete"),
        ]

    def _list(self, request: HttpRequest) -> HttpResponse:
        return self.changelist_view(request) if _reads(request) else self.refuse(request)

    def _row(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self.change_view(request, object_id) if _reads(request) else self.refuse(request)

    def refuse(self, request: HttpRequest, object_id: str = "") -> HttpResponse:
        """403, with the reason in words and the page where the right action is."""
        return render(request, "console/records_refused.html", {"reason": self.reason}, status=403)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """The rows, without the hidden columns, each with its partner's short name."""
        hidden = [f.name for f in self.opts.concrete_fields if tables.is_hidden(f)]
        rows = super().get_queryset(request).defer(*hidden)
        owner = columns.owner(self.model)
        if owner is None:
            return rows
        slug = Partner.objects.filter(id=OuterRef(owner)).values("slug")
        return rows.annotate(**{columns.SLUG: Subquery(slug)})

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Rows one of whose names is exactly what was typed; what no column can hold finds none."""
        term = search_term.strip()
        if not term:
            return queryset, False
        found = Q()
        for field in columns.searched(self.model):
            try:
                found |= Q(**{field.attname: field.to_python(term)})
            except ValidationError:
                continue
        return (queryset.filter(found) if found else queryset.none()), False

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """Only what a filter offers: an address may not ask about a hidden column, or a join."""
        name, *how = lookup.split("__")
        return name in (*self.list_filter, "partner") and len(how) <= 1

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """`records.view`, and what the table asks for besides."""
        user: Any = request.user
        return user.may(tables.PERMISSION) and user.may(tables.needs(self.model))

    def has_module_permission(self, request: HttpRequest) -> bool:
        """The same."""
        return self.has_view_permission(request)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody."""
        return False

    has_change_permission = has_delete_permission = has_add_permission


def _reads(request: HttpRequest) -> bool:
    return request.method in {"GET", "HEAD"}


site = RecordsSite(name="admin")
site.register(tables.models(), RecordsAdmin)
