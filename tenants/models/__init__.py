"""Public tables about partners: who they are, their hosts, brand, keys, entitlements, audit."""

from tenants.models.audit import AuditEntry
from tenants.models.bounces import BouncedAddress
from tenants.models.brands import BrandFile, BrandRevision
from tenants.models.company import CompanyFacts
from tenants.models.domains import Domain, DomainClaim, DomainProbe
from tenants.models.incidents import Incident, IncidentUpdate
from tenants.models.keys import ApiKey, DataKey, Entitlement
from tenants.models.legal import LegalText
from tenants.models.mail_texts import MailText
from tenants.models.operations import FailedJob, SupportLook, Switch
from tenants.models.partners import Partner, ProvisioningJob
from tenants.models.prospects import Prospect, ProspectEntry
from tenants.models.retention import Retention
from tenants.models.senders import SenderAddress

__all__ = [
    "ApiKey",
    "AuditEntry",
    "BouncedAddress",
    "BrandFile",
    "BrandRevision",
    "CompanyFacts",
    "DataKey",
    "Domain",
    "DomainClaim",
    "DomainProbe",
    "Entitlement",
    "FailedJob",
    "Incident",
    "IncidentUpdate",
    "LegalText",
    "MailText",
    "Partner",
    "Prospect",
    "ProspectEntry",
    "ProvisioningJob",
    "Retention",
    "SenderAddress",
    "SupportLook",
    "Switch",
]
