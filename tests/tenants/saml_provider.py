"""Assertions as a SAML provider makes them, good and bad, signed by another library (signxml)."""

from __future__ import annotations

import base64
import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from lxml import etree
from signxml import XMLSigner, methods

ISSUER, SSO = "https://idp.example/saml", "https://idp.example/saml/sso"
ENTITY = "https://cache.redis.example/sso/1/metadata/"
ACS = "https://cache.redis.example/sso/1/acs/"
REQUEST = "_request-1"
NOW = datetime.datetime(2026, 10, 5, 14, 20, tzinfo=datetime.UTC)
UNSPECIFIED = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"


def made_key(name):
    """A key pair and its certificate (PEM both), valid all of 2026."""
    key = rsa.generate_private_key(65537, 2048)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    cert = (
        x509.CertificateBuilder().subject_name(subject).issuer_name(subject)
        .public_key(key.public_key()).serial_number(1)
        .not_valid_before(datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)).not_valid_after(
            datetime.datetime(2027, 1, 1, tzinfo=datetime.UTC)).sign(key, hashes.SHA256())
    )  # fmt: skip
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                            serialization.NoEncryption())  # fmt: skip
    return pem, cert.public_bytes(serialization.Encoding.PEM)


def instant(minutes):
    return (NOW + datetime.timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")


def assertion(
    *, assertion_id="_a1", issuer=ISSUER, audience=ENTITY, recipient=ACS, request=REQUEST,
    starts=-1, ends=5, confirmed_until=5, name_id="alice@redis.example", form=UNSPECIFIED,
    attributes=(("email", "alice@redis.example"),), context="Password",
):  # fmt: skip
    """An unsigned assertion; None leaves a part out."""
    restriction = (f"<saml:AudienceRestriction><saml:Audience>{audience}</saml:Audience>"
                   "</saml:AudienceRestriction>") if audience else ""  # fmt: skip
    data = "".join(f' {key}="{value}"' for key, value in (
        ("Recipient", recipient), ("InResponseTo", request),
        ("NotOnOrAfter", instant(confirmed_until) if confirmed_until is not None else None),
    ) if value)  # fmt: skip
    said = "".join(
        f'<saml:Attribute Name="{key}"><saml:AttributeValue>{value}</saml:AttributeValue>'
        "</saml:Attribute>" for key, value in attributes
    )  # fmt: skip
    statement = f"<saml:AttributeStatement>{said}</saml:AttributeStatement>" if said else ""
    return etree.fromstring(f"""<saml:Assertion
      xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"
      ID="{assertion_id}" Version="2.0" IssueInstant="{instant(0)}">
      <saml:Issuer>{issuer}</saml:Issuer><saml:Subject>
      <saml:NameID Format="{form}">{name_id}</saml:NameID><saml:SubjectConfirmation
        Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml:SubjectConfirmationData{data}/>
      </saml:SubjectConfirmation></saml:Subject>
      <saml:Conditions NotBefore="{instant(starts)}" NotOnOrAfter="{instant(ends)}">{restriction}
      </saml:Conditions>
      <saml:AuthnStatement AuthnInstant="{instant(0)}" SessionIndex="_s"><saml:AuthnContext>
        <saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:{context}
</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>{statement}
    </saml:Assertion>""")


def signed(element, key):
    """The element with an enveloped signature behind its issuer, where the schema wants it."""
    place = etree.SubElement(element, "{http://www.w3.org/2000/09/xmldsig#}Signature",
                             Id="placeholder")  # fmt: skip
    element.remove(place)
    element.insert(1, place)
    signer = XMLSigner(
        method=methods.enveloped, c14n_algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"
    )
    return signer.sign(element, key=key[0], cert=key[1].decode(), reference_uri=element.get("ID"))


def response(*assertions, destination=ACS, request=REQUEST, status="Success", issuer=ISSUER):
    """A response around assertions, not signed itself."""
    found = etree.fromstring(f"""<samlp:Response
      xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol"
      xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_r1" Version="2.0"
      IssueInstant="{instant(0)}" Destination="{destination}" InResponseTo="{request}">
      <saml:Issuer>{issuer}</saml:Issuer><samlp:Status>
      <samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:{status}"/></samlp:Status>
    </samlp:Response>""")
    for one in assertions:
        found.append(one)
    return found


def encoded(element):
    """As a form posts it."""
    return base64.b64encode(etree.tostring(element)).decode()


def metadata(key, *, issuer=ISSUER, url=SSO, binding="HTTP-Redirect"):
    """The provider's own document."""
    body = "".join(key[1].decode().strip().splitlines()[1:-1])
    return f"""<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata"
      xmlns:ds="http://www.w3.org/2000/09/xmldsig#" entityID="{issuer}"><md:IDPSSODescriptor
      protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"><md:KeyDescriptor
      use="signing"><ds:KeyInfo><ds:X509Data><ds:X509Certificate>{body}</ds:X509Certificate>
      </ds:X509Data></ds:KeyInfo></md:KeyDescriptor><md:SingleSignOnService
      Binding="urn:oasis:names:tc:SAML:2.0:bindings:{binding}" Location="{url}"/>
      </md:IDPSSODescriptor></md:EntityDescriptor>""".encode()
