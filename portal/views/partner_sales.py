"""Sales reports: a partner that invoices its customers itself says what it sold, month by month."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from billing.actions.sales import submit_sales_report
from billing.queries.sales import AwaitedMonth, awaited_months, report_totals
from billing.rules.errors import BadPeriod
from billing.rules.periods import parse_month
from billing.rules.sales import MOST_BYTES, BadSales
from portal.forms.fields import mono_area, select, upload
from portal.words.told import told
from tenants import queries as tenants
from tenants import schema
from tenants.accounts.permissions import permission


class SalesForm(forms.Form):
    """A month's report: a file, or the same rows typed."""

    month = forms.ChoiceField(label=gettext_lazy("Month"),
                              widget=select())  # fmt: skip
    file = forms.FileField(
        label=gettext_lazy("CSV file"), required=False, widget=upload(".csv"),
        help_text=gettext_lazy(
            "Header <code>customer,amount,currency,reference</code>; the customer's id as in your "
            "requests; amounts net of tax and refunds, such as 1234.50. The reference may be left "
            "out."
        ),
    )  # fmt: skip
    rows = forms.CharField(
        label=gettext_lazy("Or type the rows"), required=False, max_length=100_000,
        widget=mono_area(5, placeholder="acme,1234.50,USD,INV-17"),
        help_text=gettext_lazy("Without the header; one customer's amount a line."),
    )  # fmt: skip

    def __init__(self, *args: Any, months: list[AwaitedMonth], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice: Any = self.fields["month"]
        choice.choices = [
            (f"{one.agreement.id} {one.period.label}", f"{one.period.label} · {one.agreement.name}")
            for one in months
        ]

    def clean(self) -> dict[str, Any]:
        """`data`: the report's bytes, typed rows under the header that they leave out."""
        found: dict[str, Any] = super().clean() or {}
        file, typed = found.get("file"), (found.get("rows") or "").strip()
        if bool(file) == bool(typed):
            self.add_error("file", _("Choose a file, or type the rows below."))
        elif file and file.size > MOST_BYTES:
            self.add_error("file", _("The file is too large: 5 MB are the most."))
        elif file:
            found |= {"data": file.read(), "name": file.name}
        else:
            found |= {"data": _with_header(typed), "name": _("typed")}
        return found


def _with_header(typed: str) -> bytes:
    lines = [line for line in typed.splitlines() if line.strip()]
    most = max(line.count(",") for line in lines)
    header = "customer,amount,currency,reference" if most >= 3 else "customer,amount,currency"
    rows = [line + "," * (most == 3 and line.count(",") == 2) for line in lines]
    return "\n".join([header, *rows, ""]).encode()


@permission("sales.report")
def sales(request: HttpRequest) -> HttpResponse:
    """The months that await a report, what came, and the form (POST)."""
    partner_id = request.owner.partner_id  # type: ignore[attr-defined]
    now = timezone.now()
    months = awaited_months(now, partner_id)
    form = SalesForm(request.POST or None, request.FILES or None, months=months)
    if request.method == "POST" and form.is_valid() and _submit(request, form):
        return HttpResponseRedirect(reverse("partner_sales"))
    return render(request, "partner/sales.html", {"form": form, **_page(months)})


@permission("channel.view")
@require_safe
def console_sales(request: HttpRequest, slug: str) -> HttpResponse:
    """The same months as the partner sees them, with what each report says."""
    partner = tenants.partner_by_slug(slug)
    if partner is None:
        raise Http404
    months = awaited_months(timezone.now(), partner.pk)
    lines: list[Any] = []
    chosen = _chosen(request, months)
    if chosen is not None and chosen.report is not None:
        with schema.in_partner(partner):
            lines = list(chosen.report.lines.all()[:500])
    shown = {"partner": partner, "chosen": chosen, "lines": lines, **_page(months)}
    return render(request, "console/sales.html", shown)


def _chosen(request: HttpRequest, months: list[AwaitedMonth]) -> AwaitedMonth | None:
    wanted = request.GET.get("report", "")
    return next((one for one in months if one.report and str(one.report.id) == wanted), None)


def _page(months: list[AwaitedMonth]) -> dict[str, Any]:
    now = timezone.now()
    sums = report_totals([one.report for one in months if one.report])
    return {
        "rows": [
            {"one": one, "sums": sums.get(one.report.id, []) if one.report else [],
             "overdue": one.report is None and now > one.cutoff_at}
            for one in months
        ],
    }  # fmt: skip


def _submit(request: HttpRequest, form: SalesForm) -> bool:
    """Keep the report, or put what is wrong with it on the form."""
    person: Any = request.user
    agreement, label = form.cleaned_data["month"].split(" ")
    try:
        report = submit_sales_report(
            agreement_id=uuid.UUID(agreement), period=parse_month(label),
            name=form.cleaned_data["name"], data=form.cleaned_data["data"], actor=person.email,
            now=timezone.now(),
        )  # fmt: skip
    except BadSales as refused:
        for problem in refused.problems:
            form.add_error(None, told(problem))
        return False
    except BadPeriod as refused:
        form.add_error("month", told(refused))
        return False
    said = _("Kept: %(rows)d rows for %(month)s.") % {"rows": report.rows, "month": label}
    late = _("It came after the cutoff: what was estimated is trued up in the next run.")
    messages.success(request, f"{said} {late}" if report.is_late else said)
    return True
