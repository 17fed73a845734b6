"""The frozen input of a run as canonical JSON: hashed, exported, read back for recomputation."""

from __future__ import annotations

import hashlib
import heapq
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, fields
from typing import Any, TypeVar

from billing.rules.documents import canonical_bytes
from billing.rules.drafts import Keep
from billing.rules.errors import BadRunInput
from billing.rules.facts import Ending, FxQuote, PartyTax, Receipt, Sale
from billing.rules.fields import Fields, instant_text
from billing.rules.inputs import (
    READABLE_ENGINES,
    BookedLine,
    BookedShare,
    Carried,
    PlanPrices,
    RunInput,
    RunInputRow,
    SegmentTerms,
)
from billing.rules.periods import Period, Segment
from billing.rules.rates import dump_rate_card, parse_rate_card
from billing.rules.terms_json import dump_terms, parse_terms

SCHEMA = "agentcache.run-input/1"
_NO_ROWS = b'"rows":[]'
_STRETCH = 1000  # rows that are sorted in memory
_Flat = TypeVar(
    "_Flat", RunInputRow, BookedLine, BookedShare, Carried, PartyTax, FxQuote, Receipt, Sale, Ending
)
# Members that came later, by what they hold.
_LATER: dict[str, Any] = {
    "carried": Carried,
    "taxes": PartyTax,
    "fx": FxQuote,
    "receipts": Receipt,
    "sales": Sale,
    "endings": Ending,
}


def _segment(part: SegmentTerms) -> dict[str, Any]:
    return {
        "index": part.segment.index,
        "start": instant_text(part.segment.start),
        "end": instant_text(part.segment.end),
        "version_id": part.version_id,
        "terms": dump_terms(part.terms),
        "retail": dump_rate_card(part.retail) if part.retail else None,
    }


def _sorted(items: Sequence[_Flat]) -> list[dict[str, Any]]:
    # Sorted by all values, so that the order of a query never changes the fingerprint.
    return sorted((_stated(item) for item in items), key=canonical_bytes)


def _stated(item: _Flat) -> dict[str, Any]:
    """Every member; those that came later only where they say something."""
    later = _SINCE.get(type(item), {})
    return {
        name: value
        for name, value in asdict(item).items()
        if name not in later or value != later[name]
    }


# Members that came later, with what they hold where they are absent.
_SINCE: dict[type, dict[str, Any]] = {
    Receipt: {"tax_minor": 0, "fee_minor": 0, "credited_minor": 0, "reopened_minor": 0},
    PartyTax: {"charges": ""},
}


def run_input_json(run: RunInput) -> bytes:
    """Canonical bytes; rows in any order give the same bytes. Big counts are written as text."""
    return b"".join(_pieces(run, sorted(map(_row_bytes, run.rows))))


def _pieces(run: RunInput, rows: Iterable[bytes]) -> Iterator[bytes]:
    before, after = _head(run).split(_NO_ROWS, 1)
    yield before + b'"rows":['
    for number, row in enumerate(rows):
        yield b"," + row if number else row
    yield b"]" + after


def _head(run: RunInput) -> bytes:
    return canonical_bytes(
        {
            "schema": SCHEMA,
            "engine": run.engine,
            "agreement_id": run.agreement_id,
            "period": {
                "start": instant_text(run.period.start),
                "end": instant_text(run.period.end),
            },
            "segments": [
                _segment(part) for part in sorted(run.segments, key=lambda part: part.segment.index)
            ],
            "rows": [],
            "booked_lines": _sorted(run.booked_lines),
            "booked_shares": _sorted(run.booked_shares),
            "opening_minor": run.opening_minor,
            "paid_minor": run.paid_minor,
            # Absent when there is none: inputs frozen before it existed keep their bytes.
            **{name: _sorted(getattr(run, name)) for name in _LATER if getattr(run, name)},
            **({"plans": _plans(run)} if run.plans else {}),
            **({"sales_report": run.sales_report} if run.sales_report else {}),
        }
    )


def _plans(run: RunInput) -> list[dict[str, Any]]:
    ordered = sorted(run.plans, key=lambda plan: plan.prices.version_id)
    return [
        {"prices": dump_rate_card(plan.prices), "customers": sorted(plan.customers)}
        for plan in ordered
    ]


def _row_bytes(row: RunInputRow) -> bytes:
    """A row's canonical bytes. Big counts are written as text: byte-seconds pass 2^53, the largest
    whole number that canonical JSON can carry."""
    return _row_json(_texts(row)).encode()


