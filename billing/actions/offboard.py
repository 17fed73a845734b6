"""A partner leaves: archive, closure, erasure, and a signed receipt of all of it."""

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from django.utils.crypto import constant_time_compare, salted_hmac

from billing.models import AgreementVersion, Document
from billing.queries.leaving import hindrances, kept
from billing.queries.terms import version_terms
from billing.rules.archive import archive_bytes, archive_problems
from billing.rules.csv_text import csv_bytes
from billing.rules.documents import canonical_bytes, sha256_hex
from billing.rules.errors import BillingError
from billing.rules.fields import instant_text
from billing.rules.terms_json import dump_terms
from cache_api.actions.leave import erase_customers
from cache_api.models import Customer, RollupDay
from tenants import audit, schema
from tenants.accounts.models import User
from tenants.actions.leave import close_partner, erase_people
from tenants.models import AuditEntry, Partner

SCHEMA = "agentcache.offboarding/1"
LEFT = (Partner.State.CLOSED, Partner.State.GONE)
_KEPT_BECAUSE = (
    "Documents and the journal are kept for ten years, usage that was billed and the log for as "
    "long as they prove them; people in them are pseudonyms or the names on issued papers."
)


class CannotLeave(BillingError):
    """Something has to happen first; `reasons` says what, one sentence each."""

    def __init__(self, reasons: list[str]) -> None:
        super().__init__(" ".join(reasons))
        self.reasons = reasons


@dataclass(frozen=True)
class Farewell:
    """Where the archive and the receipt lie."""

    archive: Path
    receipt: Path
    dropped: Path  # the receipt of the schema's end, years later

    @classmethod
    def of(cls, slug: str, folder: Path) -> "Farewell":
        """A partner's files in the folder."""
        return cls(folder / f"{slug}.zip", folder / f"{slug}.receipt.json",
                   folder / f"{slug}.dropped.json")  # fmt: skip

    def problems(self) -> list[str]:
        """What of them is missing or not as we signed it; the last is not asked for."""
        try:
            archive = self.archive.read_bytes()
            receipts = [self.receipt.read_bytes()]
            if self.dropped.exists():
                receipts.append(self.dropped.read_bytes())
        except OSError as error:
            return [str(error)]
        return [one for receipt in receipts for one in receipt_problems(receipt, archive)]


def offboard_partner(
    *, partner_id: uuid.UUID, folder: Path, kek: bytes, actor: str, now: datetime
) -> Farewell:
    """Archive it into `folder`, close it, erase what may go, write the receipt.

    Runs as owner, public schema. Raises CannotLeave (nothing was changed). Safe to repeat and to
    break off at any point: an archive that lies there is kept, since what follows it erases its
    sources; a receipt that lies there is the first one's, and stays.
    """
    partner = Partner.objects.get(pk=partner_id)
    made = Farewell.of(partner.slug, folder)
    if partner.state not in LEFT:
        reasons = hindrances(partner_id, now)
        if reasons:
            raise CannotLeave(reasons)
    if made.receipt.exists():
        return made
    archive = _archived(partner, made.archive)
    erased = close_partner(partner_id=partner_id, kek=kek, actor=actor, now=now)
    with schema.in_partner(partner):
        erased |= {"people_pseudonymised": erase_people(), "customers_unnamed": erase_customers()}
    body = {
        "schema": SCHEMA, "partner_id": str(partner_id), "slug": partner.slug,
        "closed_at": instant_text(now), "by": actor, "erased": erased, "kept": kept(partner_id),
        "kept_because": _KEPT_BECAUSE,
        "archive": {"file": made.archive.name, "bytes": len(archive),
                    "sha256": sha256_hex(archive)},
    }  # fmt: skip
    raw = signed(body)
    write_whole(made.receipt, raw)
    audit.record(actor=actor, verb="partner.offboarded", target=partner.slug, at=now,
                 partner_id=partner_id, data={"receipt_sha256": sha256_hex(raw)})  # fmt: skip
    return made


def signed(body: Mapping[str, Any]) -> bytes:
    """A receipt as it is written: canonical JSON with our signature."""
    return canonical_bytes({**body, "signature": _signature(body)})


def receipt_problems(receipt: bytes, archive: bytes | None) -> list[str]:
    """What is not as we signed it; empty when all of it is."""
    try:
        told = dict(json.loads(receipt))
        signature = str(told.pop("signature"))
        sha256 = told["archive"]["sha256"]
    except (ValueError, KeyError, TypeError) as error:
        return [f"This is no receipt: {error!r}."]
    found = []
    if not constant_time_compare(signature, _signature(told)):
        found.append("The receipt was changed, or another installation signed it.")
    if archive is not None and sha256_hex(archive) != sha256:
        found.append("The archive is not the one of this receipt.")
    return found


def _signature(body: Mapping[str, Any]) -> str:
    return salted_hmac(SCHEMA, canonical_bytes(dict(body)), algorithm="sha256").hexdigest()


def _archived(partner: Partner, path: Path) -> bytes:
    if not path.exists():
        write_whole(path, archive_bytes({"partner": partner.slug}, _files(partner)))
    content = path.read_bytes()
    problems = archive_problems(content)
    if problems:
        raise CannotLeave([f"{path}: {one}; move it away." for one in problems])
    return content


def _files(partner: Partner) -> dict[str, bytes]:
    """What the partner takes along; the secret halves of keys are nowhere, so not here either."""
    files = {
        f"documents/{one.issuer}-{one.number}.json": bytes(one.canonical)
        for one in Document.objects.filter(partner_id=partner.pk)
    }
    versions = AgreementVersion.objects.filter(agreement__partner_id=partner.pk)
    for version in versions.select_related("agreement").prefetch_related("components"):
        name = f"agreements/{version.agreement.code}-{version.number}.json"
        files[name] = canonical_bytes(dump_terms(version_terms(version)))
    entries = AuditEntry.objects.filter(partner_id=partner.pk).order_by("at", "id")
    names = ("at", "actor", "verb", "target")
    files["audit.csv"] = csv_bytes(names, entries.values_list(*names))
    with schema.in_partner(partner):
        for table, name, columns in (
            (User, "people.csv", ("email", "name", "role", "is_active", "created_at")),
            (Customer, "customers.csv", ("external_id", "name", "state", "plan", "created_at")),
            (RollupDay, "usage-days.csv", tuple(one.attname for one in RollupDay._meta.fields)),
        ):
            rows = table.objects.order_by("pk").values_list(*columns)
            files[name] = csv_bytes(columns, ([_text(one) for one in row] for row in rows))
    return files


def _text(value: object) -> object:
    return value if isinstance(value, (str, int, float)) or value is None else str(value)


def write_whole(path: Path, content: bytes) -> None:
    """All of it or nothing, readable by us only."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    aside = path.with_suffix(".part")
    aside.touch(mode=0o600)
    aside.write_bytes(content)
    aside.rename(path)
