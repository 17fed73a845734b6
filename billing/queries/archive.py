"""Write the archive of an issued run: what its partner recomputes the statement from."""

from __future__ import annotations

import hashlib
import json
import uuid
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import IO, Any

from django.db.models import Q

from billing.models import Document, SettlementRun
from billing.queries.frozen import frozen_input, snapshot_of
from billing.queries.hours import UsageGone, run_hours
from billing.rules.drafts import PAYOUT_STATEMENT
from billing.rules.fields import instant_text
from billing.rules.inputs import RunInput
from billing.rules.snapshot import run_input_pieces
from billing.rules.trust import archive
from billing.rules.trust.usage_csv import HourRow, csv_lines
from cache_api.queries.roots import roots_of
from tenants.rules.sayings import Said

_AT_ONCE = 100  # documents in hand


@dataclass(frozen=True)
class Written:
    """The archive's name and seal (SHA-256 over its manifest)."""

    name: str
    seal: str


def archived_run(document_id: uuid.UUID, partner_id: uuid.UUID | None = None) -> Document | None:
    """The document with its run, or None when this partner has none of that id. One query.

    A credit note that a person issued belongs to no run and has no archive.
    """
    rows = Document.objects.select_related("run__agreement").filter(
        pk=document_id, run__isnull=False
    )
    return (rows if partner_id is None else rows.filter(partner_id=partner_id)).first()


def write_archive(document: Document, target: IO[bytes]) -> Written:
    """Write the zip of the document's run; usage goes in line by line, whatever its size.

    Runs in the partner's schema. Raises InvariantBroken (the frozen input was changed), UsageGone.
    Equal calls write equal bytes.
    """
    run = _run_of(document)
    frozen = frozen_input(run)
    found: dict[str, tuple[int, str]] = {}
    with zipfile.ZipFile(target, "w") as bundle:
        for name, pieces in _files(run, frozen):
            found[name] = _put(bundle, name, pieces)
        manifest = archive.manifest_json(_facts(run, frozen), found)
        _put(bundle, archive.MANIFEST, [manifest])
    return Written(f"{document.number}.zip", json.loads(manifest)["seal"])


def hours_behind(document: Document) -> Iterator[HourRow]:
    """The rows of usage.csv alone. Runs in the partner's schema."""
    run = _run_of(document)
    return run_hours(run, frozen_input(run))


def _run_of(document: Document) -> SettlementRun:
    if document.run is None:
        raise UsageGone(
            Said(
                "%(number)s was issued by hand: no run and no usage is behind it.",
                number=document.number,
            )
        )
    return document.run


def _files(run: SettlementRun, frozen: RunInput) -> Iterator[tuple[str, Iterable[bytes]]]:
    yield archive.STATEMENT, islice(_papers(run), 1)
    yield archive.DOCUMENTS, (raw + b"\n" for raw in _papers(run))
    yield archive.TERMS, [archive.terms_json(frozen)]
    yield archive.RATES, [archive.rates_json(frozen)]
    yield archive.INPUT, run_input_pieces(frozen)
    yield archive.USAGE, csv_lines(run_hours(run, frozen))
    yield archive.ROOTS, [archive.roots_json(_roots(run))]


def _papers(run: SettlementRun) -> Iterator[bytes]:
    """The canonical bytes of the run's documents, some at a time: the statement first, then the
    partner invoice, then the customers'."""
    rows = Document.objects.filter(run=run).order_by("position")
    statement = Q(kind=PAYOUT_STATEMENT)
    for some in (statement, ~statement & Q(customer_id=None), Q(customer_id__isnull=False)):
        for raw in rows.filter(some).values_list("canonical", flat=True).iterator(_AT_ONCE):
            yield bytes(raw)


def _roots(run: SettlementRun) -> Iterator[dict[str, Any]]:
    bound = snapshot_of(run).batch_bound
    days = run.period_start.date(), run.period_end.date()
    for root in roots_of(run.partner_id, *days, bound):
        yield {"day": root.day.isoformat(), "size": root.size, "root": root.root}


def _facts(run: SettlementRun, frozen: RunInput) -> dict[str, Any]:
    snapshot = snapshot_of(run)
    return {
        "engine": frozen.engine,
        "partner_id": str(run.partner_id), "agreement_id": frozen.agreement_id,
        "agreement": run.agreement.code, "run_id": str(run.id), "attempt": run.attempt,
        "period": {"start": instant_text(frozen.period.start),
                   "end": instant_text(frozen.period.end)},
        "input_sha256": snapshot.sha256, "batch_bound": str(snapshot.batch_bound),
        "frozen_at": snapshot.frozen_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }  # fmt: skip


def _put(bundle: zipfile.ZipFile, name: str, pieces: Iterable[bytes]) -> tuple[int, str]:
    size, digest = 0, hashlib.sha256()
    with bundle.open(archive.member(name), "w", force_zip64=True) as file:
        for piece in pieces:
            file.write(piece)
            digest.update(piece)
            size += len(piece)
    return size, digest.hexdigest()
