"""SAML 2.0 as a service provider, by python3-saml: metadata, the way there, the checked answer.

The library checks schema, signature, issuer, destination and conditions; what it leaves optional
(an audience, a recipient, the request that is answered) is asked for here.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from cryptography import x509
from defusedxml.common import DefusedXmlException
from lxml.etree import LxmlError
from onelogin.saml2.auth import OneLogin_Saml2_Auth
from onelogin.saml2.constants import OneLogin_Saml2_Constants as Names
from onelogin.saml2.errors import OneLogin_Saml2_Error as SettingsError
from onelogin.saml2.errors import OneLogin_Saml2_ValidationError as Invalid
from onelogin.saml2.idp_metadata_parser import OneLogin_Saml2_IdPMetadataParser as Metadata
from onelogin.saml2.response import OneLogin_Saml2_Response as Response
from onelogin.saml2.settings import OneLogin_Saml2_Settings as Settings
from onelogin.saml2.utils import OneLogin_Saml2_Utils as Utils
from onelogin.saml2.xml_utils import OneLogin_Saml2_XML as Xml

from tenants.gateways.outside import Ask, NoAnswer, fetch
from tenants.rules.sayings import saying
from tenants.rules.sso import MOST_METADATA, Claims, SsoRefused, saml_claims
from tenants.rules.targets import BadTarget, target

MOST_ANSWER = 512 * 1024  # characters of base64
_BROKEN = (SettingsError, DefusedXmlException, LxmlError, ValueError, KeyError, TypeError)
# What the library says, by its numbers, as our codes.
_CODES = {
    Invalid.ASSERTION_EXPIRED: "expired", Invalid.SESSION_EXPIRED: "expired",
    Invalid.ASSERTION_TOO_EARLY: "clock", Invalid.WRONG_AUDIENCE: "audience",
    Invalid.WRONG_DESTINATION: "recipient", Invalid.EMPTY_DESTINATION: "recipient",
    Invalid.WRONG_SUBJECTCONFIRMATION: "recipient", Invalid.WRONG_INRESPONSETO: "replayed",
    Invalid.WRONG_ISSUER: "issuer", Invalid.NO_SIGNED_ASSERTION: "unsigned",
    Invalid.NO_SIGNED_MESSAGE: "unsigned", Invalid.NO_SIGNATURE_FOUND: "unsigned",
    Invalid.INVALID_SIGNATURE: "signature", Invalid.DEPRECATED_SIGNATURE_METHOD: "signature",
    Invalid.DEPRECATED_DIGEST_METHOD: "signature", Invalid.STATUS_CODE_IS_NOT_SUCCESS: "denied",
    Invalid.NO_NAMEID: "transient", Invalid.EMPTY_NAMEID: "transient",
}  # fmt: skip


def fetched_metadata(url: str, *, loopback: bool) -> bytes:
    """The provider's metadata document. Raises SsoRefused."""
    try:
        return fetch(Ask(target(url, loopback=loopback)))
    except NoAnswer as error:
        raise SsoRefused("unreachable", reason=saying(error)) from error
    except BadTarget as error:
        raise SsoRefused("bad_address", url=url[:200], reason=saying(error)) from error


