"""The end of a partner that left: its schema and database role go, the books stay."""

import uuid
from datetime import datetime
from pathlib import Path

from billing.actions.offboard import CannotLeave, Farewell, signed, write_whole
from billing.queries.leaving import dropped, hindrances_to_drop, kept
from billing.rules.documents import sha256_hex
from billing.rules.fields import instant_text
from tenants.actions.leave import remove_schema
from tenants.models import Partner

SCHEMA = "agentcache.dropped/1"


def drop_partner(*, partner_id: uuid.UUID, folder: Path, actor: str, now: datetime) -> Path:
    """Drop it, once nothing rests on its schema any more; where the receipt lies.

    `folder` holds the archive and receipt of its leaving, as they were signed: afterwards they are
    the only place of what was in the schema. Runs as owner, public schema. Raises CannotLeave
    (nothing was changed). Safe to repeat and to break off: the receipt says what the log has.
    """
    partner = Partner.objects.get(pk=partner_id)
    made = Farewell.of(partner.slug, folder)
    reasons = made.problems()
    if partner.state != Partner.State.GONE:
        reasons += hindrances_to_drop(partner, now)
    if reasons:
        raise CannotLeave(reasons)
    remove_schema(partner_id=partner_id, actor=actor, now=now)
    if not made.dropped.exists():
        write_whole(made.dropped, _receipt(partner, made))
    return made.dropped


def _receipt(partner: Partner, made: Farewell) -> bytes:
    noted, archive = dropped(partner.id), made.archive.read_bytes()
    if noted is None:
        raise CannotLeave([f"The log does not say that {partner.slug} was dropped."])
    return signed({
        "schema": SCHEMA, "partner_id": str(partner.id), "slug": partner.slug,
        "dropped_at": instant_text(noted.at), "by": noted.actor,
        "schema_and_role": partner.schema_name, "rows": noted.data["rows"],
        "kept": kept(partner.id),
        "receipt_sha256": sha256_hex(made.receipt.read_bytes()),
        "archive": {"file": made.archive.name, "bytes": len(archive),
                    "sha256": sha256_hex(archive)},
    })  # fmt: skip
