"""Assertions that are accepted and that are not, signed by another library."""

import base64
import copy
import datetime

import pytest
import time_machine
from lxml import etree

from tenants.gateways import saml
from tenants.rules.sso import SsoRefused
from tests.tenants import saml_provider as provider
from tests.tenants.saml_provider import ACS, ENTITY, NOW, REQUEST, assertion, encoded, response

KEY, OTHER = provider.made_key("idp"), provider.made_key("other")
IDP = saml.read_metadata(provider.metadata(KEY), loopback=False)


@pytest.fixture(autouse=True)
def at_now():
    with time_machine.travel(NOW, tick=False):
        yield


def code(element, idp=IDP, request=REQUEST, now=NOW):
    text = element if isinstance(element, str) else encoded(element)
    try:
        saml.answer(idp, text, entity_id=ENTITY, acs=ACS, request_id=request, now=now)
    except SsoRefused as refused:
        return refused.code
    return ""


def one(**parts):
    return response(provider.signed(assertion(**parts), KEY))


def test_what_a_signed_assertion_says():
    found = saml.answer(
        IDP, encoded(one(attributes=(("mail", "A@redis.example"), ("groups", "eng")))),
        entity_id=ENTITY, acs=ACS, request_id=REQUEST, now=NOW,
    )  # fmt: skip

    assert (found.subject, found.email) == ("alice@redis.example", "a@redis.example")
    assert found.values["groups"] == ["eng"] and found.answer_id == "_a1"
    assert saml.answered_request(encoded(one())) == REQUEST


@pytest.mark.parametrize(("parts", "wanted"), [
    ({"audience": "https://cache.pinecone.example/sso/2/metadata/"}, "audience"),
    ({"audience": None}, "audience"),
    ({"recipient": "https://cache.pinecone.example/sso/2/acs/"}, "recipient"),
    ({"recipient": ACS + "more"}, "recipient"), ({"recipient": None}, "recipient"),
    ({"request": None}, "replayed"), ({"request": "_request-2"}, "recipient"),
    ({"confirmed_until": None}, "recipient"), ({"confirmed_until": 0}, "recipient"),
    ({"ends": -6}, "expired"), ({"starts": 6}, "clock"), ({"starts": 4}, ""),
    ({"issuer": "https://evil.example"}, "issuer"),
    ({"form": "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"}, "transient"),
    ({"attributes": ()}, ""),
])  # fmt: skip
def test_an_assertion_is_for_us_now_and_for_this_request(parts, wanted):
    assert code(one(**parts)) == wanted


def test_an_answer_to_another_request_or_address_is_refused():
    signed = provider.signed(assertion(), KEY)
    elsewhere = response(signed, destination="https://cache.pinecone.example/sso/2/acs/")

    assert code(elsewhere) == "recipient"
    assert code(one(), request="_request-2") == "replayed"
    assert code(response(status="Requester")) == "denied"
    # A stolen assertion in a new envelope that names the present request:
    stolen = response(provider.signed(assertion(request=None), KEY), request="_request-2")
    assert code(stolen, request="_request-2") == "replayed"


def test_only_the_providers_signature_on_the_assertion_counts():
    assert code(response(assertion())) == "unsigned"
    assert code(response(provider.signed(assertion(), OTHER))) == "signature"
    changed = one()
    next(changed.iter("{*}NameID")).text = "boss@redis.example"
    assert code(changed) == "signature"
    attribute = one()
    next(attribute.iter("{*}AttributeValue")).text = "boss@redis.example"
    assert code(attribute) == "signature"
    # The whole response signed, the assertion not: what is read must carry the signature itself.
    assert code(provider.signed(response(assertion()), KEY)) == "unsigned"


def test_a_wrapped_signature_does_not_cover_another_assertion():
    good = provider.signed(assertion(), KEY)
    forged = assertion(assertion_id="_evil", name_id="boss@redis.example")
    inside = copy.deepcopy(forged)
    inside.append(copy.deepcopy(good))
    borrowed = copy.deepcopy(forged)
    borrowed.insert(1, copy.deepcopy(next(good.iter("{*}Signature"))))

    for answer in (response(forged, good), response(good, forged), response(inside),
                   response(borrowed)):  # fmt: skip
        assert code(answer) not in ("",)


def test_comments_do_not_cut_a_name():
    """The canonical form leaves comments out, so a signature holds; the whole name is read."""
    answer = one(name_id="boss@redis.example.evil.example")
    name = next(answer.iter("{*}NameID"))
    name.text = "boss@redis.example"
    name.append(etree.Comment("x"))
    name[0].tail = ".evil.example"

    try:
        found = saml.answer(IDP, encoded(answer), entity_id=ENTITY, acs=ACS, request_id=REQUEST,
                            now=NOW)  # fmt: skip
    except SsoRefused:
        return
    assert found.subject == "boss@redis.example.evil.example"


BOMB = b"""<!DOCTYPE r [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><r>&b;</r>"""
OUTSIDE = b"""<!DOCTYPE r [<!ENTITY a SYSTEM "file:///etc/passwd">]><r>&a;</r>"""


@pytest.mark.parametrize("text", [
    "", "!", "PGE+", base64.b64encode(b"<a/>").decode(), base64.b64encode(BOMB).decode(),
    base64.b64encode(OUTSIDE).decode(), "A" * 600_000,
])  # fmt: skip
def test_what_is_no_answer(text):
    with pytest.raises(SsoRefused) as refused:
        saml.answered_request(text)
    assert refused.value.code in ("unreadable_answer", "unasked")
    assert code(text) != ""


@pytest.mark.parametrize(("content", "wanted"), [
    (b"", "metadata"), (b"<a/>", "metadata"), (BOMB, "metadata"), (OUTSIDE, "metadata"),
    (b"not xml", "metadata"), (b" " * (256 * 1024 + 1), "metadata_large"),
    (provider.metadata(KEY, binding="SOAP"), "metadata"),
    (provider.metadata(KEY, url="http://idp.example/sso"), "not_https"),
    (provider.metadata((b"", b"-----\nbm8gY2VydA==\n-----")), "metadata"),
])  # fmt: skip
def test_metadata_that_is_refused(content, wanted):
    with pytest.raises(SsoRefused) as refused:
        saml.read_metadata(content, loopback=False)
    assert refused.value.code == wanted


def test_our_metadata_and_the_way_there():
    ours = etree.fromstring(saml.our_metadata(ENTITY, ACS))
    service = next(ours.iter("{*}AssertionConsumerService"))

    assert (ours.get("entityID"), service.get("Location")) == (ENTITY, ACS)
    assert next(ours.iter("{*}SPSSODescriptor")).get("WantAssertionsSigned") == "true"
    assert ours.get("validUntil") is None
    url, request_id = saml.way_there(IDP, entity_id=ENTITY, acs=ACS, again=True)
    assert url.startswith(f"{provider.SSO}?SAMLRequest=") and request_id
    later = NOW + datetime.timedelta(minutes=4)
    assert code(one(confirmed_until=3), now=later) == "expired"
