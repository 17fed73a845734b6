"""Reads about partners, a file a subject. Each runs in the scope its docstring names."""

from tenants.queries.audit import (
    PARTNER_READS,
    AuditFilter,
    AuditReader,
    audit_entries,
    audit_page,
    audit_verbs,
    customer_reader,
    partner_reader,
)
from tenants.queries.bounces import bounced_addresses, bounced_rows
from tenants.queries.brands import (
    BRAND_LOOK,
    api_brand,
    brand_css,
    brand_draft,
    brand_file,
    brand_file_luminance,
    brand_history,
    brand_revision,
    brand_seen,
    may_hide_powered_by,
    paper_brand,
    published_brand,
    published_looks,
)
from tenants.queries.companies import company, company_entries
from tenants.queries.domains import domain_claim, domain_claims, domain_probes, last_probe
from tenants.queries.hosts import (
    host_owner,
    host_owners,
    hosts_of,
    partner_of_host,
    primary_host,
    site,
)
from tenants.queries.keys import api_key, api_keys, api_keys_page, data_key_count, key_makers
from tenants.queries.legal import legal_text, legal_texts
from tenants.queries.mail_texts import mail_texts
from tenants.queries.partners import (
    partner_by_id,
    partner_by_slug,
    partner_list,
    partner_names,
    provisioning_job,
)
from tenants.queries.people import people_with
from tenants.queries.pipeline import prospect, prospects
from tenants.queries.retention import granted, retention, retention_entries, retention_hours
from tenants.queries.senders import mail_from, sender_address
from tenants.queries.status import incident, incidents

__all__ = [
    "BRAND_LOOK",
    "PARTNER_READS",
    "AuditFilter",
    "AuditReader",
    "api_brand",
    "api_key",
    "api_keys",
    "api_keys_page",
    "audit_entries",
    "audit_page",
    "audit_verbs",
    "bounced_addresses",
    "bounced_rows",
    "brand_css",
    "brand_draft",
    "brand_file",
    "brand_file_luminance",
    "brand_history",
    "brand_revision",
    "brand_seen",
    "company",
    "company_entries",
    "customer_reader",
    "data_key_count",
    "domain_claim",
    "domain_claims",
    "domain_probes",
    "granted",
    "host_owner",
    "host_owners",
    "hosts_of",
    "incident",
    "incidents",
    "key_makers",
    "last_probe",
    "legal_text",
    "legal_texts",
    "mail_from",
    "mail_texts",
    "may_hide_powered_by",
    "paper_brand",
    "partner_by_id",
    "partner_by_slug",
    "partner_list",
    "partner_names",
    "partner_of_host",
    "partner_reader",
    "people_with",
    "primary_host",
    "prospect",
    "prospects",
    "provisioning_job",
    "published_brand",
    "published_looks",
    "retention",
    "retention_entries",
    "retention_hours",
    "sender_address",
    "site",
]