def read_metadata(content: bytes, *, loopback: bool) -> dict[str, Any]:
    """What a provider's metadata says, as a connection keeps it. Raises SsoRefused."""
    if len(content) > MOST_METADATA:
        raise SsoRefused("metadata_large", most=MOST_METADATA // 1024)
    try:
        found = Metadata.parse(content).get("idp") or {}
    except _BROKEN as error:
        raise SsoRefused("metadata") from error
    service = found.get("singleSignOnService") or {}
    many = (found.get("x509certMulti") or {}).get("signing") or []
    certs = list(dict.fromkeys([*many, *([found["x509cert"]] if found.get("x509cert") else [])]))
    entity, url = str(found.get("entityId") or ""), str(service.get("url") or "")
    if not entity or not url or not certs:
        raise SsoRefused("metadata")
    if urlsplit(url).scheme not in ("https", *(["http"] * loopback)):
        raise SsoRefused("not_https", url=url[:200])
    try:
        ends = [x509.load_der_x509_certificate(base64.b64decode(one)).not_valid_after_utc
                for one in certs]  # fmt: skip
    except (ValueError, binascii.Error) as error:
        raise SsoRefused("metadata") from error
    return {"issuer": entity, "url": url, "certs": certs,
            "certs_end": [one.isoformat() for one in ends]}  # fmt: skip


def our_metadata(entity_id: str, acs: str) -> bytes:
    """What the provider needs to know of us."""
    ours = Settings(_settings({}, entity_id, acs), sp_validation_only=True)
    xml = ours.get_sp_metadata()
    return xml if isinstance(xml, bytes) else xml.encode()


def way_there(
    idp: Mapping[str, Any], *, entity_id: str, acs: str, again: bool
) -> tuple[str, str]:  # fmt: skip
    """The address at the provider to send the browser to, and the id of the request in it.

    Raises SsoRefused where what is kept of the provider will not do.
    """
    try:
        auth = OneLogin_Saml2_Auth(_asked(acs), _settings(idp, entity_id, acs))
    except SettingsError as error:
        raise SsoRefused("metadata") from error
    url = auth.login(return_to="", force_authn=again)
    return str(url), str(auth.get_last_request_id())


def answered_request(encoded: str) -> str:
    """The id of the request that an answer says it answers; nothing is made sure of yet.

    Raises SsoRefused for what is no answer.
    """
    if not encoded or len(encoded) > MOST_ANSWER:
        raise SsoRefused("unreadable_answer")
    try:
        document = Xml.to_etree(base64.b64decode(encoded))
        found = document.get("InResponseTo")
    except (*_BROKEN, Invalid) as error:
        raise SsoRefused("unreadable_answer") from error
    if not found:
        raise SsoRefused("unasked")
    return str(found)


def answer(
    idp: Mapping[str, Any], encoded: str, *, entity_id: str, acs: str, request_id: str,
    now: datetime,
) -> Claims:  # fmt: skip
    """The claims of a signed assertion: the provider's, for us, for this request, and in time.

    Raises SsoRefused with a code of `_CODES`, `audience`, `recipient`, `replayed` or `transient`.
    """
    try:
        response = Response(Settings(_settings(idp, entity_id, acs)), encoded)
        response.is_valid(_asked(acs), request_id, raise_exceptions=True)
        if entity_id not in response.get_audiences():
            raise SsoRefused("audience")
        _confirmed(response, acs, request_id, now)
        named = response.get_nameid_data()
        return saml_claims(
            name_id=str(named["Value"]), name_format=str(named.get("Format") or ""),
            attributes=response.get_attributes(), contexts=list(response.get_authn_contexts()),
            answer_id=str(response.get_assertion_id())[:200],
        )  # fmt: skip
    except Invalid as error:
        raise SsoRefused(_CODES.get(error.code, "assertion"), reason=str(error)[:300]) from error
    except SsoRefused:
        raise
    except _BROKEN as error:
        raise SsoRefused("assertion", reason=type(error).__name__) from error


def _confirmed(response: Response, acs: str, request_id: str, now: datetime) -> None:
    """Some bearer confirmation names our address, this request and an end that is to come."""
    found = response._query_assertion(
        f"/saml:Subject/saml:SubjectConfirmation[@Method='{Names.CM_BEARER}']"
        "/saml:SubjectConfirmationData"
    )
    for one in found:
        ends = one.get("NotOnOrAfter")
        if one.get("Recipient") != acs or not ends:
            continue
        if one.get("InResponseTo") != request_id:
            raise SsoRefused("replayed")
        if Utils.parse_SAML_to_time(ends) <= now.timestamp():
            raise SsoRefused("expired")
        return
    raise SsoRefused("recipient")


def _settings(idp: Mapping[str, Any], entity_id: str, acs: str) -> dict[str, Any]:
    return {
        "strict": True, "debug": False,
        "sp": {"entityId": entity_id, "NameIDFormat": Names.NAMEID_UNSPECIFIED,
               "assertionConsumerService": {"url": acs, "binding": Names.BINDING_HTTP_POST}},
        "idp": {"entityId": idp.get("issuer", ""),
                "x509certMulti": {"signing": list(idp.get("certs", ()))},
                "singleSignOnService": {"url": idp.get("url", ""),
                                        "binding": Names.BINDING_HTTP_REDIRECT}},
        "security": {
            "wantAssertionsSigned": True, "wantNameId": True, "wantAttributeStatement": False,
            "rejectDeprecatedAlgorithm": True, "requestedAuthnContext": False,
            "allowRepeatAttributeName": True, "allowSingleLabelDomains": True,
            "metadataValidUntil": "", "metadataCacheDuration": "",
        },
    }  # fmt: skip


def _asked(acs: str) -> dict[str, Any]:
    parts = urlsplit(acs)
    return {"https": "on" if parts.scheme == "https" else "off", "http_host": parts.netloc,
            "script_name": parts.path, "get_data": {}, "post_data": {}}  # fmt: skip
