"""allauth's hooks: no open sign-up, sessions bound to their host, links from the host's brand."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.http import HttpRequest


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
        return f'"{self.request.owner.brand.product_name}" <{settings.DEFAULT_FROM_EMAIL}>'

    def render_mail(
        self, template_prefix: str, email: Any, context: Any, headers: Any = None
    ) -> Any:
        """Give mail templates the brand they are sent for."""
        context = {**context, "owner": self.request.owner}
        return super().render_mail(template_prefix, email, context, headers)
