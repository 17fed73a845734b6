"""A partner's own domains under `/manage/domains/`, and the page for whoever manages their DNS."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.core import signing
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from portal.forms.domains import HostForm, ReleaseForm, SendForm
from portal.queries.domains import DomainView, domain_view
from portal.words import domains as words
from tenants import queries
from tenants.accounts.permissions import permission
from tenants.actions import domains as actions
from tenants.actions.domains import DomainRefused
from tenants.gateways import mail
from tenants.models import DomainClaim
from tenants.rules.custom_hosts import HostRefused

MAILS_AN_HOUR = 20
_SALT = "domain.share"


@permission("domains.manage")
def domains(request: HttpRequest) -> HttpResponse:
    """Every name, and the form for a new one."""
    form = HostForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            claim = actions.claim_host(partner_id=_partner_id(request), actor=_actor(request),
                                       text=form.cleaned_data["host"],
                                       now=timezone.now())  # fmt: skip
        except (HostRefused, DomainRefused) as refused:
            form.add_error("host", words.refusal(refused.code))
        else:
            return HttpResponseRedirect(reverse("partner_domain", args=[claim.pk]))
    claims = queries.domain_claims(_partner_id(request))
    claimed = {claim.host for claim in claims}
    hosts = queries.hosts_of(_partner_id(request))
    return render(request, "partner/domains.html", {
        "form": form,
        "open": [domain_view(claim) for claim in claims if claim.ended_at is None],
        "ended": [domain_view(claim) for claim in claims if claim.ended_at is not None][:10],
        "given": [host for host in hosts if host.domain not in claimed],
    })  # fmt: skip


@permission("domains.manage")
@require_safe
def domain(request: HttpRequest, claim_id: uuid.UUID) -> HttpResponse:
    """One name: what to do, what was found, who has to act."""
    return _page(request, _view(request, claim_id))


@permission("domains.manage")
@require_POST
def check(request: HttpRequest, claim_id: uuid.UUID) -> HttpResponse:
    """Have DNS looked at now."""
    return _do(request, claim_id, actions.ask_check, _("DNS is being asked."),
               _("It was asked a moment ago; look again soon."))  # fmt: skip


@permission("domains.manage")
@require_POST
def primary(request: HttpRequest, claim_id: uuid.UUID) -> HttpResponse:
    """Lead with this name."""
    return _do(request, claim_id,
               lambda **where: actions.make_primary(actor=_actor(request), **where),
               _("This name leads now. Pages of the old one redirect here for 30 days."),
               _("It leads already."))  # fmt: skip


@permission("domains.manage")
@require_POST
def release(request: HttpRequest, claim_id: uuid.UUID) -> HttpResponse:
    """Give the name up, once it is written again."""
    shown = _view(request, claim_id)
    form = ReleaseForm(request.POST)
    wanted = form.cleaned_data["host"].strip().lower() if form.is_valid() else ""
    if wanted not in (shown.host.host, shown.host.shown):
        if form.is_valid():
            form.add_error("host", _("This is another name. Nothing was changed."))
        return _page(request, shown, release_form=form)
    return _do(request, claim_id,
               lambda **where: actions.release(actor=_actor(request), **where),
               _("Released. You may remove its DNS records now."),
               _("It was released already."), then=reverse("partner_domains"))  # fmt: skip


@permission("domains.manage")
@require_POST
def send(request: HttpRequest, claim_id: uuid.UUID) -> HttpResponse:
    """Mail the records, with a link to the page that needs no sign-in."""
    shown, form = _view(request, claim_id), SendForm(request.POST)
    if not form.is_valid():
        return _page(request, shown, send_form=form)
    now = timezone.now()
    since = queries.AuditFilter(verb="domain.shared", start=now - timedelta(hours=1))
    if (
        queries.audit_entries(queries.partner_reader(_partner_id(request)), since).count()
        >= MAILS_AN_HOUR
    ):
        form.add_error("email", _("Twenty were sent within the hour. Wait a little."))
        return _page(request, shown, send_form=form)
    to = form.cleaned_data["email"]
    try:
        claim = actions.share(partner_id=_partner_id(request), claim_id=claim_id,
                              actor=_actor(request), to=to, now=now)  # fmt: skip
    except DomainRefused as refused:
        messages.error(request, words.refusal(refused.code))
        return _to(claim_id)
    # Whoever adds the records shall see them arrive.
    actions.ask_check(partner_id=claim.partner_id, claim_id=claim_id, now=now)
    if _mail(request, shown, claim, to):
        messages.success(request, _("The records are on their way to %s.") % to)
    else:
        messages.error(request, _("The mail was not taken. Send it again soon."))
    return _to(claim_id)


@permission("domains.manage")
@require_POST
def unshare(request: HttpRequest, claim_id: uuid.UUID) -> HttpResponse:
    """The links sent out work no more."""
    return _do(request, claim_id,
               lambda **where: actions.unshare(actor=_actor(request), **where),
               _("The links sent out work no more."), _("No link was open."))  # fmt: skip


@require_safe
def shared(request: HttpRequest, token: str) -> HttpResponse:
    """The records and their live state for whoever manages the DNS. No sign-in, read only."""
    claim = _claim_of(request, token)
    if claim is None:
        return render(request, "partner/domain_shared.html", {"shown": None}, status=410)
    _look_again(request, claim)
    answer = render(request, "partner/domain_shared.html", {"shown": domain_view(claim)})
    answer["Referrer-Policy"] = "no-referrer"
    return answer


def link_token(claim: DomainClaim) -> str:
    """What stands in the link: the claim and the number of its sharing, signed."""
    return signing.dumps([str(claim.pk), claim.share_number], salt=_SALT)


def _claim_of(request: HttpRequest, token: str) -> DomainClaim | None:
    try:
        claim_id, number = signing.loads(token, salt=_SALT)
    except signing.BadSignature:
        return None
    claim = queries.domain_claim(_partner_id(request), uuid.UUID(claim_id))
    if claim is None or claim.share_number != number:
        return None
    is_open = claim.shared_until is not None and claim.shared_until > timezone.now()
    return claim if is_open else None


def _page(request: HttpRequest, shown: DomainView, **forms: Any) -> HttpResponse:
    _look_again(request, shown.claim)
    link = request.build_absolute_uri(reverse("domain_shared", args=[link_token(shown.claim)]))
    is_shared = shown.claim.shared_until is not None and shown.claim.shared_until > timezone.now()
    context = {"shown": shown, "link": link if is_shared else "", "send_form": SendForm(),
               "release_form": ReleaseForm(),
               "probes": [(probe, words.SAID.get(probe.verdict, probe.verdict))
                          for probe in queries.domain_probes(shown.claim.pk, 12)]}  # fmt: skip
    return render(request, "partner/domain.html", context | forms)


def _look_again(request: HttpRequest, claim: DomainClaim) -> None:
    """An open page that waits asks for a look every 20 seconds: only the page's own polls do."""
    if request.headers.get("HX-Request") and claim.asked_at is not None:
        actions.ask_check(partner_id=claim.partner_id, claim_id=claim.pk, now=timezone.now())


