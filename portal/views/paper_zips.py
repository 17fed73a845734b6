"""The papers of a list as one zip: PDF, and XML where there is one."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.utils import timezone
from django.utils.translation import gettext as _

from billing.actions.paper_files import MOST, paper_files
from billing.queries.receivables import papers_of
from portal.views.asked import asked_month
from portal.views.files import zip_file


def papers_zip(request: HttpRequest, page: str, **whose: Any) -> HttpResponseBase:
    """The papers that the page at this path lists for `?month=`, sent while they are made; with
    more than MOST (or none) back to it with the reason. `whose`: as `papers_of` takes it."""
    month, now = asked_month(request), timezone.now()
    ids = list(papers_of(month=month, **whose).values_list("id", flat=True)[: MOST + 1])
    if not 1 <= len(ids) <= MOST:
        most = _("More than %(n)s papers. Choose a month.") % {"n": MOST}
        messages.error(request, most if ids else _("There is no paper in this list."))
        return HttpResponseRedirect(page)
    name = f"invoices-{month:%Y-%m}" if month else "invoices"
    owner: Any = request.owner  # type: ignore[attr-defined]
    return zip_file(owner, name, lambda: paper_files(ids, now=now))
