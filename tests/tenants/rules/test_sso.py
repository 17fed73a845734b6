"""What a provider's answer opens: worked tables, and what no answer whatever opens."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenants.rules import roles, sso
from tenants.rules.roles import Audience
from tenants.rules.sso import Claims, Person, Place, SsoRefused, Trust

TRUST = Trust(domains=["redis.example"], trusts_email=False, opens_accounts=True,
              default_role="analyst", role_claim="groups",
              role_map=[["admins", "admin"], ["eng", "developer"]])  # fmt: skip
BUYERS = Trust(domains=["redis.example"], trusts_email=False, opens_accounts=True,
               default_role="customer_viewer", role_claim="groups",
               role_map=[["eng", "customer_developer"]], audience=Audience.CUSTOMER)  # fmt: skip
ALICE = Claims("s1", "alice@redis.example", email_verified=True)


def placed(claims=ALICE, trust=TRUST, known=None, by_mail=None, bound=False, invited=None):
    try:
        found = sso.placed(claims, trust, known=known, by_mail=by_mail, bound_already=bound,
                           invited=invited)  # fmt: skip
    except SsoRefused as refused:
        return refused.code
    return found


def with_(base, **more):
    return type(base)(**{**vars(base), **more})


@pytest.mark.parametrize(("given_", "wanted"), [
    # Whoever is known comes in, whatever the address says now.
    ({"known": Person("finance")}, Place("known")),
    ({"known": Person("owner")}, Place("known")),
    ({"known": Person("finance"), "claims": Claims("s1")}, Place("known")),
    ({"known": Person("finance", is_active=False)}, "deactivated"),
    ({"known": Person("customer_owner", is_ours=False)}, "other_circle"),
    # Nobody is known: the address decides, if the provider may speak for it.
    ({}, Place("open", "analyst")),
    ({"claims": with_(ALICE, values={"groups": ["eng", "admins"]})}, Place("open", "admin")),
    ({"claims": with_(ALICE, values={"groups": ["eng"]})}, Place("open", "developer")),
    ({"claims": with_(ALICE, values={"roles": ["admins"]})}, Place("open", "analyst")),
    ({"trust": with_(TRUST, opens_accounts=False)}, "unknown"),
    ({"claims": with_(ALICE, email_verified=False)}, "unverified"),
    ({"claims": with_(ALICE, email_verified=False), "trust": with_(TRUST, trusts_email=True)},
     Place("open", "analyst")),
    ({"claims": with_(ALICE, email="")}, "no_email"),
    ({"claims": with_(ALICE, email="alice@pinecone.example")}, "other_domain"),
    ({"claims": with_(ALICE, email="alice@sub.redis.example")}, "other_domain"),
    ({"claims": with_(ALICE, email="alice@evilredis.example")}, "other_domain"),
    # Somebody has the address.
    ({"by_mail": Person("finance")}, Place("bind")),
    ({"by_mail": Person("finance"), "claims": with_(ALICE, email_verified=False)}, "unverified"),
    ({"by_mail": Person("finance"), "bound": True}, "bound_to_other"),
    ({"by_mail": Person("owner")}, "owner_binds"),
    ({"by_mail": Person("customer_owner", is_ours=False)}, "other_circle"),
    ({"by_mail": Person("finance", is_active=False)}, "deactivated"),
    # Somebody is invited.
    ({"invited": Person("finance"), "trust": with_(TRUST, opens_accounts=False)},
     Place("open", "finance")),
    ({"invited": Person("owner")}, "invited_otherwise"),
    ({"invited": Person("customer_viewer", is_ours=False)}, "invited_otherwise"),
    # A customer's connection: its own people and roles alone.
    ({"trust": BUYERS}, Place("open", "customer_viewer")),
    ({"trust": BUYERS, "claims": with_(ALICE, values={"groups": ["eng"]})},
     Place("open", "customer_developer")),
    ({"trust": BUYERS, "by_mail": Person("customer_billing")}, Place("bind")),
    ({"trust": BUYERS, "by_mail": Person("customer_owner")}, "owner_binds"),
    ({"trust": BUYERS, "by_mail": Person("customer_billing", is_ours=False)}, "other_circle"),
    ({"trust": BUYERS, "by_mail": Person("admin", is_ours=False)}, "other_circle"),
    ({"trust": BUYERS, "known": Person("customer_owner")}, Place("known")),
    ({"trust": BUYERS, "invited": Person("customer_billing")}, Place("open", "customer_billing")),
    ({"trust": BUYERS, "invited": Person("customer_billing", is_ours=False)}, "invited_otherwise"),
    ({"trust": BUYERS, "invited": Person("customer_owner")}, "invited_otherwise"),
    ({"trust": with_(BUYERS, default_role="analyst")}, "role_not_given"),
    # A setting that no form lets in.
    ({"trust": with_(TRUST, default_role="owner")}, "role_not_given"),
    ({"trust": with_(TRUST, default_role="superadmin")}, "role_not_given"),
])  # fmt: skip
def test_what_a_login_does(given_, wanted):
    assert placed(**given_) == wanted


every_role = st.sampled_from([*roles.AUDIENCE_OF, "nobody", ""])


@settings(max_examples=150, deadline=None)
@given(
    audience=st.sampled_from(list(sso.GIVEN)), default=every_role, mapped=every_role,
    invited=st.none() | st.builds(Person, every_role, st.just(True), st.booleans()),
    opens=st.booleans(),
    by_mail=st.none() | st.builds(Person, every_role, st.booleans(), st.booleans()),
    verified=st.booleans(), trusts=st.booleans(),
    email=st.sampled_from(["a@redis.example", "a@other.example", ""]),
)  # fmt: skip
def test_no_answer_makes_an_owner_or_opens_an_owners_account(
    audience, default, mapped, invited, opens, by_mail, verified, trusts, email
):
    claims = Claims("s", email, email_verified=verified, values={"groups": ["g"]})
    trust = Trust(["redis.example"], trusts, opens, default, "groups", [["g", mapped]],
                  audience=audience)  # fmt: skip

    found = placed(claims, trust, by_mail=by_mail, invited=invited)

    if isinstance(found, Place):
        assert email == "a@redis.example" and (verified or trusts)
        assert found.how in ("open", "bind")
        role = found.role if found.how == "open" else by_mail.role
        assert role in roles.PERMISSIONS[audience] and role != roles.OWNERS[audience]
        assert found.how == "open" or by_mail.is_ours


@pytest.mark.parametrize(("token", "profile", "wanted"), [
    ({"sub": "1", "email": "A@Redis.Example ", "email_verified": True, "amr": ["pwd", "mfa"]}, {},
     ("a@redis.example", True, True)),
    ({"sub": "1", "email": "a@redis.example", "email_verified": "true", "acr": "1"}, {},
     ("a@redis.example", True, False)),
    ({"sub": "1", "email": "a@redis.example", "email_verified": 1}, {},
     ("a@redis.example", True, False)),
    ({"sub": "1", "email": "a@redis.example"}, {}, ("a@redis.example", False, False)),
    ({"sub": "1"}, {"email": "b@redis.example", "email_verified": True},
     ("b@redis.example", True, False)),
    ({"sub": "1", "email": "a@redis.example"}, {"email": "b@redis.example"},
     ("a@redis.example", False, False)),
    ({"sub": "1", "email": "no address", "amr": "pwd"}, {}, ("", False, False)),
    ({"sub": "1", "email": ["a@redis.example"], "acr": "phr"}, {}, ("", False, True)),
])  # fmt: skip
def test_an_id_token_as_claims(token, profile, wanted):
    found = sso.oidc_claims(token, profile)

    assert (found.email, found.email_verified, found.strong) == wanted


MFA = "https://refeds.org/profile/mfa"
AS_EMAIL = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
ENTRA = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress"


@pytest.mark.parametrize(("name_id", "form", "attributes", "contexts", "wanted"), [
    ("42", "", {"mail": ["A@redis.example"]}, [], ("42", "a@redis.example", False)),
    ("42", "", {ENTRA: ["a@redis.example"]}, [MFA], ("42", "a@redis.example", True)),
    ("a@redis.example", AS_EMAIL, {}, [], ("a@redis.example", "a@redis.example", False)),
    ("a@redis.example", "", {}, [], ("a@redis.example", "", False)),
])  # fmt: skip
def test_an_assertion_as_claims(name_id, form, attributes, contexts, wanted):
    found = sso.saml_claims(name_id=name_id, name_format=form, attributes=attributes,
                            contexts=contexts, answer_id="_1")  # fmt: skip

    assert (found.subject, found.email, found.strong) == wanted
    assert not found.email_verified


@pytest.mark.parametrize(("name_id", "form"), [
    ("x", "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"), (" ", ""),
])  # fmt: skip
def test_a_name_that_changes_each_time_is_refused(name_id, form):
    with pytest.raises(SsoRefused) as refused:
        sso.saml_claims(name_id=name_id, name_format=form, attributes={}, contexts=[],
                        answer_id="")  # fmt: skip
    assert refused.value.code == "transient"


def code_of(check, *given_):
    try:
        return check(*given_)
    except SsoRefused as refused:
        return refused.code


@pytest.mark.parametrize(("text", "wanted"), [
    ("Redis.example, @redis.example\npinecone.example", ["pinecone.example", "redis.example"]),
    ("", "no_domains"), ("redis", "bad_domain"), ("a b..c", "bad_domain"),
    ("https://redis.example", "bad_domain"), ("gmail.com", "public_mail"),
    ("\n".join(f"d{n}.example" for n in range(21)), "many_domains"),
])  # fmt: skip
def test_domains_of_a_form(text, wanted):
    assert code_of(sso.checked_domains, text) == wanted


@pytest.mark.parametrize(("domains", "held", "wanted"), [
    (["a.example"], ["x@a.example", "y@b.example"], None), ([], [], None),
    (["a.example", "b.example"], ["x@a.example"], "foreign_domain"),
    (["a.example"], ["x@sub.a.example", "x@eva.example"], "foreign_domain"),
])  # fmt: skip
def test_a_customer_speaks_for_domains_in_which_it_has_an_address(domains, held, wanted):
    assert code_of(sso.checked_owned, domains, held) == wanted


@pytest.mark.parametrize(("text", "wanted"), [
    ("b = admin\n\n a=b = finance ", [["b", "admin"], ["a=b", "finance"]]), ("", []),
    ("admins", "bad_mapping"), ("= admin", "bad_mapping"), ("x = owner", "bad_role"),
    ("x = superadmin", "bad_role"), ("x = customer_owner", "bad_role"),
    ("\n".join(f"{n} = admin" for n in range(51)), "many_mappings"),
])  # fmt: skip
def test_the_mapping_of_a_form(text, wanted):
    assert code_of(sso.checked_mapping, text, sso.GIVEN[Audience.PARTNER]) == wanted


@pytest.mark.parametrize(("setting", "strong", "counts"), [
    ("never", True, False), ("claimed", False, False), ("claimed", True, True),
    ("always", False, True),
])  # fmt: skip
def test_when_a_login_counts_as_second_factor(setting, strong, counts):
    claims, trust = with_(ALICE, strong=strong), with_(TRUST, second_factor=setting)

    assert sso.counts_as_second_factor(claims, trust) is counts
