"""What ways to sign in are called on one's own security page."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

HOW_SIGNED_IN: dict[str, Any] = {
    "password": _("Password"),
    "password_code": _("Password and code"),
    "passkey": _("Passkey"),
    "sso": _("Single sign-on"),
    "mail": _("Code by mail"),
    "mail_code": _("Code by mail and second factor"),
}
