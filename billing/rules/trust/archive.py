"""The archive of one issued run: the files a partner recomputes its statement from, sealed.

The manifest lists the SHA-256 of every file and ends in a seal over itself, so that a changed byte
anywhere is found and named. Equal runs give equal bytes: nothing in it depends on the clock.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterable, Mapping
from typing import IO, Any

from billing.rules.documents import canonical_bytes, sha256_hex
from billing.rules.fields import instant_text
from billing.rules.inputs import ENGINE_VERSION, RunInput
from billing.rules.rates import dump_rate_card
from billing.rules.terms_json import dump_terms

SCHEMA = "agentcache.statement-archive/1"
TERMS_SCHEMA, RATES_SCHEMA = "agentcache.terms/1", "agentcache.rates/1"
ROOTS_SCHEMA = "agentcache.roots/1"
MANIFEST = "manifest.json"
STATEMENT, DOCUMENTS, TERMS, RATES = (
    "statement.json", "documents.jsonl", "terms.json", "rates.json",
)  # fmt: skip
INPUT, USAGE, ROOTS = "run_input.json", "usage.csv", "roots.json"
FILES = (STATEMENT, DOCUMENTS, TERMS, RATES, INPUT, USAGE, ROOTS)
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest a zip can say; the clock is no part of the bytes


def terms_json(run: RunInput) -> bytes:
    """The agreement versions of the period, with their components, and where each holds."""
    versions = {part.version_id: dump_terms(part.terms) for part in run.segments}
    return canonical_bytes({
        "schema": TERMS_SCHEMA,
        "agreement_id": run.agreement_id,
        "versions": [
            {"version_id": key, "terms": versions[key]} for key in sorted(versions)
        ],
        "segments": [
            {
                "index": part.segment.index,
                "start": instant_text(part.segment.start),
                "end": instant_text(part.segment.end),
                "version_id": part.version_id,
                "rate_card": part.retail.version_id if part.retail else None,
            }
            for part in sorted(run.segments, key=lambda part: part.segment.index)
        ],
    })  # fmt: skip


def rates_json(run: RunInput) -> bytes:
    """The price versions that the segments, and customers on plans, were rated by."""
    cards = {part.retail.version_id: part.retail for part in run.segments if part.retail}
    cards |= {plan.prices.version_id: plan.prices for plan in run.plans}
    return canonical_bytes({
        "schema": RATES_SCHEMA, "versions": [dump_rate_card(cards[key]) for key in sorted(cards)],
    })  # fmt: skip


def roots_json(days: Iterable[Mapping[str, Any]]) -> bytes:
    """The Merkle root of each day's events that the run covers: day, size, root (hex)."""
    return canonical_bytes({"schema": ROOTS_SCHEMA, "days": [dict(day) for day in days]})


def manifest_json(facts: Mapping[str, Any], files: Mapping[str, tuple[int, str]]) -> bytes:
    """`facts` about the run, each file's size and SHA-256, and the seal over all of it.

    `engine` among them is the one that froze the run: a later one seals the same bytes.
    """
    body: dict[str, Any] = {
        "engine": ENGINE_VERSION,
        **facts,
        "schema": SCHEMA,
        "files": [
            {"name": name, "bytes": size, "sha256": digest}
            for name, (size, digest) in sorted(files.items())
        ],
    }
    return canonical_bytes({**body, "seal": seal_of(body)})


def seal_of(manifest: Mapping[str, Any]) -> str:
    """SHA-256 of the manifest without its seal; printed beside the download to compare."""
    return sha256_hex(canonical_bytes({k: v for k, v in manifest.items() if k != "seal"}))


def changed_files(files: Mapping[str, bytes]) -> list[str]:
    """One sentence per file that is missing, unknown or not as sealed; empty when all are."""
    try:
        manifest = json.loads(files[MANIFEST])
        listed = {entry["name"]: entry["sha256"] for entry in manifest["files"]}
        frozen, whole = manifest["input_sha256"], canonical_bytes(manifest) == files[MANIFEST]
        if not whole or manifest["seal"] != seal_of(manifest):
            return [f"{MANIFEST} was changed: its seal does not fit"]
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        return [f"{MANIFEST} cannot be read: {error!r}"]
    wrong = [f"{name} is missing" for name in sorted({*FILES, *listed} - set(files))]
    for name in sorted(set(files) - {MANIFEST}):
        if name not in listed:
            wrong.append(f"{name} is not in the manifest")
        elif sha256_hex(files[name]) != listed[name]:
            wrong.append(f"{name} was changed: its SHA-256 does not fit")
    if sha256_hex(files.get(INPUT, b"")) != frozen:
        wrong.append(f"{INPUT} is not the input that was frozen")
    return wrong


def member(name: str) -> zipfile.ZipInfo:
    """A file's entry: always the same time and rights, so that equal content gives equal bytes."""
    info = zipfile.ZipInfo(name, _EPOCH)
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = 0o644 << 16
    info.create_system = 3
    return info


def read_archive(source: IO[bytes]) -> tuple[dict[str, bytes], list[str]]:
    """The files of a zip by name, and a sentence for each that is damaged. Never raises for one."""
    files, damaged = {}, []
    try:
        with zipfile.ZipFile(source) as bundle:
            for name in bundle.namelist():
                try:
                    files[name] = bundle.read(name)
                except Exception as error:  # noqa: BLE001 - zlib, CRC, flags: all mean a bad file
                    damaged.append(f"{name} is damaged: {error}")
    except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        damaged.append(f"The archive cannot be opened: {error}")
    return files, damaged
