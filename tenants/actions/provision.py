"""Open a partner step by step. Runs in the provisioner, the only holder of the owner's login.

Each step can be run again from the start: create-if-missing, migrate-to-current, grant-again.
"""

import logging
from collections.abc import Callable
from datetime import datetime

from django.core.management import call_command
from django.db import transaction

from tenants import audit, schema
from tenants.accounts.models import User
from tenants.actions.branding import publish_brand
from tenants.db import ddl
from tenants.models import DataKey, Partner, ProvisioningJob
from tenants.rules import datakeys

log = logging.getLogger(__name__)
Progress = Callable[[str], None]


def claim_job(*, now: datetime) -> ProvisioningJob | None:
    """Take the oldest queued job (or one whose provisioner died), or None. One taker each."""
    with transaction.atomic():
        job = (
            ProvisioningJob.objects.select_for_update(skip_locked=True)
            .filter(state__in=[ProvisioningJob.State.QUEUED, ProvisioningJob.State.RUNNING])
            .order_by("created_at")
            .first()
        )
        if job is not None:
            job.state = ProvisioningJob.State.RUNNING
            job.updated_at = now
            job.save(update_fields=["state", "updated_at"])
    return job


def open_partner(*, job: ProvisioningJob, kek: bytes, clock: Callable[[], datetime]) -> None:
    """Do all steps of a claimed job; a failure is kept on the job with its reason.

    Safe to repeat after a crash at any point: every step leaves the same end state.
    """
    partner = job.partner
    steps: list[tuple[str, Callable[[], None]]] = [
        ("database role", lambda: ddl.create_partner_role(partner.schema_name)),
        ("schema", lambda: ddl.create_partner_schema(partner.schema_name)),
        ("tables", lambda: migrate_partner(schema_name=partner.schema_name)),
        ("rights", lambda: ddl.grant_partner_schema(partner.schema_name)),
        ("data key", lambda: _ensure_data_key(partner, kek, clock())),
        ("brand", lambda: _first_brand(job, clock())),
        ("first owner", lambda: _first_owner(job)),
        ("activate", lambda: _activate(job, clock())),
    ]
    for name, step in steps:
        _progress(job, name, clock())
        try:
            step()
        except Exception as error:  # the reason belongs on the job, where people look
            log.exception("opening %s failed at %s", partner.slug, name)
            _fail(job, f"{name}: {error}", clock())
            return


def migrate_partner(*, schema_name: str) -> None:
    """Bring one partner's schema to the current migrations. Safe to repeat."""
    call_command(
        "migrate_schemas", tenant=True, schema_name=schema_name, interactive=False, verbosity=0
    )


def _progress(job: ProvisioningJob, step: str, now: datetime) -> None:
    ProvisioningJob.objects.filter(pk=job.pk).update(step=step, updated_at=now)
    Partner.objects.filter(pk=job.partner_id, state=Partner.State.REQUESTED).update(
        state=Partner.State.PROVISIONING
    )


def _fail(job: ProvisioningJob, reason: str, now: datetime) -> None:
    ProvisioningJob.objects.filter(pk=job.pk).update(
        state=ProvisioningJob.State.FAILED, detail=reason[:2000], updated_at=now
    )
    Partner.objects.filter(pk=job.partner_id).exclude(state=Partner.State.ACTIVE).update(
        state=Partner.State.FAILED
    )


def _ensure_data_key(partner: Partner, kek: bytes, now: datetime) -> None:
    if not DataKey.objects.filter(partner=partner, destroyed_at=None).exists():
        DataKey.objects.create(
            partner=partner, key_number=1, created_at=now,
            wrapped=datakeys.wrap(
                datakeys.parse_kek(kek), datakeys.new_data_key(), partner_id=partner.id, number=1
            ),
        )  # fmt: skip


def _first_brand(job: ProvisioningJob, now: datetime) -> None:
    if not job.partner.brands.exists():
        publish_brand(partner=job.partner, seed_hex=job.request["seed_hex"],
                      product_name=job.request["product_name"],
                      legal_name=job.request["legal_name"],
                      tagline=job.request.get("tagline", ""),
                      actor=job.requested_by, now=now)  # fmt: skip


def _first_owner(job: ProvisioningJob) -> None:
    email = job.request["owner_email"]
    with schema.in_partner(job.partner):
        if email and not User.objects.filter(email=email).exists():
            User.objects.create_user(email, None, role="owner")


def _activate(job: ProvisioningJob, now: datetime) -> None:
    with transaction.atomic():
        Partner.objects.filter(pk=job.partner_id).update(state=Partner.State.ACTIVE)
        ProvisioningJob.objects.filter(pk=job.pk).update(
            state=ProvisioningJob.State.DONE, step="done", detail="", updated_at=now
        )
        audit.record(actor=job.requested_by, verb="partner.opened", target=job.partner.slug,
                     at=now, partner_id=job.partner_id)  # fmt: skip
