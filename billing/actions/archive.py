"""One archive per issued run, for auditors: all it was made from and all it made."""

import json
import uuid
from datetime import datetime
from decimal import Decimal
from typing import Any

from billing.actions.moves import find_run
from billing.actions.render_document import render_document
from billing.models import (
    AgreementVersion,
    CustomerShare,
    JournalLine,
    RatedLine,
    SettlementRun,
)
from billing.queries.frozen import frozen_input, snapshot_of
from billing.queries.terms import version_terms
from billing.rules.archive import archive_bytes
from billing.rules.csv_text import csv_bytes, document_csv
from billing.rules.documents import canonical_bytes
from billing.rules.errors import WrongState
from billing.rules.fields import decimal_text, instant_text
from billing.rules.ledger import account_of
from billing.rules.money import to_major
from billing.rules.snapshot import run_input_json
from billing.rules.terms_json import dump_terms
from tenants.rules.sayings import Said

_RATED = (
    "line_no", "key", "kind", "payer", "phase", "external_id", "meter", "quantity", "unit",
    "unit_price", "exact", "rounded_minor", "booked_minor", "amount_minor", "earned_minor",
    "currency", "description",
)  # fmt: skip
_SHARES = (
    "key", "partner_bps", "base_minor", "partner_minor", "platform_minor", "delta_base_minor",
    "delta_partner_minor", "delta_platform_minor",
)  # fmt: skip


def archive_run(*, run_id: uuid.UUID, now: datetime) -> bytes:
    """The run's archive as zip: inputs, terms, approvals, documents, journal, trial balance.

    Only what is final when the run is issued is in it, so the bytes are the same whenever it is
    made. Raises UnknownRun, WrongState (not issued), InvariantBroken (the input was changed).
    """
    run = find_run(run_id)
    if run.issued_at is None:
        raise WrongState(Said("Only an issued run has an archive; this one can still change."))
    files = {
        "inputs/run-input.json": run_input_json(frozen_input(run)),
        "inputs/parties.json": bytes(snapshot_of(run).parties),
        "approvals.json": _approvals(run),
        "rated-lines.csv": _table(RatedLine.objects.filter(run=run, attempt=run.attempt), _RATED),
        "shares.csv": _table(
            CustomerShare.objects.filter(run=run, attempt=run.attempt).order_by("key"), _SHARES
        ),
        **_terms(run), **_documents(run, now), **_books(run),
    }  # fmt: skip
    return archive_bytes(_about(run), files)


def _about(run: SettlementRun) -> dict[str, Any]:
    return {
        "run": str(run.id), "agreement": run.agreement.code, "partner_id": str(run.partner_id),
        "period": f"{run.period_start:%Y-%m}", "kind": run.kind, "sequence": run.sequence,
        "attempt": run.attempt, "input_sha256": snapshot_of(run).sha256,
        "result_sha256": run.result_sha256,
    }  # fmt: skip


def _approvals(run: SettlementRun) -> bytes:
    events = list(run.events.order_by("step"))
    issued = max(event.step for event in events if event.state == "issued")
    log = [
        {"step": event.step, "attempt": event.attempt, "state": event.state,
         "actor": event.actor, "reason": event.reason, "at": instant_text(event.at)}
        for event in events
        if event.step <= issued
    ]  # fmt: skip
    return canonical_bytes({"preparer": run.preparer, "approver": run.approver, "log": log})


def _terms(run: SettlementRun) -> dict[str, bytes]:
    used = RatedLine.objects.filter(run=run, attempt=run.attempt).values("version_id")
    frozen = {part.version_id for part in frozen_input(run).segments}
    versions = AgreementVersion.objects.filter(pk__in=frozen | {row["version_id"] for row in used})
    return {
        f"terms/version-{version.number}.json": canonical_bytes({
            "version_id": str(version.id), "number": version.number,
            "valid_from": instant_text(version.valid_from), "approved_by": version.approved_by,
            "approved_at": instant_text(version.approved_at) if version.approved_at else None,
            "terms": dump_terms(version_terms(version)),
        })
        for version in versions.prefetch_related("components")
    }  # fmt: skip


def _documents(run: SettlementRun, now: datetime) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    for document in run.documents.order_by("position"):
        stem = f"documents/{document.issuer}-{document.number}"
        canonical = bytes(document.canonical)
        pdf = render_document(document_id=document.id, now=now)
        files[f"{stem}.json"] = canonical
        files[f"{stem}.pdf"] = bytes(pdf.content)
        files[f"{stem}.csv"] = document_csv(json.loads(canonical))
    return files


def _books(run: SettlementRun) -> dict[str, bytes]:
    lines = list(
        JournalLine.objects.filter(entry__run=run)
        .select_related("entry", "entry__document")
        .order_by("entry__position", "position")
    )
    rows = (
        (line.entry.position, line.entry.accounting_date, line.entry.purpose, line.account,
         account_of(line.account).name, _major(line.debit_minor, line),
         _major(line.credit_minor, line), line.currency, line.entry.description)
        for line in lines
    )  # fmt: skip
    sums: dict[tuple[str, str], list[int]] = {}
    for line in lines:
        found = sums.setdefault((line.account, line.currency), [0, 0])
        found[0] += line.debit_minor
        found[1] += line.credit_minor
    balance = (
        (code, account_of(code).name, currency, to_major(debit, currency),
         to_major(credit, currency), to_major(debit - credit, currency))
        for (code, currency), (debit, credit) in sorted(sums.items())
    )  # fmt: skip
    return {
        "journal.csv": csv_bytes(
            ("entry", "date", "purpose", "account", "name", "debit", "credit", "currency",
             "description"), rows),
        "trial-balance.csv": csv_bytes(
            ("account", "name", "currency", "debits", "credits", "balance"), balance),
    }  # fmt: skip


def _major(minor: int, line: JournalLine) -> object:
    return to_major(minor, line.currency) if minor else None


def _table(rows: Any, names: tuple[str, ...]) -> bytes:
    return csv_bytes(
        names, (tuple(map(_text, row)) for row in rows.values_list(*names).iterator(2_000))
    )


def _text(value: object) -> object:
    return decimal_text(value) if isinstance(value, Decimal) else value
