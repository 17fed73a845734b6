"""`/manage/email/texts/…`: a partner's own subjects and footer, one language at a time."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override
from django.views.decorators.http import require_http_methods

from portal.forms.mail_texts import MailTextsForm
from portal.views.entering import entered
from portal.words.mail_texts import LABELS, SAMPLE
from tenants import queries
from tenants.accounts.permissions import permission
from tenants.actions.mail_texts import word_mails
from tenants.rules.mail_texts import HOLES, filled, key


@permission("brand.edit")
@require_http_methods(["GET", "HEAD", "POST"])
def texts(request: HttpRequest, language: str) -> HttpResponse:
    """The texts in a form; `step=preview` shows them filled in, `step=save` keeps them."""
    if language not in dict(settings.LANGUAGES):
        raise Http404
    owner: Any = request.owner  # type: ignore[attr-defined]
    kept = queries.mail_texts(owner.partner_id)
    known = {kind: kept.get(key(kind, language), "") for kind in HOLES}
    form = MailTextsForm(request.POST or None, known=known)
    wanted = known
    if request.method == "POST" and form.is_valid():
        wanted = form.texts()
        if request.POST.get("step") == "save" and _saved(request, form, language):
            return HttpResponseRedirect(reverse("partner_email_texts", args=[language]))
    return render(request, "partner/mail_texts.html", {
        "form": form, "language": language, "name": dict(settings.LANGUAGES)[language],
        "others": [one for one in settings.LANGUAGES if one[0] != language],
        "preview": _preview(wanted, language, owner.brand.product_name),
    })  # fmt: skip


def _saved(request: HttpRequest, form: MailTextsForm, language: str) -> bool:
    owner: Any = request.owner  # type: ignore[attr-defined]
    word = partial(
        word_mails, partner_id=owner.partner_id, language=language, texts=form.texts(),
        seen=form.seen(), actor=str(request.user.email).lower(),  # type: ignore[union-attr]
        now=timezone.now(),
    )  # fmt: skip
    return entered(request, form, word, _("Saved: the next mails say it."))


def _preview(wanted: dict[str, str], language: str, brand: str) -> list[tuple[Any, str]]:
    """Each text that is not ours, as a reader would see it."""
    with override(language):
        facts = {name: str(value) for name, value in SAMPLE.items()} | {"brand": brand}
    return [(LABELS[kind], filled(text, facts)) for kind, text in wanted.items() if text]
