"""allauth's hooks: no open sign-up, sessions bound to their host, links from the host's brand."""

import logging
import time
from datetime import datetime
from email.utils import formataddr
from smtplib import SMTPException
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter, get_adapter
from allauth.account.authentication import get_authentication_records
from allauth.account.signals import login_code_rejected
from allauth.core.exceptions import ImmediateHttpResponse
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import get_user_model
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _

from tenants.accounts.sign_ins import note_sign_in
from tenants.accounts.sso_gate import break_glass_until, enforced_for
from tenants.letters import letter_html, reading, with_footer
from tenants.mail_ids import account_mail_id
from tenants.senders import send_as

log = logging.getLogger(__name__)
PENDING = "sso_pending"  # of the session: what single sign-on said of a login that is not over


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """People are invited; they never sign themselves up."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Nobody signs up: accounts come from invitations."""
        return False

    def pre_login(self, request: HttpRequest, user: Any, **kwargs: Any) -> HttpResponse | None:
        """Where single sign-on is enforced, staff come in by it alone (owners: break-glass)."""
        request.session.pop(PENDING, None)
        signed_on = getattr(request, "signed_on", None)
        if signed_on:  # kept until the login ends, on the page for the second factor or at once
            request.session[PENDING] = signed_on
        else:
            self._may_come(request, user)
        answer: HttpResponse | None = super().pre_login(request, user, **kwargs)
        return answer

    def login(self, request: HttpRequest, user: Any) -> None:
        """Log in and tie the session to this host's schema (see SessionScopeMiddleware).

        A password that works only by break-glass opens a session that ends with its hour.
        """
        signed_on = request.session.pop(PENDING, None)
        is_signed_on = bool(signed_on) and signed_on["person"] == str(user.pk)
        ends = None if is_signed_on else self._may_come(request, user)
        how = "sso" if is_signed_on else _how(request, user)
        super().login(request, user)
        self._note(request, user.pk, ok=True, how=how)
        request.session["began"] = time.time()
        request.session["scope"] = request.owner.schema_name  # type: ignore[attr-defined]
        if is_signed_on:
            request.session["sso"] = signed_on
        if ends is not None:
            request.session["ends_at"] = ends.isoformat()

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """A wrong password leaves a row, whoever it was meant for."""
        email = str(credentials.get("email") or credentials.get("username") or "")
        person = get_user_model().objects.filter(email=email.strip().lower()).first()
        self._note(request, person.pk if person else None, ok=False, how="password")

    def code_refused(self, request: HttpRequest, user: Any) -> None:
        """A wrong code from a mail leaves one as well."""
        self._note(request, user.pk, ok=False, how="mail")

    def _note(self, request: HttpRequest, person_id: Any, *, ok: bool, how: str) -> None:
        note_sign_in(
            person_id=person_id, ok=ok, how=how, ip=self.get_client_ip(request),
            browser=request.headers.get("user-agent", ""), now=timezone.now(),
        )  # fmt: skip

    def _may_come(self, request: HttpRequest, user: Any) -> datetime | None:
        """When a login without single sign-on has to end; None for never. Stops those refused."""
        enforced = enforced_for(user)
        if enforced is None:
            return None
        ends = break_glass_until(user, timezone.now())
        if ends is None:
            said = _("Your company signs in with %(name)s; passwords and passkeys are off.")
            messages.error(request, said % {"name": enforced.name})
            raise ImmediateHttpResponse(HttpResponseRedirect(reverse("account_login")))
        return ends

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        """Partner staff land on /manage/, customers and platform staff on /."""
        return "/manage/" if getattr(request.user, "audience", None) == "partner" else "/"

    def format_email_subject(self, subject: str) -> str:
        """The brand's product name goes before the subject."""
        return f"{self.request.owner.brand.product_name}: {subject.strip()}"

    def get_from_email(self) -> str:
        """Mail names the brand and comes from the platform's verified address."""
        return formataddr((self.request.owner.brand.sender, settings.DEFAULT_FROM_EMAIL))

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Hand it to the mail server. Where that takes nothing, its form says so, whoever asked."""
        try:
            super().send_mail(template_prefix, email, context)
        except (OSError, SMTPException) as error:
            log.warning("a mail about an account was not taken: %s", error)
            messages.error(self.request, _("The mail was not taken. Send it again soon."))
            again = HttpResponseRedirect(self.request.get_full_path())
            raise ImmediateHttpResponse(again) from error

    def send_notification_mail(
        self, template_prefix: str, user: Any, context: Any = None, email: str | None = None
    ) -> None:
        """Whoever's way in was changed is told so at once, by the same letter for every change."""
        request = self.request
        facts = {
            "change": template_prefix.rpartition("/")[2], "at": timezone.now(),
            "ip": self.get_client_ip(request), "browser": request.headers.get("user-agent", ""),
            "link": request.build_absolute_uri(reverse("account_security")),
        }  # fmt: skip
        try:
            super().send_mail("account/email/changed", email or user.email, facts)
        except (OSError, SMTPException) as error:  # the change is made already
            log.warning("a mail about a changed account was not taken: %s", error)

    def render_mail(
        self, template_prefix: str, email: Any, context: Any, headers: Any = None
    ) -> Any:
        """The text that the templates give, and the same under the brand of the host; in the
        language of whom it goes to, if they chose one, else in the page's."""
        with _reading_of(email if isinstance(email, str) else email[0]):
            return self._branded(template_prefix, email, context, headers)

    def _branded(self, template_prefix: str, email: Any, context: Any, headers: Any) -> Any:
        brand = self.request.owner.brand
        context = {**context, "owner": self.request.owner}
        message = super().render_mail(template_prefix, email, context, headers)
        home = self.request.build_absolute_uri("/").rstrip("/")
        html = letter_html(brand=brand, home=home, subject=message.subject, text=message.body)
        message.attach_alternative(html, "text/html")
        message.body = with_footer(message.body, brand)
        send_as(message, name=brand.sender, address=brand.mail_from)
        message.extra_headers["Message-ID"] = account_mail_id(message.to[0], home)
        if brand.support_email:
            message.reply_to = [brand.support_email]
        return message


def _reading_of(email: str) -> override:
    found = get_user_model().objects.filter(email=email.strip().lower())
    chosen = found.values_list("language", flat=True).first()
    return reading(chosen or get_language() or "")


@receiver(login_code_rejected)
def _code_refused(request: HttpRequest, user: Any, **_kwargs: Any) -> None:
    get_adapter(request).code_refused(request, user)


def _how(request: HttpRequest, user: Any) -> str:
    """By what somebody who signs in without a provider has shown who they are."""
    shown = get_authentication_records(request, user)
    kinds = {str(one.get("type", "")) for one in shown}
    by_mail = any(one["method"] == "code" for one in shown)
    if by_mail:
        return "mail_code" if kinds - {""} else "mail"
    if "webauthn" in kinds:
        return "passkey"
    return "password_code" if kinds & {"totp", "recovery_codes"} else "password"
