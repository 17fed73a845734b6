"""The frozen input of a run as canonical JSON: hashed, exported, read back for recomputation."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, fields
from typing import Any, Protocol, TypeVar

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
from billing.rules.sorting import Sorted
from billing.rules.terms_json import dump_terms, parse_terms

SCHEMA = "agentcache.run-input/1"
ROWS = b'"rows":['  # the piece of a head after which its rows go
# Members that grow with customers; the first two are written also when there is none of them.
OWNED: dict[str, Any] = {
    "booked_lines": BookedLine,
    "booked_shares": BookedShare,
    "sales": Sale,
    "taxes": PartyTax,
}
_ALWAYS = ("booked_lines", "booked_shares")
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
    return b"".join(run_input_pieces(run))


def run_input_pieces(run: RunInput) -> Iterator[bytes]:
    """The same piece by piece."""
    yield from _with_rows(head_pieces(run), sorted(map(_row_bytes, run.rows)))


class Counted(Protocol):
    """Items of which one knows how many there are."""

    def __iter__(self) -> Iterator[bytes]: ...
    def __len__(self) -> int: ...


def head_pieces(run: RunInput, owned: Mapping[str, Counted] | None = None) -> Iterator[bytes]:
    """`run_input_json` without rows, piece by piece; those would go after the piece `ROWS`.

    `owned`: the members of OWNED, each `owned_bytes` sorted, where they are too many for `run`.
    """
    if owned is None:
        owned = {name: sorted(map(owned_bytes, getattr(run, name))) for name in OWNED}
    stated = [name for name in OWNED if name in _ALWAYS or len(owned[name])]
    left = _head(run, stated)
    for name in sorted([*stated, "rows"]):
        opening = f'"{name}":['.encode()
        # Inside a text its quotes would be escaped, so the first is the member itself.
        before, left = left.split(opening + b"]", 1)
        yield before
        yield opening
        yield from _listed(owned.get(name, ()))
        yield b"]"
    yield left


def _listed(items: Iterable[bytes]) -> Iterator[bytes]:
    for number, item in enumerate(items):
        yield b"," + item if number else item


def _with_rows(head: Iterable[bytes], rows: Iterable[bytes]) -> Iterator[bytes]:
    for piece in head:
        yield piece
        if piece == ROWS:
            yield from _listed(rows)


def owned_bytes(item: Any) -> bytes:
    """An item of a member of OWNED, canonical: sorted by them, whatever the order of a query."""
    return canonical_bytes(_stated(item))


def _head(run: RunInput, stated: Iterable[str]) -> bytes:
    """The head's canonical bytes with the `stated` members of OWNED empty, the others absent."""
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
            "opening_minor": run.opening_minor,
            "paid_minor": run.paid_minor,
            # Absent when there is none: inputs frozen before it existed keep their bytes.
            **{
                name: _sorted(getattr(run, name))
                for name in _LATER
                if name not in OWNED and getattr(run, name)
            },
            **{name: [] for name in stated},
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
    `run_input_json`, never made whole (see `Sorted`)."""

    def __init__(self, keep: Keep = tuple) -> None:
        self._rows: Sorted[bytes] = Sorted(keep)

    def add(self, row: RunInputRow) -> RunInputRow:
        """Count a row in; the row."""
        self._rows.add(_row_bytes(row))
        return row

    def hexdigest(self, head: Iterable[bytes]) -> str:
        """The fingerprint of a head, in pieces as `head_pieces` has them, with the rows."""
        digest = hashlib.sha256()
        for piece in _with_rows(head, self._rows):
            digest.update(piece)
        return digest.hexdigest()


def run_input_sha256(run: RunInput) -> str:
    """Fingerprint of the frozen input."""
    digest = InputDigest()
    for row in run.rows:
        digest.add(row)
    return digest.hexdigest(head_pieces(run))


def parse_owned(name: str, item: object) -> Any:
    """An item of a member of OWNED, from its JSON. Raises BadTerms."""
    return _flat(OWNED[name], _names(OWNED[name]), item)


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
    return run_input_of(json.loads(data))


def run_input_of(data: object) -> RunInput:
    """`parse_run_input` of what JSON has been read; raises as that does."""
    read = Fields(data, "Run input")
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
