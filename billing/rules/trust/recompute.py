"""Recompute an archive with our own engine: frozen input → documents, compared line by line."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from billing.rules.charging import charge
from billing.rules.draft_rows import SHADOW, SHARE
from billing.rules.drafts import Draft
from billing.rules.inputs import RunInput
from billing.rules.snapshot import parse_run_input
from billing.rules.trust import archive
from billing.rules.trust.usage_csv import frozen_sums, read_rows, sums_by_segment

Identity = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Difference:
    """A figure stated otherwise than the files give; amounts in minor units."""

    document: str
    what: str
    stated: Any
    computed: Any


@dataclass(frozen=True, slots=True)
class Recomputed:
    """`totals`: document number → (stated, computed) gross, or closing balance of a statement."""

    changed: tuple[str, ...]
    differences: tuple[Difference, ...]
    totals: dict[str, tuple[int, int]]
    currency: str
    seal: str

    @property
    def ok(self) -> bool:
        """Nothing was changed and everything comes out."""
        return not self.changed and not self.differences


def recompute(files: Mapping[str, bytes]) -> Recomputed:
    """Check the seal, then rate the frozen input again. Raises BillingError for bad files."""
    changed = archive.changed_files(files)
    if changed:
        return Recomputed(tuple(changed), (), {}, "", "")
    run = parse_run_input(files[archive.INPUT])
    found = list(_inputs(files, run))
    drafts = {_draft_identity(draft): draft for draft in charge(run).drafts}
    totals: dict[str, tuple[int, int]] = {}
    for raw in files[archive.DOCUMENTS].splitlines():
        body = json.loads(raw)
        draft = drafts.pop(_identity(body), None)
        found += _document(body, draft, totals)
    found += [Difference(" ".join(who), "document", "absent", d.gross_minor)
              for who, d in drafts.items()]  # fmt: skip
    manifest = json.loads(files[archive.MANIFEST])
    currency = run.segments[-1].terms.currency
    return Recomputed((), tuple(found), totals, currency, manifest["seal"])


def _inputs(files: Mapping[str, bytes], run: RunInput) -> Iterator[Difference]:
    if files[archive.TERMS] != archive.terms_json(run):
        yield Difference(archive.TERMS, "terms", "others", "those of run_input.json")
    if files[archive.RATES] != archive.rates_json(run):
        yield Difference(archive.RATES, "prices", "others", "those of run_input.json")
    if files[archive.STATEMENT] not in files[archive.DOCUMENTS].splitlines():
        yield Difference(archive.STATEMENT, "document", "another", "one of documents.jsonl")
    hours = sums_by_segment(read_rows(files[archive.USAGE]), run.segments)
    frozen = frozen_sums(run.rows)
    for key in sorted(set(hours) | set(frozen)):
        if hours.get(key) != frozen.get(key):
            what = f"usage of {key[1]} {key[2]}".strip()
            yield Difference(archive.USAGE, what, frozen.get(key, 0), hours.get(key, 0))


def _identity(body: Mapping[str, Any]) -> Identity:
    if body["totals"]["statement"]:
        return "statement", body["issuer"], ""
    first = body["lines"][0]
    return _whose(first["rated_line_key"], first["kind"], body["issuer"],
                  first["customer_external_id"])  # fmt: skip


def _draft_identity(draft: Draft) -> Identity:
    if draft.statement is not None:
        return "statement", draft.issuer, ""
    first = draft.lines[0]
    return _whose(first.rated_line_key, first.kind, draft.issuer, first.customer_external_id)


def _whose(key: str, kind: str, issuer: str, customer: str) -> Identity:
    """A customer's, or the partner's; a credit note stands where the invoice would have."""
    of_customer = key.startswith("customer:") and kind not in (SHARE, SHADOW)
    return ("customer", issuer, customer) if of_customer else ("partner", issuer, "")


def _document(
    body: Mapping[str, Any], draft: Draft | None, totals: dict[str, tuple[int, int]]
) -> list[Difference]:
    number, sums = body["number"], body["totals"]
    stated = sums["statement"]["closing_minor"] if sums["statement"] else sums["gross_minor"]
    if draft is None:
        return [Difference(number, "document", stated, "absent")]
    balance = draft.statement
    totals[number] = (stated, balance.closing_minor if balance else draft.gross_minor)
    pairs = [("gross", sums["gross_minor"], draft.gross_minor)]
    if balance is not None:
        pairs += [
            (name, sums["statement"][name], getattr(balance, name))
            for name in balance.__dataclass_fields__
        ]
    for line, told in zip(draft.lines, body["lines"], strict=False):
        pairs.append((f"line {line.position}", told["amount_minor"], line.amount_minor))
    pairs.append(("number of lines", len(body["lines"]), len(draft.lines)))
    return [Difference(number, what, told, due) for what, told, due in pairs if told != due]
