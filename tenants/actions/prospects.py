"""The pipeline's verbs, by the console: take up a prospect, change, move and note it."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db import transaction

from tenants import audit, queries
from tenants.models import Partner, Prospect, ProspectEntry
from tenants.rules.meanwhile import mark, refuse_changed
from tenants.rules.pipeline import SAID, Stage
from tenants.rules.sayings import Said

PERMISSION = "pipeline.manage"


class ProspectRefused(ValueError):
    """Nothing was changed; `field` names what it is about, `str()` says why and what to do."""

    def __init__(self, text: str, member: str = "") -> None:
        super().__init__(text)
        self.field = member


@dataclass(frozen=True)
class About:
    """What is known of a prospect. `partner` is the opened partner's short name, "" for none;
    `offer` the figures of the proposal, checked by who reads them."""

    name: str
    kind: str
    owner: str
    contact_name: str = ""
    contact_email: str = ""
    product: str = ""
    partner: str = ""
    offer: Mapping[str, Any] = field(default_factory=dict)


def add_prospect(*, prospect_id: uuid.UUID, about: About, actor: str, now: datetime) -> Prospect:
    """Take a company up as a target.

    Safe to repeat: `prospect_id` is the form's own, the second call returns what the first made.
    Raises ProspectRefused: no name, a known one, an unknown kind or owner, a partner taken.
    """
    known = Prospect.objects.filter(pk=prospect_id).first()
    if known is not None:
        return known
    values = _checked(about, prospect_id)
    with transaction.atomic():
        row, is_new = Prospect.objects.get_or_create(id=prospect_id, defaults={
            **values, "stage_at": now, "created_at": now,
        })  # fmt: skip
        if is_new:
            _log("added", row, actor, now, name=row.name)
    return row


def change_prospect(
    *, prospect_id: uuid.UUID, about: About, actor: str, now: datetime, seen: str | None = None
) -> bool:
    """Replace what is known; whether something changed. Safe to repeat.

    `seen` is `prospect_mark` of what the editor saw. Raises ProspectRefused as adding does, or: no
    such prospect; ChangedMeanwhile.
    """
    values = _checked(about, prospect_id)
    with transaction.atomic():
        row = _locked(prospect_id)
        names = [name for name, value in values.items() if getattr(row, name) != value]
        if names:
            refuse_changed(seen, *_facts(row))
        for name in names:
            setattr(row, name, values[name])
        if names:
            row.save(update_fields=names)
            _log("changed", row, actor, now, members=sorted(names))
    return bool(names)


def prospect_mark(row: Prospect) -> str:
    """What tells one state of what is known from another."""
    return mark(*_facts(row))


def _facts(row: Prospect) -> tuple[object, ...]:
    return (row.name, row.kind, row.owner, sorted(row.offer.items()), row.contact_name,
            row.contact_email, row.product, row.partner_id)  # fmt: skip


def step_mark(row: Prospect) -> str:
    """What tells one next step from another."""
    return mark(row.next_step, row.next_step_on)


def move_prospect(
    *, prospect_id: uuid.UUID, stage: str, actor: str, now: datetime, text: str = "",
    seen: str | None = None,
) -> bool:  # fmt: skip
    """Say in which stage it is, and why; whether it moved. Safe to repeat: once moved, it stays.

    `seen` is the mark of the stage that the editor saw. Raises ProspectRefused: no such prospect,
    or a stage that only facts show; ChangedMeanwhile.
    """
    if stage not in SAID:
        raise ProspectRefused(
            Said(
                "Signed, live and first revenue are read from agreements, traffic and documents: "
                "link the prospect to its partner instead."
            ),
            "stage",
        )
    with transaction.atomic():
        row = _locked(prospect_id)
        if row.stage == stage:
            return False
        refuse_changed(seen, row.stage)
        row.stage, row.stage_at = Stage(stage).value, now
        row.save(update_fields=["stage", "stage_at"])
        _say(row, ProspectEntry.Kind.STAGE, actor, now, text=text.strip(), stage=row.stage)
        _log("moved", row, actor, now, stage=row.stage)
    return True


def note_prospect(
    *, prospect_id: uuid.UUID, text: str, next_step: str, next_step_on: date | None, actor: str,
    now: datetime, seen: str | None = None,
) -> bool:  # fmt: skip
    """Keep a note and set the next step; whether something was new. Safe to repeat: the same note
    twice in a row is kept once. `seen` is `step_mark` of what the editor saw. Raises
    ProspectRefused: no such prospect; ChangedMeanwhile."""
    text, step = text.strip(), (next_step.strip(), next_step_on)
    with transaction.atomic():
        row = _locked(prospect_id)
        if (row.next_step, row.next_step_on) != step:
            refuse_changed(seen, row.next_step, row.next_step_on)
        last = row.entries.filter(kind=ProspectEntry.Kind.NOTE).order_by("-at", "-id").first()
        is_new = bool(text) and (last is None or last.text != text)
        if is_new:
            _say(row, ProspectEntry.Kind.NOTE, actor, now, text=text)
        moved = (row.next_step, row.next_step_on) != step
        if moved:
            row.next_step, row.next_step_on = step
            row.save(update_fields=["next_step", "next_step_on"])
    return is_new or moved


def keep_letter(
    *, prospect_id: uuid.UUID, text: str, sha256: str, actor: str, now: datetime
) -> bool:
    """Keep that a letter went out (inside the caller's transaction); a target is pitched by it.

    Whether it is new: safe to repeat by the letter's hash. Raises ProspectRefused.
    """
    row = _locked(prospect_id)
    if row.entries.filter(sha256=sha256).exists():
        return False
    _say(row, ProspectEntry.Kind.LETTER, actor, now, text=text, sha256=sha256)
    _log("pitched", row, actor, now, sha256=sha256)
    if row.stage == Stage.TARGET:
        move_prospect(prospect_id=row.id, stage=Stage.PITCHED, actor=actor, now=now)
    return True


def _checked(about: About, prospect_id: uuid.UUID) -> dict[str, Any]:
    """The row's values. One query each for owner, name and partner."""
    name = about.name.strip()
    if not name:
        raise ProspectRefused(Said("Give the company's name."), "name")
    if about.kind not in Partner.Kind.values or about.kind == Partner.Kind.DIRECT:
        raise ProspectRefused(Said("Choose the kind of partner from the list."), "kind")
    if about.owner not in queries.people_with(PERMISSION):
        raise ProspectRefused(Said("Choose somebody whose role works on the pipeline."), "owner")
    others = Prospect.objects.exclude(pk=prospect_id)
    if others.filter(name__iexact=name).exists():
        raise ProspectRefused(Said("%(name)s is in the pipeline already.", name=name), "name")
    return {
        "name": name, "kind": about.kind, "owner": about.owner, "offer": dict(about.offer),
        "contact_name": about.contact_name.strip(), "contact_email": about.contact_email.strip(),
        "product": about.product.strip(), "partner_id": _partner_id(about.partner, others),
    }  # fmt: skip


def _partner_id(slug: str, others: Any) -> uuid.UUID | None:
    if not slug:
        return None
    row = queries.partner_by_slug(slug)
    if row is None:
        raise ProspectRefused(Said("No partner is called %(slug)s.", slug=slug), "partner")
    if others.filter(partner_id=row.id).exists():
        raise ProspectRefused(
            Said("%(name)s is linked to another prospect.", name=row.name), "partner"
        )
    return row.id


def _locked(prospect_id: uuid.UUID) -> Prospect:
    row = Prospect.objects.select_for_update().filter(pk=prospect_id).first()
    if row is None:
        raise ProspectRefused(Said("There is no such prospect."))
    return row


def _say(row: Prospect, kind: str, actor: str, now: datetime, **more: str) -> None:
    ProspectEntry.objects.create(prospect=row, kind=kind, actor=actor, at=now, **more)


def _log(verb: str, row: Prospect, actor: str, now: datetime, **data: Any) -> None:
    audit.record(actor=actor, verb=f"prospect.{verb}", target=str(row.id), at=now, data=data)
