"""The demo's break-it page: kill something while answered = recorded counts on the screen."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from portal.demo import breaking, summary
from portal.servers import breakage
from tenants.accounts.permissions import permission

SLUG = "redis-labs"
SETTLES_S = 60.0  # what is left to record after the last answer
TARGETS: dict[str, Any] = {
    "recorder": gettext_lazy("The recorder: usage waits in the stream"),
    "events": gettext_lazy("The events Valkey: edges write to their own disks"),
    "postgres": gettext_lazy("Postgres: edges answer from what they know"),
}


@permission("switches.set")
@require_http_methods(["GET", "HEAD", "POST"])
def break_it(request: HttpRequest) -> HttpResponse:
    """The counts of the last one; posted, with `sure`, another. Only in the demo."""
    facts = summary.read() if settings.DEMO else {}
    if not facts:
        raise Http404
    if request.method == "POST":
        return _begin(request, facts)
    return render(request, "demo/break.html", _state() | {"targets": TARGETS.items()})


def _begin(request: HttpRequest, facts: dict[str, Any]) -> HttpResponse:
    target = request.POST.get("target", "")
    if request.POST.get("sure") != "yes" or target not in breakage.TARGETS:
        raise BadRequest(_("Choose what to kill, and say that you are sure."))
    row = next(one for one in facts["partners"] if one["slug"] == SLUG)
    try:
        breaking.begin(
            data_dir=Path(settings.DATA_DIR), edge_url=facts["edge"]["url"], key=row["api_key"],
            slug=SLUG, customer=row["customers"][0]["external_id"], target=target,
        )  # fmt: skip
    except breaking.Busy:
        messages.info(request, _("One runs already."))
    return HttpResponseRedirect(reverse("console_break"))


def _state() -> dict[str, Any]:
    folder = Path(settings.DATA_DIR)
    counts = breaking.current(folder)
    if counts is None:
        return {"counts": None, "working": False}
    recorded, broken = breaking.recorded(counts), breakage.killed(folder, counts.id)
    verdict = ""
    if not counts.runs:
        late = time.time() > (counts.done_at or counts.began_at) + SETTLES_S
        equal = recorded == counts.answered and counts.done_at
        verdict = "equal" if equal else "unequal" if late else "waiting"
    back_at = broken.get("back_at")
    return {
        "counts": counts, "recorded": recorded, "broken": broken, "verdict": verdict,
        "working": counts.runs or verdict == "waiting",
        "away_s": back_at - broken["killed_at"] if back_at else None,
    }  # fmt: skip
