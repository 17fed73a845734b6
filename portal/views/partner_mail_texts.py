"""`/manage/email/texts/…`: a partner's own subjects and footer, one language at a time."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override
from django.views.decorators.http import require_http_methods

from portal.forms.mail_texts import MailTextsForm
from portal.words.mail_texts import LABELS, SAMPLE
from tenants import queries
from tenants.accounts.permissions import permission
from tenants.actions.mail_texts import TextsChanged, word_mails
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
    try:
        changed = word_mails(
            partner_id=owner.partner_id, language=language, texts=form.texts(), seen=form.seen(),
            actor=str(request.user.email).lower(), now=timezone.now(),  # type: ignore[union-attr]
        )  # fmt: skip
    except TextsChanged:
        form.add_error(None, _("Somebody else changed this meanwhile. Nothing was saved; open the "
                               "page again and look."))  # fmt: skip
        return False
    messages.success(request, _("Saved: the next mails say it.") if changed
                     else _("Nothing was changed."))  # fmt: skip
    return True


def _preview(wanted: dict[str, str], language: str, brand: str) -> list[tuple[Any, str]]:
    """Each text that is not ours, as a reader would see it."""
    with override(language):
        facts = {name: str(value) for name, value in SAMPLE.items()} | {"brand": brand}
    return [(LABELS[kind], filled(text, facts)) for kind, text in wanted.items() if text]
