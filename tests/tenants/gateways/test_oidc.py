"""ID tokens that are accepted and that are not, made by another library (PyJWT)."""

import datetime
import json

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from tenants.gateways import oidc
from tenants.rules.sso import SsoRefused
from tests.receiver import receiver

NOW = datetime.datetime(2026, 10, 5, 14, 20, tzinfo=datetime.UTC)
AT = int(NOW.timestamp())
ISSUER, CLIENT, NONCE = "https://idp.example", "portal", "n-1"
KEY, OTHER = (rsa.generate_private_key(65537, 2048) for _ in range(2))
GOOD = {"iss": ISSUER, "aud": CLIENT, "sub": "1", "iat": AT - 5, "exp": AT + 300, "nonce": NONCE}
HARD = "a secret that is thirty-two bytes long, or longer"


def public(key):
    return json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key()))


KEYS = {"keys": [{**public(KEY), "kid": "k1", "use": "sig"}]}


def signed(claims, key=KEY, algorithm="RS256", kid="k1"):
    return jwt.encode(claims, key, algorithm=algorithm, headers={"kid": kid})


def code(raw, keys=KEYS):
    try:
        oidc.verified(raw, keys, issuer=ISSUER, client_id=CLIENT, nonce=NONCE, access_token="at",
                      now=NOW)  # fmt: skip
    except SsoRefused as refused:
        return refused.code
    return ""


def without(*names):
    return {name: value for name, value in GOOD.items() if name not in names}


@pytest.mark.parametrize(("claims", "wanted"), [
    (GOOD, ""), (GOOD | {"aud": [CLIENT]}, ""), (GOOD | {"iat": AT + 100}, ""),
    (GOOD | {"exp": AT - 100}, ""),  # clocks differ by two minutes at most
    (GOOD | {"aud": "another"}, "audience"), (GOOD | {"aud": ["another"]}, "audience"),
    (GOOD | {"aud": [CLIENT, "another"]}, "audience"),  # for two, and nobody says for whom first
    (GOOD | {"aud": [CLIENT, "another"], "azp": "another"}, "audience"),
    (GOOD | {"aud": [CLIENT, "another"], "azp": CLIENT}, ""),
    (GOOD | {"iss": "https://evil.example"}, "issuer"), (GOOD | {"iss": ISSUER + "/"}, "issuer"),
    (GOOD | {"nonce": "n-2"}, "nonce"), (without("nonce"), "nonce"),
    (GOOD | {"exp": AT - 121}, "expired"), (GOOD | {"iat": AT + 121}, "clock"),
    (GOOD | {"nbf": AT + 121}, "clock"), (GOOD | {"sub": ""}, "token"),
    (GOOD | {"sub": "x" * 501}, "token"), (GOOD | {"at_hash": "wrong"}, "token"),
    *((without(name), wanted) for name, wanted in
      {"sub": "token", "exp": "token", "iat": "clock", "aud": "audience", "iss": "issuer"}.items()),
])  # fmt: skip
def test_the_claims_are_for_us_now_and_for_this_login(claims, wanted):
    assert code(signed(claims)) == wanted


@pytest.mark.parametrize("raw", [
    signed(GOOD, key=OTHER), signed(GOOD, kid="k2", key=OTHER),
    jwt.encode(GOOD, None, algorithm="none"), jwt.encode(GOOD, HARD, algorithm="HS256"),
    signed(GOOD)[:-4], "", "a.b.c", "not a token",
    ".".join([*signed(GOOD).split(".")[:1], signed(GOOD | {"sub": "2"}).split(".")[1],
              signed(GOOD).split(".")[2]]),
])  # fmt: skip
def test_only_the_providers_key_signs(raw):
    assert code(raw) == "signature"


def test_a_key_set_without_usable_keys_verifies_nothing():
    shared = {"keys": [{"kty": "oct", "k": "c2VjcmV0" * 6, "kid": "k1"}]}
    for keys in ({}, {"keys": []}, {"keys": "x"}, {"keys": [{"kty": "??"}]}, shared):
        assert code(signed(GOOD), keys) == "signature"


def test_the_way_there_carries_state_nonce_and_the_hash_of_the_verifier():
    client = oidc.Client(CLIENT, "never sent there", "https://cache.redis.example/sso/1/callback/")
    url = oidc.way_there({"authorization_endpoint": "https://idp.example/a?x=1"}, client,
                         state="s", nonce=NONCE, verifier="v" * 43, again=True)  # fmt: skip

    # RFC 7636, appendix B, by our own hands: BASE64URL(SHA256(verifier))
    assert url.startswith("https://idp.example/a?x=1&response_type=code&client_id=portal&state=s")
    assert "code_challenge_method=S256" in url and "v" * 43 not in url and "never" not in url
    assert "prompt=login" in url


def document(there, **more):
    base = f"http://127.0.0.1:{there.port}"
    return {"issuer": base, "authorization_endpoint": f"{base}/a", "token_endpoint": f"{base}/t",
            "jwks_uri": f"{base}/k", **more}  # fmt: skip


@pytest.mark.parametrize(("said", "wanted"), [
    (lambda there: document(there, issuer="https://evil.example"), "issuer_differs"),
    (lambda there: document(there, jwks_uri=None), "discovery_lacks"),
    (lambda there: document(there, token_endpoint="http://169.254.169.254/t"), "bad_address"),
    (lambda there: document(there, authorization_endpoint="javascript:alert(1)"), "not_https"),
    (lambda there: ["no", "object"], "unreadable"), (lambda there: "x" * 600_000, "unreachable"),
    (lambda there: None, ""),
])  # fmt: skip
def test_a_providers_document(said, wanted):
    with receiver() as there:
        shown = document(there) if said(there) is None else said(there)
        body = json.dumps(shown).encode()
        there.says["/.well-known/openid-configuration"] = (200, {}, body)
        assert discovered(there) == wanted


def discovered(there):
    try:
        found = oidc.discover(f"http://127.0.0.1:{there.port}/", loopback=True)
    except SsoRefused as refused:
        return refused.code
    return "" if found["issuer"] == document(there)["issuer"] else "another"


@pytest.mark.parametrize("issuer", [
    "http://127.0.0.1:9000", "https://127.0.0.1", "https://localhost", "https://[::1]/",
    "https://idp.internal", "file:///etc/passwd", "https://user:pw@idp.example", "",
])  # fmt: skip
def test_nothing_inside_is_connected_to(issuer):
    with pytest.raises(SsoRefused) as refused:
        oidc.discover(issuer, loopback=False)
    assert refused.value.code == "bad_address"