# Of texts and one small number, under names in ASCII, this encoder's bytes are the canonical ones.
_row_json = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode
_ROW = tuple(member.name for member in fields(RunInputRow))


def _texts(row: RunInputRow) -> dict[str, str | int]:
    data = {name: getattr(row, name) for name in _ROW}
    return {
        name: str(value) if type(value) is int and name != "segment" else value
        for name, value in data.items()
    }


class InputDigest:
    """Fingerprint of a frozen input whose rows come one by one, in any order: the SHA-256 of
    `run_input_json`, never made whole. Sorted rows wait in stretches (`keep`) until the last."""

    def __init__(self, keep: Keep = tuple) -> None:
        self._keep = keep
        self._stretches: list[Sequence[bytes]] = []
        self._rows: list[bytes] = []

    def add(self, row: RunInputRow) -> RunInputRow:
        """Count a row in; the row."""
        self._rows.append(_row_bytes(row))
        if len(self._rows) == _STRETCH:
            self._put_away()
        return row

    def hexdigest(self, head: RunInput) -> str:
        """The fingerprint of `head` (its own rows do not count) with the rows counted in."""
        self._put_away()
        digest = hashlib.sha256()
        for piece in _pieces(head, heapq.merge(*self._stretches)):
            digest.update(piece)
        return digest.hexdigest()

    def _put_away(self) -> None:
        self._stretches.append(self._keep(sorted(self._rows)))
        self._rows = []


def run_input_sha256(run: RunInput) -> str:
    """Fingerprint of the frozen input."""
    digest = InputDigest()
    for row in run.rows:
        digest.add(row)
    return digest.hexdigest(run)


def _flat(kind: Callable[..., _Flat], names: Sequence[str], data: object) -> _Flat:
    read = Fields(data, getattr(kind, "__name__", "row"))
    later = _SINCE.get(kind, {}) if isinstance(kind, type) else {}
    values = {name: read.take(name, *((later[name],) if name in later else ())) for name in names}
    read.close()
    return kind(**values)


def _row(data: object) -> RunInputRow:
    read = Fields(data, "Row")
    values: dict[str, Any] = {}
    for member in fields(RunInputRow):
        value = read.take(member.name)
        values[member.name] = int(value) if member.type == "int" else value
    read.close()
    return RunInputRow(**values)


def _segment_terms(data: object) -> SegmentTerms:
    read = Fields(data, "Segment")
    segment = Segment(read.whole("index"), read.instant("start"), read.instant("end"))
    version_id, terms, retail = read.text("version_id"), read.take("terms"), read.take("retail")
    read.close()
    card = None if retail is None else parse_rate_card(retail)
    return SegmentTerms(segment, version_id, parse_terms(terms), card)


def _plan_prices(data: object) -> PlanPrices:
    read = Fields(data, "Plan")
    card, customers = parse_rate_card(read.take("prices")), read.take("customers")
    read.close()
    return PlanPrices(card, tuple(customers))


def _names(kind: Any) -> list[str]:
    return [member.name for member in fields(kind)]


def parse_run_input(data: bytes) -> RunInput:
    """Read `run_input_json` back. Raises BadRunInput for another schema or engine version."""
    read = Fields(json.loads(data), "Run input")
    schema, engine = read.text("schema"), read.text("engine")
    if schema != SCHEMA or engine not in READABLE_ENGINES:
        raise BadRunInput(
            f"This engine reads {SCHEMA} of engine {' or '.join(READABLE_ENGINES)}, not {schema} "
            f"of engine {engine}."
        )
    span = Fields(read.take("period"), "Period")
    run = RunInput(
        agreement_id=read.text("agreement_id"),
        period=Period(span.instant("start"), span.instant("end")),
        segments=tuple(_segment_terms(item) for item in read.items("segments")),
        rows=tuple(_row(item) for item in read.items("rows")),
        booked_lines=tuple(
            _flat(BookedLine, _names(BookedLine), item) for item in read.items("booked_lines")
        ),
        booked_shares=tuple(
            _flat(BookedShare, _names(BookedShare), item) for item in read.items("booked_shares")
        ),
        opening_minor=read.take("opening_minor"),
        paid_minor=read.take("paid_minor"),
        engine=engine,
        plans=tuple(_plan_prices(item) for item in read.items("plans", ())),
        sales_report=read.text("sales_report", ""),
        **{
            name: tuple(_flat(kind, _names(kind), item) for item in read.items(name, ()))
            for name, kind in _LATER.items()
        },
    )
    read.close()
    return run
