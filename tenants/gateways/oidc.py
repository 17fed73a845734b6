"""OpenID Connect as a relying party: discovery, the way there, and the answer made sure of.

Authorization code with PKCE, state and nonce. Tokens are checked by joserfc and authlib; every
request of ours goes through `tenants.gateways.outside`.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import ClaimError, ExpiredTokenError, JoseError
from joserfc.jwk import KeySet

from tenants.gateways.outside import Ask, NoAnswer, fetch
from tenants.rules.sayings import saying
from tenants.rules.sso import Claims, SsoRefused, oidc_claims
from tenants.rules.targets import BadTarget, target

SKEW_S = 120
# Signatures of the provider's own key pair only: never `none`, never a shared secret.
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512",
              "EdDSA"]  # fmt: skip
_WELL_KNOWN = "/.well-known/openid-configuration"
_NEEDED = ("authorization_endpoint", "token_endpoint", "jwks_uri")
_WRONG = {"aud": "audience", "azp": "audience", "iss": "issuer", "nonce": "nonce",
          "iat": "clock", "nbf": "clock"}  # fmt: skip


@dataclass(frozen=True)
class Client:
    """Who we are to the provider, and where people come back to."""

    client_id: str
    secret: str
    redirect_uri: str


def discover(issuer: str, *, loopback: bool) -> dict[str, Any]:
    """What the provider's own document says, as a connection keeps it. Raises SsoRefused."""
    issuer = issuer.strip().removesuffix(_WELL_KNOWN)
    said = _document(issuer.rstrip("/") + _WELL_KNOWN, loopback)
    if str(said.get("issuer", "")).rstrip("/") != issuer.rstrip("/"):
        raise SsoRefused("issuer_differs", said=str(said.get("issuer", ""))[:200])
    missing = [name for name in _NEEDED if not said.get(name)]
    if missing:
        raise SsoRefused("discovery_lacks", names=", ".join(missing))
    kept = {name: str(said[name]) for name in (*_NEEDED, "issuer", "userinfo_endpoint")
            if said.get(name)}  # fmt: skip
    for name in kept.keys() - {"issuer", "authorization_endpoint"}:
        _target(kept[name], loopback)
    if urlsplit(kept["authorization_endpoint"]).scheme not in ("https", *(["http"] * loopback)):
        raise SsoRefused("not_https", url=kept["authorization_endpoint"][:200])
    methods = said.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
    return {**kept, "by_post": "client_secret_basic" not in methods}


def way_there(
    idp: Mapping[str, Any], client: Client, *, state: str, nonce: str, verifier: str, again: bool
) -> str:
    """The address at the provider to send the browser to; `again` asks for a fresh sign-in."""
    asked = {
        "response_type": "code", "client_id": client.client_id, "state": state, "nonce": nonce,
        "redirect_uri": client.redirect_uri, "scope": "openid email profile",
        "code_challenge": create_s256_code_challenge(verifier), "code_challenge_method": "S256",
        **({"prompt": "login"} if again else {}),
    }  # fmt: skip
    url = str(idp["authorization_endpoint"])
    return f"{url}{'&' if '?' in url else '?'}{urlencode(asked)}"


def answer(
    idp: Mapping[str, Any], client: Client, *, code: str, verifier: str, nonce: str,
    wants: Collection[str], now: datetime, loopback: bool,
) -> Claims:  # fmt: skip
    """The claims behind a code: token, signature, issuer, audience, time and nonce are checked.

    The userinfo endpoint is asked when the ID token lacks one of the claims in `wants`. Raises
    SsoRefused, also when the provider cannot be reached.
    """
    tokens = _tokens(idp, client, code, verifier, loopback)
    keys = _document(str(idp["jwks_uri"]), loopback)
    raw, access = str(tokens.get("id_token") or ""), str(tokens.get("access_token") or "")
    token = verified(raw, keys, issuer=str(idp["issuer"]), client_id=client.client_id,
                     nonce=nonce, access_token=access, now=now)  # fmt: skip
    profile: dict[str, Any] = {}
    if not set(wants) <= token.keys() and idp.get("userinfo_endpoint"):
        headers = {"authorization": f"Bearer {access}", "accept": "application/json"}
        profile = _document(str(idp["userinfo_endpoint"]), loopback, headers)
        if profile.get("sub") != token["sub"]:
            raise SsoRefused("token", reason="userinfo")
    found = oidc_claims(token, profile)
    return Claims(**{**vars(found), "answer_id": hashlib.sha256(raw.encode()).hexdigest()})


def verified(
    raw: str, keys: Mapping[str, Any], *, issuer: str, client_id: str, nonce: str,
    access_token: str, now: datetime,
) -> dict[str, Any]:  # fmt: skip
    """The claims of an ID token that is the provider's, for us, for this login, and in time.

    Raises SsoRefused with `signature`, `audience`, `issuer`, `nonce`, `expired`, `clock` or
    `token`.
    """
    try:
        found = jwt.decode(raw, KeySet.import_key_set(dict(keys)),  # type: ignore[arg-type]
                           algorithms=ALGORITHMS)  # fmt: skip
    except (JoseError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise SsoRefused("signature", reason=type(error).__name__) from error
    options: Any = {
        "iss": {"essential": True, "value": issuer},
        "aud": {"essential": True, "value": client_id},
    }
    params = {"nonce": nonce, "client_id": client_id, "access_token": access_token}
    token = CodeIDToken(found.claims, found.header, options, params)
    try:
        token.validate(now=int(now.timestamp()), leeway=SKEW_S)
    except ExpiredTokenError as error:
        raise SsoRefused("expired") from error
    except ClaimError as error:
        code = _WRONG.get(str(error.claim), "token")
        raise SsoRefused(code, reason=str(error.claim)) from error
    except (JoseError, ValueError, TypeError) as error:
        raise SsoRefused("token", reason=type(error).__name__) from error
    if not isinstance(token.get("sub"), str) or not 0 < len(token["sub"]) <= 500:
        raise SsoRefused("token", reason="sub")
    return dict(token)


def _tokens(
    idp: Mapping[str, Any], client: Client, code: str, verifier: str, loopback: bool
) -> dict[str, Any]:
    form = {"grant_type": "authorization_code", "code": code, "code_verifier": verifier,
            "redirect_uri": client.redirect_uri}  # fmt: skip
    headers = {"content-type": "application/x-www-form-urlencoded", "accept": "application/json"}
    if idp.get("by_post"):
        form |= {"client_id": client.client_id, "client_secret": client.secret}
    else:  # RFC 6749, 2.3.1: each part is form-encoded before it is put together
        pair = f"{quote(client.client_id, safe='')}:{quote(client.secret, safe='')}"
        headers["authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
    return _document(str(idp["token_endpoint"]), loopback, headers, urlencode(form).encode())


def _document(
    url: str, loopback: bool, headers: Mapping[str, str] | None = None, body: bytes = b""
) -> dict[str, Any]:
    ask = Ask(_target(url, loopback), "POST" if body else "GET", headers or {}, body)
    try:
        found = json.loads(fetch(ask))
    except NoAnswer as error:
        raise SsoRefused("unreachable", reason=saying(error)) from error
    except ValueError as error:
        raise SsoRefused("unreadable", url=url[:200]) from error
    if not isinstance(found, dict):
        raise SsoRefused("unreadable", url=url[:200])
    return found


def _target(url: str, loopback: bool) -> Any:
    try:
        return target(url, loopback=loopback)
    except BadTarget as error:
        raise SsoRefused("bad_address", url=url[:200], reason=saying(error)) from error