def _view(request: HttpRequest, claim_id: uuid.UUID) -> DomainView:
    claim = queries.domain_claim(_partner_id(request), claim_id)
    if claim is None:
        raise Http404
    return domain_view(claim)


def _do(
    request: HttpRequest, claim_id: uuid.UUID, verb: Callable[..., bool], done: str, was: str,
    then: str = "",
) -> HttpResponse:  # fmt: skip
    try:
        changed = verb(partner_id=_partner_id(request), claim_id=claim_id, now=timezone.now())
    except DomainRefused as refused:
        if refused.code == "unknown":
            raise Http404 from refused
        messages.error(request, words.refusal(refused.code))
        return _to(claim_id)
    (messages.success if changed else messages.info)(request, done if changed else was)
    return HttpResponseRedirect(then) if then else _to(claim_id)


def _to(claim_id: uuid.UUID) -> HttpResponse:
    return HttpResponseRedirect(reverse("partner_domain", args=[claim_id]))


def _mail(request: HttpRequest, shown: DomainView, claim: DomainClaim, to: str) -> bool:
    owner = request.owner  # type: ignore[attr-defined]
    link = request.build_absolute_uri(reverse("domain_shared", args=[link_token(claim)]))
    text = render_to_string("people/domain_records.txt", {
        "shown": shown, "owner": owner, "link": link, "who": _actor(request),
    })  # fmt: skip
    subject = _("Two DNS records for %(host)s") % {"host": shown.host.shown}
    home = request.build_absolute_uri("/").rstrip("/")
    return mail.send(to=to, brand=owner.brand, home=home, subject=subject, text=text)


def _partner_id(request: HttpRequest) -> uuid.UUID:
    return request.owner.partner_id  # type: ignore[attr-defined,no-any-return]


def _actor(request: HttpRequest) -> str:
    return str(request.user.email).lower()  # type: ignore[union-attr]
