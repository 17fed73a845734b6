"""The brand's editor: a draft, its contrasts, its preview on every surface, publishing, back."""

from __future__ import annotations

import uuid
from typing import Any

from csp.decorators import csp_replace, csp_update
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from billing.gateways.typst import render_png
from portal import brand_samples
from portal.forms.brand import PICTURES, BrandForm
from portal.queries.status import status as status_now
from portal.words import brand as brand_words
from portal.words.told import told
from tenants import preview, queries, resolve
from tenants.accounts.permissions import permission
from tenants.actions import branding
from tenants.letters import letter_html
from tenants.models import BrandRevision
from tenants.resolve import Resolved
from tenants.rules import palette
from tenants.rules.brand import FACTS, BadBrand
from tenants.rules.meanwhile import ChangedMeanwhile

SURFACES = {
    "dashboard": gettext_lazy("Dashboard"), "login": gettext_lazy("Sign-in"),
    "mail": gettext_lazy("Mail"), "invoice": gettext_lazy("Invoice"),
    "error": gettext_lazy("Error"), "status": gettext_lazy("Status"),
}  # fmt: skip
MODES = {"light": gettext_lazy("Light"), "dark": gettext_lazy("Dark")}
_PAGES = {"login": "account/login.html", "error": "errors/404.html", "status": "status.html"}
FRAMED = csp_replace({"frame-ancestors": ["'self'"]})


@permission("brand.edit")
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def editor(request: HttpRequest) -> HttpResponse:
    """The form on the draft, or on what is published; saving makes a draft and nothing else."""
    owner = _owner(request)
    shown = _shown(owner)
    before = {name: getattr(shown, name) for name in FACTS} if shown else _first(owner)
    seen = queries.brand_seen(_partner(request))
    # A file field takes no name for an upload: pictures are kept apart, in `before`.
    initial = {name: before[name] for name in FACTS if name not in PICTURES} | {"seen": seen}
    form = BrandForm(request.POST or None, request.FILES or None, initial=initial)
    asked = request.POST.get("seed_hex", before["seed_hex"])
    accent = request.POST.get("accent_hex", before["accent_hex"])
    if request.method == "POST" and "look" not in request.POST and form.is_valid():
        try:
            branding.save_draft(
                partner_id=_partner(request), given=_allowed(form.given(before), request),
                files=form.uploads(), seen=form.cleaned_data["seen"], actor=_actor(request),
                now=timezone.now(),
            )  # fmt: skip
        except BadBrand as bad:
            form.add_error(bad.member if bad.member in form.fields else None, told(bad))
        except ChangedMeanwhile:
            form.add_error(None, _("Somebody else has saved or published this brand meanwhile. "
                                   "Open the page again and bring your change in."))  # fmt: skip
        else:
            messages.success(request, _("The draft is kept. Nobody else sees it yet."))
            return HttpResponseRedirect(reverse("partner_brand"))
    elif "look" in request.POST:
        form = BrandForm(initial={**request.POST.dict(), "seen": request.POST.get("seen", "")})
    return render(request, "partner/brand.html", {
        "form": form, "shown": shown, "before": before,
        "surfaces": SURFACES.items(), "modes": MODES.items(),
        "draft": queries.brand_draft(_partner(request)),
        "history": queries.brand_history(_partner(request)),
        "may_hide": queries.may_hide_powered_by(_partner(request)),
        "preview_link": _preview_link(request), **_contrasts(asked, accent),
    })  # fmt: skip


@permission("brand.edit")
@require_safe
@never_cache
def contrasts(request: HttpRequest) -> HttpResponse:
    """The panel for a colour that is only being thought of (htmx)."""
    seed, accent = request.GET.get("seed_hex", ""), request.GET.get("accent_hex", "")
    return render(request, "partner/brand_contrasts.html", _contrasts(seed, accent))


@permission("brand.edit")
@require_POST
def publish(request: HttpRequest) -> HttpResponse:
    """The draft, or an earlier look, becomes what everybody sees."""
    try:
        revision_id = uuid.UUID(request.POST.get("revision", ""))
    except ValueError as error:
        raise Http404 from error
    done = branding.publish_revision(partner_id=_partner(request), revision_id=revision_id,
                                     actor=_actor(request), now=timezone.now())  # fmt: skip
    if done is None:
        messages.error(request, _("That draft is no more: somebody has saved another one."))
    else:
        resolve.forget(_owner(request).host)
        messages.success(request, _("Published. Every page and mail follows within five seconds."))
    return HttpResponseRedirect(reverse("partner_brand"))


