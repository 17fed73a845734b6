"""Tell partners what is wrong with us, and how it goes on. By the console."""

import uuid
from collections.abc import Collection
from datetime import datetime

from django.db import transaction

from tenants import audit
from tenants.models import Incident, IncidentUpdate, Partner
from tenants.rules.meanwhile import refuse_changed
from tenants.rules.sayings import Said
from tenants.rules.status import COMPONENTS


class IncidentRefused(ValueError):
    """Nothing was published; `str()` says why and what to do."""


def open_incident(
    *, incident_id: uuid.UUID, title: str, component: str, impact: str, text: str,
    slugs: Collection[str], actor: str, now: datetime,
) -> Incident:  # fmt: skip
    """Publish an incident with its first words; `slugs` names the partners, none means all.

    Safe to repeat: `incident_id` is the form's own, the second call returns what the first made.
    Raises IncidentRefused: an unknown component, impact or partner, or nothing said.
    """
    if component not in COMPONENTS or impact not in Incident.Impact.values:
        raise IncidentRefused(Said("Choose the component and the impact from the lists."))
    if not (title.strip() and text.strip()):
        raise IncidentRefused(Said("Say what is wrong: a title and a first update are needed."))
    ids = dict(Partner.objects.filter(slug__in=slugs).values_list("slug", "id"))
    unknown = sorted(set(slugs) - set(ids))
    if unknown:
        raise IncidentRefused(Said("No partner is called %(unknown)s.", unknown=", ".join(unknown)))
    with transaction.atomic():
        row, is_new = Incident.objects.get_or_create(id=incident_id, defaults={
            "title": title.strip(), "component": component, "impact": impact, "started_at": now,
            "partner_ids": sorted(ids.values()),
        })  # fmt: skip
        if is_new:
            _say(row, IncidentUpdate.State.INVESTIGATING, text, actor, now)
            audit.record(actor=actor, verb="incident.opened", target=str(row.id), at=now,
                         data={"title": row.title, "partners": sorted(ids)})  # fmt: skip
    return row


def update_incident(
    *, incident_id: uuid.UUID, state: str, text: str, actor: str, now: datetime,
    seen: str | None = None,
) -> bool:  # fmt: skip
    """Add what is known now; `resolved` ends the incident. Whether something was added.

    Safe to repeat: the same state and words twice in a row are said once. `seen` is the mark of the
    last update that the editor saw. Raises IncidentRefused: no such incident, one that is resolved,
    an unknown state, nothing said; ChangedMeanwhile.
    """
    if state not in IncidentUpdate.State.values or not text.strip():
        raise IncidentRefused(Said("Choose a state and say what is known."))
    with transaction.atomic():
        row = Incident.objects.select_for_update().filter(pk=incident_id).first()
        if row is None:
            raise IncidentRefused(Said("There is no such incident."))
        last = row.updates.order_by("-at", "-id").first()
        if last and (last.state, last.text) == (state, text.strip()):
            return False
        if row.resolved_at:
            raise IncidentRefused(Said("It is resolved; open a new one."))
        refuse_changed(seen, last and str(last.id))
        _say(row, state, text, actor, now)
        if state == IncidentUpdate.State.RESOLVED:
            row.resolved_at = now
            row.save(update_fields=["resolved_at"])
        audit.record(actor=actor, verb=f"incident.{state}", target=str(row.id), at=now)
    return True


def _say(row: Incident, state: str, text: str, actor: str, now: datetime) -> None:
    IncidentUpdate.objects.create(incident=row, state=state, text=text.strip(), actor=actor, at=now)
