"""The second factor: who must have one, how its secret is kept, and the door that asks for it."""

import base64
from collections.abc import Callable, Collection
from typing import Any

from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from cryptography.fernet import Fernet, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext

from tenants.rules import roles

# What a person without the factor still reaches: setting it up, signing out, and the looks.
FREE = ("/accounts/", "/brand/", "/static/", "/demo/", "/manifest.webmanifest", "/favicon.ico")


def must_have(role: str) -> bool:
    """Whether this installation asks people with the role for a second factor."""
    return bool(settings.REQUIRE_MFA) and role in roles.SECOND_FACTOR


def factors(user: Any) -> "QuerySet[Authenticator]":
    """What stands beside the password: apps and passkeys. Recovery codes alone are none."""
    return Authenticator.objects.filter(user=user, type__in=("totp", "webauthn"))


def covered(people: Collection[Any]) -> int:
    """How many of these people (their ids) have a factor beside the password."""
    found = Authenticator.objects.filter(user__in=people, type__in=("totp", "webauthn"))
    return int(found.values("user").distinct().count())


class SecondFactor(DefaultMFAAdapter):  # type: ignore[misc]
    """allauth's hooks: the brand names the account, secrets are sealed at rest."""

    def get_totp_issuer(self) -> str:
        """What an authenticator app lists the account under."""
        return str(context.request.owner.brand.product_name)

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        """A passkey belongs to this host alone; browsers and phones list it under the brand."""
        return {**super().get_public_key_credential_rp_entity(), "name": self.get_totp_issuer()}

    def generate_authenticator_name(self, user: Any, type: Any) -> str:
        """What the form for a new passkey proposes: numbered, in the order they were added."""
        number = Authenticator.objects.filter(user=user, type=type).count() + 1
        return gettext("Passkey %(number)s") % {"number": number}

    def encrypt(self, text: str) -> str:
        """Seal with a key derived from SECRET_KEY."""
        return _box().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """Open what `encrypt` sealed, under this SECRET_KEY or a former one."""
        return _box().decrypt(encrypted_text.encode()).decode()

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        """Who must have a second factor keeps at least one, besides the recovery codes."""
        user = authenticator.user
        return not must_have(user.role) or factors(user).exclude(pk=authenticator.pk).exists()


class SecondFactorMiddleware:
    """Somebody who must have a second factor and has none is led to set one up, first of all."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """One query, and only where a factor is asked for."""
        user: Any = request.user
        if (
            not request.path.startswith(FREE)
            and user.is_authenticated
            and must_have(user.role)
            # Single sign-on may have asked for one already, where the connection says so.
            and not request.session.get("sso", {}).get("strong")
            and not factors(user).exists()
        ):
            return HttpResponseRedirect(reverse("mfa_index"))
        return self.get_response(request)


def _box() -> MultiFernet:
    return MultiFernet(
        [_sealer(str(key)) for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]
    )


def _sealer(key: str) -> Fernet:
    derived = HKDF(SHA256(), 32, salt=None, info=b"second factor").derive(key.encode())
    return Fernet(base64.urlsafe_b64encode(derived))