@permission("brand.edit")
@require_POST
def discard(request: HttpRequest) -> HttpResponse:
    """The draft goes; what is published stays."""
    done = branding.discard_draft(partner_id=_partner(request), actor=_actor(request),
                                  now=timezone.now())  # fmt: skip
    said = _("The draft is gone.") if done else _("There was no draft.")
    messages.success(request, said)
    return HttpResponseRedirect(reverse("partner_brand"))


@permission("brand.edit")
@require_safe
@never_cache
@FRAMED
@xframe_options_sameorigin
def surface(request: HttpRequest, name: str) -> HttpResponse:
    """One surface in the draft, light or dark, to be shown in the editor's frame."""
    theme = request.GET.get("mode", "light")
    if name not in SURFACES or theme not in MODES:
        raise Http404
    owner = _owner(request)
    shown = _shown(owner)
    wearing = preview.wearing(owner, shown) if shown else owner
    context = {"owner": wearing, "brand": wearing.brand, "theme": theme, "framed": True}
    if name == "mail":
        return _mail(request, wearing)
    template = _PAGES.get(name, f"partner/brand_{name}.html")
    if name == "dashboard":
        context |= brand_samples.dashboard()
    if name == "status":
        context |= {"status": status_now(timezone.now()), "now": timezone.now()}
    return render(request, template, context)


@permission("brand.edit")
@require_safe
@never_cache
def paper(request: HttpRequest) -> HttpResponse:
    """A sample invoice as its PDF will look, as PNG."""
    owner = _owner(request)
    shown = _shown(owner)
    facts = queries.paper_brand(shown) if shown else brand_samples.bare(owner.name)
    logo = queries.brand_file(_partner(request), facts["logo"]) if facts.get("logo") else None
    page = render_png(brand_samples.invoice(facts), 110, bytes(logo.png) if logo else b"")[0]
    return HttpResponse(page, content_type="image/png")


@csp_update({"style-src": ["'self'", "'unsafe-inline'"]})
def _mail(request: HttpRequest, owner: Resolved) -> HttpResponse:
    """A mail has inline styles and nothing else; the frame's page may hold them."""
    subject, text = brand_samples.mail(owner.brand.product_name)
    home = request.build_absolute_uri("/").rstrip("/")
    return HttpResponse(letter_html(brand=owner.brand, home=home, subject=subject, text=text))


def _contrasts(seed: str, accent: str) -> dict[str, Any]:
    try:
        tokens = palette.tokens_for(seed, accent)
    except ValueError as error:
        return {"refused": told(error)}
    return {"tokens": tokens, "contrasts": brand_words.contrast_rows(tokens),
            "adjusted": brand_words.adjusted(tokens)}  # fmt: skip


def _shown(owner: Resolved) -> BrandRevision | None:
    partner_id = owner.partner_id
    if partner_id is None:
        raise Http404
    return queries.brand_draft(partner_id) or queries.published_brand(partner_id)


def _first(owner: Resolved) -> dict[str, Any]:
    """What a form starts with where no brand was ever made."""
    names = {"product_name": owner.name, "legal_name": owner.name}
    return {**dict.fromkeys(FACTS, ""), **names, "seed_hex": palette.AGENTCACHE_SEED,
            "font": "inter", "powered_by": True}  # fmt: skip


def _allowed(given: dict[str, Any], request: HttpRequest) -> dict[str, Any]:
    """The box for "powered by" is only in the form of those who may take it off."""
    shown = given["powered_by"] or not queries.may_hide_powered_by(_partner(request))
    return {**given, "powered_by": shown}


def _preview_link(request: HttpRequest) -> str:
    draft = queries.brand_draft(_partner(request))
    if draft is None:
        return ""
    token = preview.link_token(_owner(request), draft.id)
    return request.build_absolute_uri(reverse("brand_preview", kwargs={"token": token}))


def _owner(request: HttpRequest) -> Resolved:
    found: Resolved = request.owner  # type: ignore[attr-defined]
    return found


def _partner(request: HttpRequest) -> uuid.UUID:
    return _owner(request).partner_id  # type: ignore[return-value]


def _actor(request: HttpRequest) -> str:
    return str(request.user.email).lower()  # type: ignore[union-attr]
