"""`/sso/recovery/`: an owner's way in for an hour, should the provider be down while enforced."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.core import ratelimit
from allauth.mfa.base.forms import AuthenticateForm
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.forms.sso import BreakGlassForm
from portal.views.sso import signed_in
from portal.words import sso as words
from tenants.accounts.models import User
from tenants.accounts.second_factor import factors
from tenants.accounts.sso_gate import enforced_for
from tenants.actions.people import Circle
from tenants.actions.sso import open_break_glass
from tenants.gateways import mail
from tenants.rules import roles
from tenants.rules.sso import BREAK_GLASS_MINUTES, SsoRefused


def recovery(request: HttpRequest) -> HttpResponse:
    """Password and second factor of an owner open the hour, tell all owners, and sign in."""
    form = BreakGlassForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            person = _owner(request, form.cleaned_data)
            row, is_new = open_break_glass(by=person, partner_id=request.owner.partner_id,  # type: ignore[attr-defined]
                                           now=timezone.now())  # fmt: skip
        except ValidationError as refused:
            form.add_error(None, refused)
        except SsoRefused as refused:
            form.add_error(None, words.refusal(refused))
        else:
            if is_new:
                owner = request.owner  # type: ignore[attr-defined]
                circle = Circle(person.audience, owner.partner_id, person.customer_id)  # type: ignore[arg-type]
                tell_owners(request, circle, "sso/break_glass.txt",
                            gettext_lazy("break-glass was opened"),
                            who=person.email, until=row.ends_at)  # fmt: skip
            return signed_in(request, person, factor_done=True)
    answer = render(request, "sso/recovery.html", {"form": form, "minutes": BREAK_GLASS_MINUTES})
    answer["Cache-Control"] = "no-store"
    return answer


def tell_owners(
    request: HttpRequest, circle: Circle, template: str, subject: Any, **facts: Any
) -> None:
    """A mail to each owner of the circle, in the language of theirs, about what was done to
    everybody's way in; texts of ours come lazy."""
    owner = request.owner  # type: ignore[attr-defined]
    home = request.build_absolute_uri("/").rstrip("/")
    page = "customer_sso" if circle.customer_id else "partner_sso"
    link = request.build_absolute_uri(reverse(page))
    product = owner.brand.product_name

    def words() -> tuple[str, str]:
        text = render_to_string(template, {"product": product, "link": link, **facts})
        return f"{product}: {subject}", text

    owners = circle.people().filter(role=roles.OWNERS[circle.audience], is_active=True)
    mail.send_each(owners.values_list("email", "language"), brand=owner.brand, home=home,
                   words=words)  # fmt: skip


def _owner(request: HttpRequest, given: dict[str, str]) -> User:
    """The owner with this password and code. Raises ValidationError, the same for all misses."""
    wrong = ValidationError(
        _("No owner with a second factor has this e-mail, password and code, or nothing is "
          "enforced here.")
    )  # fmt: skip
    if not ratelimit.consume(request, action="login"):
        raise ValidationError(_("Too many tries. Wait a minute."))
    person: Any = get_adapter().authenticate(
        request, email=given["email"].lower(), password=given["password"]
    )
    may = person is not None and person.is_active and person.role in roles.OWNERS.values()
    if not may or enforced_for(person) is None or not factors(person).exists():
        raise wrong
    form = AuthenticateForm(data={"code": given["code"]}, user=person)
    if not form.is_valid():
        raise wrong
    form.save()
    found: User = person
    return found
