"""An archive made in memory from a run input, and the clean-room module that must not know us."""

import importlib.util
import io
import json
import sys
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from billing.rules.charging import charge
from billing.rules.documents import Brand, Party, canonical_bytes, document_json, sha256_hex
from billing.rules.drafts import CUSTOMER_INVOICE
from billing.rules.snapshot import run_input_json
from billing.rules.trust import archive
from billing.rules.trust.usage_csv import COUNTS, HourRow, csv_lines

MODULE = Path(__file__).resolve().parents[4] / "sdk/python/src/agentcache_overflow/statements.py"
ISSUED = datetime(2026, 11, 3, 9, tzinfo=UTC)


def independent():
    """The second implementation, loaded by path: nothing of it is importable from here."""
    name = "independent_statements"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, MODULE)
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


def hours_of(run, pieces=3):
    """The frozen rows cut over a few hours of their segment."""
    starts = {part.segment.index: part.segment.start for part in run.segments}
    for row in run.rows:
        counts = [getattr(row, name) for name in COUNTS]
        for n in range(pieces):
            part = tuple(c // pieces + (c % pieces if n == 0 else 0) for c in counts)
            if any(part):
                yield HourRow(starts[row.segment] + timedelta(hours=n), row.customer_id,
                              row.external_id, row.model, part)  # fmt: skip


def documents_of(run, edit=None):
    """Canonical bytes of the run's documents, statement first."""
    party, brand = Party("Somebody"), Brand("Brand", "#336699")
    found = []
    for number, draft in enumerate(charge(run).drafts, 1):
        body = document_json(
            draft, number=f"DOC-{number}", issued_at=ISSUED, due_date=ISSUED.date(),
            seller=party, buyer=party, brand=brand,
        )  # fmt: skip
        if edit:
            edit(body)
        found.append(canonical_bytes(body))
    return sorted(found, key=lambda raw: json.loads(raw)["kind"] == CUSTOMER_INVOICE)


def files_of(run, edit=None):
    """Every file of the archive by name."""
    documents = documents_of(run, edit)
    files = {
        archive.STATEMENT: documents[0],
        archive.DOCUMENTS: b"\n".join(documents) + b"\n",
        archive.TERMS: archive.terms_json(run),
        archive.RATES: archive.rates_json(run),
        archive.INPUT: run_input_json(run),
        archive.USAGE: b"".join(csv_lines(hours_of(run))),
        archive.ROOTS: archive.roots_json([]),
    }
    return sealed(files)


def sealed(files):
    """The files with a manifest that fits them."""
    hashes = {name: (len(data), sha256_hex(data)) for name, data in files.items()}
    facts = {"input_sha256": hashes[archive.INPUT][1], "run_id": "run-1"}
    return {**files, archive.MANIFEST: archive.manifest_json(facts, hashes)}


def zipped(files):
    """The archive's bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as bundle:
        for name in sorted(files):
            bundle.writestr(archive.member(name), files[name])
    return buffer.getvalue()
