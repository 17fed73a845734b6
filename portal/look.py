"""A look of AgentCache's staff at a partner's portal: on the partner's host, read-only.

The session of this host names the look; nobody of the partner's is signed in with it. Whether it is
in force is asked anew on each request, and each page that is shown is written down before it is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from tenants.accounts.models import User
from tenants.actions import looks
from tenants.models import SupportLook
from tenants.rules import looks as rules
from tenants.rules import roles

KEY = "look"  # of the session: the look's id, nothing else
SAFE = {"GET", "HEAD", "OPTIONS"}
OPEN, END = "look_open", "look_end"
# Files are taken home, and some are made when they are first asked for: neither is looking.
FILES = ("_pdf", "_xml", "_facturx", "_zip", "_csv", "_jsonl", "_template", "_json",
         "_parquet", "_paper", "_archive", "_events", "_file", "_receipt", "_proof", "_returned",
         "_refresh", "_connect")  # fmt: skip


class Eyes:
    """What a look sees: the partner's pages as its role ROLE does. In the place of an overlay."""

    is_support = True
    role = rules.ROLE
    customer_id = None

    def __init__(self, look: SupportLook, name: str) -> None:
        self.look, self.viewer, self.ends_at, self.customer_name = (
            look, look.viewer, look.ends_at, name,
        )  # fmt: skip

    @property
    def audience(self) -> roles.Audience | None:
        """Whose pages are seen: a partner's."""
        return roles.AUDIENCE_OF.get(self.role)

    def may(self, permission: str) -> bool:
        """Whether the role that is looked through holds the permission."""
        return roles.allows(self.role, permission)


class LookMiddleware:
    """One query, and only with a look. Its pages are kept by no cache."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Serve the request through the look, or without anybody when that is over."""
        key = request.session.get(KEY)
        if not key or request.user.is_authenticated:
            return self.get_response(request)
        row = looks.look_of(key)
        why = "ended" if row is None else rules.over(
            ends_at=row.ends_at, ended_at=row.ended_at, now=timezone.now())  # fmt: skip
        if row is None or why:
            request.session.flush()
            if row is not None:
                looks.end_look(look_id=row.pk, how=why, now=timezone.now())
            return render(request, "errors/look.html", {"why": "over"}, status=403)
        if request.path == reverse(END):
            return self.get_response(request)
        request.overlay = Eyes(row, request.owner.name)  # type: ignore[attr-defined]
        # Nobody's row: what is kept for a person (views, language) is found for no such id.
        request.user = User(id=row.pk, email=row.viewer, role=rules.ROLE)
        response = self.get_response(request)
        response["Cache-Control"] = "private, no-store"
        return response

    def process_view(
        self, request: HttpRequest, view: Any, args: Any, kwargs: Any
    ) -> HttpResponse | None:
        """Refuse whatever changes something, is a file, or is an account; write the rest down."""
        eyes = getattr(request, "overlay", None)
        if not isinstance(eyes, Eyes):
            return None
        match = request.resolver_match
        name = (match.url_name if match else "") or ""
        permission = getattr(view, "permission", "")
        if request.method not in SAFE or name.endswith(FILES):
            return render(request, "errors/look.html", {"why": "changes"}, status=403)
        if permission.startswith("my.") or request.path.startswith("/accounts/"):
            return render(request, "errors/look.html", {"why": "elsewhere"}, status=403)
        if permission and eyes.may(permission):
            looks.note_page(look=eyes.look, path=request.get_full_path(), now=timezone.now())
        return None


def opened(request: HttpRequest, look: SupportLook) -> HttpResponse:
    """The browser looks from now on; whoever was signed in here with it is signed out."""
    request.session.flush()
    request.session[KEY] = str(look.pk)
    request.session.set_expiry(rules.LASTS)
    return HttpResponseRedirect(reverse("partner_overview"))
