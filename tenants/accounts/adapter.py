"""allauth's hooks: no open sign-up, sessions bound to their host, links from the host's brand."""

from email.utils import formataddr
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.http import HttpRequest

from tenants.letters import letter_html


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """People are invited; they never sign themselves up."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Nobody signs up: accounts come from invitations."""
        return False

    def login(self, request: HttpRequest, user: Any) -> None:
        """Log in and tie the session to this host's schema (see SessionScopeMiddleware)."""
        super().login(request, user)
        request.session["scope"] = request.owner.schema_name  # type: ignore[attr-defined]

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        """Partner staff land on /manage/, customers and platform staff on /."""
        return "/manage/" if getattr(request.user, "audience", None) == "partner" else "/"

    def format_email_subject(self, subject: str) -> str:
        """The brand's product name goes before the subject."""
        return f"{self.request.owner.brand.product_name}: {subject.strip()}"

    def get_from_email(self) -> str:
        """Mail names the brand and comes from the platform's verified address."""
        return formataddr((self.request.owner.brand.sender, settings.DEFAULT_FROM_EMAIL))

    def render_mail(
        self, template_prefix: str, email: Any, context: Any, headers: Any = None
    ) -> Any:
        """The text that the templates give, and the same under the brand of the host."""
        brand = self.request.owner.brand
        context = {**context, "owner": self.request.owner}
        message = super().render_mail(template_prefix, email, context, headers)
        home = self.request.build_absolute_uri("/").rstrip("/")
        html = letter_html(brand=brand, home=home, subject=message.subject, text=message.body)
        message.attach_alternative(html, "text/html")
        if brand.support_email:
            message.reply_to = [brand.support_email]
        return message
