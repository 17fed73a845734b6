"""Recompute a settled month from its archive alone: standard library only, no network, no database.

Written apart from the platform's engine, from docs/settling.md: agreement terms + rates + hourly
usage give every line and total of the documents again, to the cent. `verify` names each file whose
bytes changed and each line that does not come out; `verify_proof` checks that an event is counted.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import sys
import zipfile
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any

SCHEMA = "agentcache.statement-archive/1"
PROOF_SCHEMA = "agentcache.inclusion-proof/1"
ENGINES = ("1", "2", "3")
# Their statements are taxed by the general status, over the shares alone.
_BEFORE_STATEMENT_TAX = ("1", "2")
FILES = (
    "statement.json", "documents.jsonl", "terms.json", "rates.json", "run_input.json",
    "usage.csv", "roots.json",
)  # fmt: skip
COUNTS = (
    "lookups", "stores", "cached_requests", "bytes_served", "byte_seconds", "tokens_saved",
    "cost_saved_micros",
)  # fmt: skip
_KNOWN_INPUT = {
    "schema", "engine", "agreement_id", "period", "segments", "rows", "booked_lines",
    "booked_shares", "opening_minor", "paid_minor", "carried", "taxes", "fx", "receipts",
    "sales", "sales_report", "endings", "plans",
}  # fmt: skip
_KNOWN_TERMS = {
    "kind", "collects", "currency", "anchor_at", "components", "tie", "poc_ends_at",
    "share_reason", "principal", "self_billing", "payment_days", "min_payout_minor", "term_months",
    "netting", "tax", "time_zone", "cutoff_days", "lock_days", "share_base",
    "share_after", "sales",
}  # fmt: skip
_COMPONENTS = {
    "base_fee", "per_unit", "revenue_share", "wholesale", "plan_fee", "savings_share", "minimum",
    "cap",
}  # fmt: skip
# Meter → the counted column, and how many of it make one unit.
METERS = {
    "cached_requests": ("cached_requests", 1),
    "lookups": ("lookups", 1),
    "stores": ("stores", 1),
    "gb_served": ("bytes_served", 10**9),
    "gb_hours": ("byte_seconds", 3600 * 10**9),
    "tokens_saved": ("tokens_saved", 1),
    "cost_saved": ("cost_saved_micros", 10**6),
}
_NO_DECIMALS = frozenset(
    "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split()  # noqa: SIM905
)
_THREE_DECIMALS = frozenset({"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"})
Json = dict[str, Any]


class NotCovered(ValueError):
    """The archive uses something that this version does not recompute; the message names it."""


@dataclass(frozen=True)
class Difference:
    """One figure that the document states otherwise than the files give; money in minor units."""

    document: str
    what: str
    stated: Any
    computed: Any

    def __str__(self) -> str:
        return f"{self.document}, {self.what}: stated {self.stated}, computed {self.computed}"


@dataclass(frozen=True)
class Total:
    """A document's gross, of a statement its closing balance, in minor units of its currency."""

    stated: int
    computed: int | None
    currency: str


@dataclass
class Result:
    """`problems`: files that changed or cannot be read. `totals`: document number → Total.

    `fingerprint`: SHA-256 of statement.json, to compare with the one on the page and the PDF.
    """

    problems: list[str] = field(default_factory=list)
    differences: list[Difference] = field(default_factory=list)
    totals: dict[str, Total] = field(default_factory=dict)
    statement: str = ""
    fingerprint: str = ""
    currency: str = ""
    seal: str = ""

    @property
    def ok(self) -> bool:
        """Every byte is as sealed and every figure comes out again."""
        return not self.problems and not self.differences

    def text(self) -> str:
        """What a person reads: one line a document, then what is wrong."""
        lines = [f"archive seal {self.seal or 'unknown'}"]
        if self.statement:
            lines.append(f"{self.statement} has the fingerprint {self.fingerprint}")
        for number, one in self.totals.items():
            verdict = "recomputed" if one.stated == one.computed else "DIFFERS"
            shown = "nothing" if one.computed is None else major_text(one.computed, one.currency)
            stated = major_text(one.stated, one.currency)
            lines.append(f"{number}: {stated} {one.currency} stated, {shown} {verdict}")
        lines += [f"PROBLEM  {problem}" for problem in self.problems]
        lines += [f"DIFFERS  {difference}" for difference in self.differences]
        lines.append("OK: every figure comes out of the files." if self.ok else "NOT OK")
        return "\n".join(lines)


def verify(path: Any) -> Result:
    """Check and recompute an archive (a .zip, or the folder it was unpacked to).

    Never raises for a bad archive: what is wrong is in the result.
    """
    result = Result()
    files = _read(Path(path), result)
    if not files and result.problems:
        return result
    _check_seal(files, result)
    try:
        _recompute(files, result)
    except NotCovered as error:
        result.problems.append(str(error))
    except (KeyError, TypeError, ValueError, IndexError, StopIteration, ArithmeticError) as error:
        result.problems.append(f"the files cannot be recomputed: {type(error).__name__}: {error}")
    return result


# --- bytes: what was sealed is what is here


def canonical(value: Any) -> bytes:
    """RFC 8785 for what the archive holds: sorted members, no spaces, whole numbers, UTF-8."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode()


def _sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _read(path: Path, result: Result) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    if path.is_dir():
        return {one.name: one.read_bytes() for one in sorted(path.iterdir()) if one.is_file()}
    try:
        with zipfile.ZipFile(path) as bundle:
            for name in bundle.namelist():
                try:
                    files[name] = bundle.read(name)
                except Exception as error:  # noqa: BLE001 - zlib, CRC, flags: all mean a bad file
                    result.problems.append(f"{name} is damaged: {error}")
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        result.problems.append(f"{path.name} cannot be opened: {error}")
    return files


def _check_seal(files: Mapping[str, bytes], result: Result) -> None:
    raw = files.get("manifest.json")
    if raw is None:
        result.problems.append("manifest.json is missing")
        return
    try:
        manifest = json.loads(raw)
        sealed = {name: value for name, value in manifest.items() if name != "seal"}
        result.seal = str(manifest["seal"])
        if canonical(manifest) != raw or _sha(canonical(sealed)) != manifest["seal"]:
            result.problems.append("manifest.json was changed: its seal does not fit")
        if manifest["schema"] != SCHEMA:
            result.problems.append(f"manifest.json is {manifest['schema']}, this reads {SCHEMA}")
        listed = {entry["name"]: entry["sha256"] for entry in manifest["files"]}
        frozen = manifest["input_sha256"]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        result.problems.append(f"manifest.json cannot be read: {error}")
        return
    for name in sorted(set(listed) | set(files) | set(FILES)):
        if name == "manifest.json":
            continue
        if name not in files:
            result.problems.append(f"{name} is missing")
        elif name not in listed:
            result.problems.append(f"{name} is not in the manifest")
        elif _sha(files[name]) != listed[name]:
            result.problems.append(f"{name} was changed: its SHA-256 does not fit")
    if "run_input.json" in files and _sha(files["run_input.json"]) != frozen:
        result.problems.append("run_input.json is not the input that was frozen")


# --- numbers


def half_up(value: Fraction) -> int:
    """Nearest whole number, a half away from zero."""
    size = int(abs(value) + Fraction(1, 2))
    return size if value >= 0 else -size


def cut(value: Fraction) -> Fraction:
    """To 12 decimal places, toward zero: how exact amounts are kept."""
    return Fraction(int(value * 10**12), 10**12)


def decimals(currency: str) -> int:
    """ISO 4217: how many decimals the currency has."""
    return 0 if currency in _NO_DECIMALS else 3 if currency in _THREE_DECIMALS else 2


def major_text(minor: int, currency: str) -> str:
    """Minor units as people write them, without the currency."""
    places = decimals(currency)
    sign, digits = "-" if minor < 0 else "", str(abs(minor)).rjust(places + 1, "0")
    return sign + (f"{digits[:-places]}.{digits[-places:]}" if places else digits)


def split(base: int, partner_bps: int, tie: str) -> tuple[int, int]:
    """(partner, platform) parts of a net; an exact half unit goes where the contract says."""
    whole, rest = divmod(abs(base) * partner_bps, 10_000)
    up = rest > 5_000 or (rest == 5_000 and tie == "partner")
    partner = (whole + up) * (1 if base >= 0 else -1)
    return partner, base - partner


def spread(amount: int, weights: Mapping[str, int]) -> dict[str, int]:
    """Whole units over weights by largest remainder; equal remainders go by key."""
    total = sum(weights.values())
    if not weights or not amount:
        return dict.fromkeys(weights, 0)
    if not total:
        return {key: amount if key == min(weights) else 0 for key in weights}
    if amount < 0:
        return {key: -part for key, part in spread(-amount, weights).items()}
    exact = {key: Fraction(amount * weight, total) for key, weight in weights.items()}
    parts = {key: value.__floor__() for key, value in exact.items()}
    by_rest = sorted(exact, key=lambda key: (parts[key] - exact[key], key))
    for key in by_rest[: amount - sum(parts.values())]:
        parts[key] += 1
    return parts


# --- time: UTC months, whole hours


@lru_cache(maxsize=4096)
def _at(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ")  # noqa: DTZ007 - all are UTC


def _months_later(at: datetime, months: int) -> datetime:
    year, month = divmod(at.year * 12 + at.month - 1 + months, 12)
    for day in (at.day, 30, 29, 28):
        try:
            return at.replace(year=year, month=month + 1, day=min(day, at.day))
        except ValueError:
            continue
    raise ValueError(f"no day {at.day} {months} months after {at}")


def _hours(start: datetime, end: datetime) -> int:
    return int((end - start).total_seconds()) // 3600


def _months_into(anchor: datetime, at: datetime) -> Fraction:
    """Calendar months from the anchor's month to an instant, the running one by its hours."""
    first = at.replace(day=1, hour=0)
    part = Fraction(_hours(first, at), _hours(first, _months_later(first, 1)))
    return (at.year - anchor.year) * 12 + at.month - anchor.month + part


def yearly_part(yearly: int, anchor: datetime, start: datetime, end: datetime) -> int:
    """A yearly fee's part for [start, end): twelve months make exactly the year."""
    until, since = (
        half_up(yearly * _months_into(anchor, at) / 12) for at in (end, start)
    )  # fmt: skip
    return until - since


# --- terms, prices and usage as the files say


@dataclass(frozen=True)
class Usage:
    """Counts of one customer and model in one segment."""

    segment: int
    customer: str
    external_id: str
    model: str
    counts: tuple[int, ...]

    def count(self, column: str) -> int:
        """One column."""
        return self.counts[COUNTS.index(column)]


@dataclass
class Group:
    """Segments under one agreement version, one price version, one phase: tiers run over all."""

    key: str
    version: str
    terms: Json
    rates: list[Json] | None
    phase: str
    spans: list[tuple[datetime, datetime]]
    usage: list[Usage] = field(default_factory=list)

    def of(self, kind: str) -> list[Json]:
        """The agreement's charge components of one type."""
        return [part for part in self.terms["components"] if part["type"] == kind]


@dataclass
class Line:
    """A charge: cumulative for the period, `amount` is what this run adds."""

    key: str
    kind: str
    payer: str
    customer: str
    external_id: str
    version: str
    phase: str
    rounded: int
    quantity: Fraction = Fraction(0)
    exact: Fraction = Fraction(0)
    earned: int = 0
    amount: int = 0
    rate_key: str = ""
    was_booked: bool = False

    @property
    def shown(self) -> bool:
        """New, or changed since an earlier run of the period."""
        return not self.was_booked or bool(self.amount or self.earned)


def _segments(files: Mapping[str, bytes], result: Result) -> tuple[Json, list[Group], list[Json]]:
    frozen = json.loads(files["run_input.json"])
    if frozen["engine"] not in ENGINES:
        known = " and ".join(ENGINES)
        raise NotCovered(f"engine {frozen['engine']}: this version recomputes engine {known}")
    unknown = sorted(name for name in set(frozen) - _KNOWN_INPUT if frozen[name])
    if unknown:
        raise NotCovered(f"run_input.json has {', '.join(unknown)}: not recomputed here")
    terms, rates = json.loads(files["terms.json"]), json.loads(files["rates.json"])
    versions = {one["version_id"]: one["terms"] for one in terms["versions"]}
    cards = {one["version_id"]: one for one in rates["versions"]}
    segments = sorted(terms["segments"], key=lambda one: one["start"])
    told = [
        {"index": s["index"], "start": s["start"], "end": s["end"], "version_id": s["version_id"],
         "terms": versions[s["version_id"]],
         "retail": cards[s["rate_card"]] if s["rate_card"] else None}
        for s in segments
    ]  # fmt: skip
    if canonical(told) != canonical(sorted(frozen["segments"], key=lambda one: one["start"])):
        result.problems.append("terms.json and rates.json are not what run_input.json was rated by")
    plans = [plan["prices"] for plan in frozen.get("plans", ())]
    if any(canonical(one) != canonical(cards.get(one["version_id"])) for one in plans):
        result.problems.append("rates.json has not the plans that run_input.json was rated by")
    groups: dict[str, Group] = {}
    for part in told:
        ends, start = part["terms"]["poc_ends_at"], _at(part["start"])
        phase = "poc" if ends and start < _at(ends) else "live"
        card = part["retail"]
        key = f"{part['version_id']}/{card['version_id'] if card else '-'}/{phase}"
        group = groups.setdefault(key, Group(
            key, part["version_id"], part["terms"], card["rates"] if card else None, phase, []
        ))  # fmt: skip
        group.spans.append((start, _at(part["end"])))
    return frozen, list(groups.values()), told


def _usage(data: bytes, segments: Sequence[Json]) -> list[Usage]:
    spans = [(_at(s["start"]), _at(s["end"]), s["index"]) for s in segments]
    sums: dict[tuple[int, str, str, str], list[int]] = defaultdict(lambda: [0] * len(COUNTS))
    for row in csv.DictReader(io.StringIO(data.decode(), newline="")):
        hour = _at(row["hour"])
        index = next(index for start, end, index in spans if start <= hour < end)
        found = sums[index, row["customer_id"], row["customer"], row["model"]]
        for n, name in enumerate(COUNTS):
            found[n] += int(row[name])
    return [Usage(*key, tuple(found)) for key, found in sums.items()]


def _compare_usage(usage: Iterable[Usage], frozen: Json, result: Result) -> None:
    """The hours must add up to what was frozen, customer by customer."""
    hours = {(u.segment, u.customer, u.model): u.counts for u in usage if any(u.counts)}
    kept = {
        (row["segment"], row["customer_id"], row["model"]): tuple(int(row[n]) for n in COUNTS)
        for row in frozen["rows"]
    }
    names = {row["customer_id"]: row["external_id"] for row in frozen["rows"]}
    nothing = (0,) * len(COUNTS)
    for key in sorted(set(hours) | {key for key, counts in kept.items() if any(counts)}):
        both = hours.get(key, nothing), kept.get(key, nothing)
        for n, name in enumerate(COUNTS):
            mine, theirs = both[0][n], both[1][n]
            if mine != theirs:
                who = f"{name} of {names.get(key[1], key[1])} {key[2]}".strip()
                result.differences.append(Difference("usage.csv", who, theirs, mine))


def _place(groups: Sequence[Group], usage: Sequence[Usage], frozen: Json) -> dict[str, str]:
    """Usage into its groups; a customer on a plan is in each segment, used or not. → plans."""
    by_segment = {
        part["index"]: group
        for part in frozen["segments"]
        for group in groups
        if (_at(part["start"]), _at(part["end"])) in group.spans
    }
    placed = {(row.segment, row.customer, row.model) for row in usage}
    empty = [
        Usage(row["segment"], row["customer_id"], row["external_id"], row["model"],
              (0,) * len(COUNTS))
        for row in frozen["rows"]
        if (row["segment"], row["customer_id"], row["model"]) not in placed
    ]  # fmt: skip
    for row in [*usage, *empty]:
        by_segment[row.segment].usage.append(row)
    return {row["customer_id"]: row["plan"] for row in frozen["rows"] if row["plan"]}


# --- one rate


def _blocks(quantity: Fraction, block: Fraction) -> Fraction:
    return quantity if block == 1 else Fraction(-((-quantity) // block))


def _tier(tier: Json, quantity: Fraction) -> Fraction:
    flat = Fraction(tier["flat_price"])
    return _blocks(quantity, Fraction(tier["block"])) * Fraction(tier["unit_price"]) + flat


def _graduated(tiers: Sequence[Json], quantity: Fraction) -> Fraction:
    total, lower = Fraction(0), Fraction(0)
    for tier in tiers:
        if lower and quantity <= lower:
            break
        end = quantity if tier["up_to"] is None else min(quantity, Fraction(tier["up_to"]))
        total += _tier(tier, end - lower)
        lower = end if tier["up_to"] is None else Fraction(tier["up_to"])
    return total


def _volume(tiers: Sequence[Json], quantity: Fraction) -> Fraction:
    reached = (t for t in tiers if t["up_to"] is None or quantity <= Fraction(t["up_to"]))
    return _tier(next(reached), quantity)


def price(rate: Json, quantity: Fraction) -> Fraction:
    """What a whole period's quantity costs at a rate, major units, kept to 12 places."""
    charged = max(quantity - Fraction(rate["included"]), Fraction(0))
    unit, mode = Fraction(rate["unit_price"]), rate["mode"]
    if mode == "flat":
        amount = unit
    elif mode == "per_unit":
        amount = charged * unit
    elif mode == "package":
        amount = _blocks(charged, Fraction(rate["package_size"])) * unit
    elif mode == "percentage":
        amount = charged * rate["percentage_bps"] / 10_000
    elif mode in ("graduated", "volume"):
        amount = (_graduated if mode == "graduated" else _volume)(rate["tiers"], charged)
    else:
        raise NotCovered(f"rate mode {mode!r} is not recomputed by this version")
    if rate["minimum"] is not None:
        amount = max(amount, Fraction(rate["minimum"]))
    if rate["cap"] is not None:
        amount = min(amount, Fraction(rate["cap"]))
    return cut(amount)


def _measure(rate: Json, usage: Iterable[Usage]) -> Fraction:
    column, unit = METERS[rate["meter"]]
    return cut(Fraction(sum(row.count(column) for row in usage), unit))


def _fits(rate: Json, row: Usage) -> bool:
    return all(name == "model" and row.model == value for name, value in rate["where"].items())


def _taken(rates: Sequence[Json], usage: Sequence[Usage]) -> dict[str, list[Usage]]:
    """Each row's meter goes to the rate that says most about it; fixed rates take all they fit."""
    taken: dict[str, list[Usage]] = {rate["key"]: [] for rate in rates}
    for row in usage:
        metered: dict[str, list[Json]] = defaultdict(list)
        for rate in rates:
            if _fits(rate, row):
                if rate["mode"] == "flat":
                    taken[rate["key"]].append(row)
                else:
                    metered[rate["meter"]].append(rate)
        for fitting in metered.values():
            taken[max(fitting, key=lambda rate: len(rate["where"]))["key"]].append(row)
    return taken


# --- the lines of one group


class _Charges:
    """Makes the lines of one payer in one group."""

    def __init__(self, group: Group, unit: int, customer: str = "", external_id: str = "") -> None:
        self.group, self.unit, self.customer = group, unit, customer
        self.external_id = external_id
        self.payer = "customer" if customer else "partner"
        self.lines: list[Line] = []

    def add(self, kind: str, exact: Fraction, name: str = "", **more: Any) -> Line:
        """One line; rounded here, once, unless `rounded` says otherwise."""
        who = f"customer:{self.customer}" if self.customer else "partner"
        rounded = more.pop("rounded", None)
        rounded = half_up(exact * self.unit) if rounded is None else rounded
        line = Line(
            "/".join((who, self.group.key, kind, name)), kind, self.payer, self.customer,
            self.external_id, self.group.version, self.group.phase, rounded, exact=exact,
            rate_key=name, **{"earned": rounded, **more},
        )  # fmt: skip
        self.lines.append(line)
        return line

    def metered(self, kind: str, rate: Json, usage: Sequence[Usage]) -> Line | None:
        """A rate over usage; nothing at all leaves no line."""
        quantity = _measure(rate, usage)
        exact = price(rate, quantity)
        if not quantity and not exact:
            return None
        return self.add(kind, exact, rate["key"], quantity=quantity)

    def fee(self, kind: str, part: Json, name: str = "") -> None:
        """A yearly fee's part: billed where its interval begins, earned month by month."""
        found = _fee(part, self.group)
        if found is not None:
            billed, earned = found
            exact = Fraction(billed, self.unit)
            self.add(kind, exact, name, rounded=billed, earned=earned)

    def poc_discount(self) -> None:
        """In a proof of concept everything is taken off again."""
        if self.group.phase == "poc" and self.lines:
            off = -sum(line.rounded for line in self.lines)
            self.add("poc_discount", Fraction(off, self.unit), rounded=off)


def _fee(part: Json, group: Group) -> tuple[int, int] | None:
    yearly, anchor = part["yearly_minor"], _at(group.terms["anchor_at"])
    earned = sum(
        yearly_part(yearly, anchor, max(start, anchor), end)
        for start, end in group.spans
        if end > anchor
    )
    if part["interval"] == "monthly":
        return (earned, earned) if earned else None
    if group.phase == "poc":
        return None
    ends = group.terms["poc_ends_at"]
    first, months = _at(ends) if ends else anchor, {"quarterly": 3, "yearly": 12}[part["interval"]]
    billed, count = 0, 0
    while (begins := _months_later(first, months * count)) < group.spans[-1][1]:
        if any(start <= begins < end for start, end in group.spans):
            until = _months_later(first, months * (count + 1))
            billed += yearly_part(yearly, anchor, begins, until)
        count += 1
    return (billed, earned) if billed or earned else None


def _customer_lines(group: Group, plans: Mapping[str, str], unit: int) -> list[Line]:
    lines: list[Line] = []
    by_customer: dict[str, list[Usage]] = defaultdict(list)
    for row in group.usage:
        by_customer[row.customer].append(row)
    for customer, usage in sorted(by_customer.items()):
        charges = _Charges(group, unit, customer, usage[0].external_id)
        for part in group.of("plan_fee"):
            if part["plan"] == plans.get(customer, ""):
                charges.fee("plan_fee", part, part["plan"])
        taken = _taken(group.rates or [], usage)
        for rate in group.rates or []:
            if taken[rate["key"]]:
                charges.metered("usage", rate, taken[rate["key"]])
        for part in group.of("savings_share"):
            column, micros = METERS["cost_saved"]
            saved = Fraction(sum(row.count(column) for row in usage), micros)
            exact = saved * part["percentage_bps"] / 10_000
            if part["cap_minor"] is not None:
                exact = min(exact, Fraction(part["cap_minor"], unit))
            if cut(exact):
                charges.add("savings_share", cut(exact), "savings_share", quantity=saved)
        charges.poc_discount()
        lines += charges.lines
    return lines


def _partner_lines(group: Group, unit: int) -> list[Line]:
    charges = _Charges(group, unit)
    for part in group.of("base_fee"):
        charges.fee("base_fee", part)
    for part in group.of("per_unit"):
        rate = part["rate"]
        charges.metered("usage", rate, _taken([rate], group.usage)[rate["key"]])
    for part in group.of("wholesale"):
        _wholesale(group, part, charges, unit)
    charges.poc_discount()
    return charges.lines


def _wholesale(group: Group, part: Json, charges: _Charges, unit: int) -> None:
    """Retail, then a line down to retail × factor rounded once, then the volume discount."""
    value, taken = 0, _taken(group.rates or [], group.usage)
    for rate in group.rates or []:
        retail = charges.metered("wholesale_retail", rate, taken[rate["key"]])
        if retail is not None:
            owed = cut(retail.exact * part["factor_bps"] / 10_000)
            off = half_up(owed * unit) - retail.rounded
            charges.add("wholesale_factor", owed - retail.exact, rate["key"], rounded=off)
            value += retail.rounded + off
    if part["discount_mode"] != "none":
        discount = _discount(part, value, unit)
        if discount:
            charges.add("volume_discount", -discount)


def _discount(part: Json, value: int, unit: int) -> Fraction:
    total, lower = Fraction(0), 0
    for tier in part["discount_tiers"]:
        open_end = tier["up_to_minor"] is None
        bound = value if open_end else min(value, tier["up_to_minor"])
        reached = open_end or value <= tier["up_to_minor"]
        whole = part["discount_mode"] == "volume"
        if not whole or reached:
            base = Fraction(value if whole else bound - lower, unit)
            total += cut(base * tier["discount_bps"] / 10_000)
        if reached:
            break
        lower = bound
    return total


# --- shares, booked amounts, documents


@dataclass
class Share:
    """One customer's net under one version (or what was paid on one invoice), split."""

    key: str
    customer: str
    version: str
    collects: str
    partner: int
    platform: int
    full_platform: int


COLLECTED, FEES = "collected:", "collected:fees:"
# What is taken off before the share where terms do not list it.
_USUALLY_OFF = {"invoiced": ["credits", "tax"], "collected": ["refunds", "tax"]}
_NOTHING = {"base_minor": 0, "partner_minor": 0, "platform_minor": 0}
Booked = Mapping[str, Json]


def _bps(terms: Json) -> int:
    return sum(p["partner_bps"] for p in terms["components"] if p["type"] == "revenue_share")


def _shares_revenue(terms: Json) -> bool:
    return any(part["type"] == "revenue_share" for part in terms["components"])


def _on_receipts(terms: Json) -> bool:
    return bool(terms.get("share_base", "invoiced") == "collected")


def _taken_off(terms: Json) -> list[str]:
    usual = _USUALLY_OFF[terms.get("share_base", "invoiced")]
    return list(terms.get("share_after", usual))


# Which of a party's tax statuses a line falls under, where one is about a part of the charges.
_CHARGES = {
    **dict.fromkeys(("plan_fee", "base_fee", "rest_of_term", "minimum"), "fixed"),
    **dict.fromkeys(("usage", "savings_share", "cap", "volume_discount"), "usage"),
    **dict.fromkeys(("wholesale_retail", "wholesale_factor"), "usage"),
}


def _charges(kind: str, key: str) -> str:
    """'fixed' or 'usage', '' for neither and for all of a proof of concept."""
    return "" if "/poc/" in key else _CHARGES.get(kind, "")


def _percents(frozen: Json, terms: Mapping[str, Json]) -> dict[tuple[str, str], Fraction]:
    """(customer, charges) → the tax on its documents, where they carry tax."""
    if all(one.get("tax", "none") != "charged" for one in terms.values()):
        return {}
    return {
        (one["party"], one.get("charges", "")): Fraction(
            one["percent"] if one["treatment"] in ("standard", "reduced") else 0
        )
        for one in frozen.get("taxes", ())
    }


def _shares(
    lines: Sequence[Line],
    terms: Mapping[str, Json],
    booked: Booked,
    percents: Mapping[tuple[str, str], Fraction] | None = None,
    uncollected: bool = False,
) -> list[Share]:
    bases: dict[tuple[str, str], dict[Fraction, int]] = defaultdict(lambda: defaultdict(int))
    for line in lines:
        own = terms[line.version]
        counts = _shares_revenue(own) and (uncollected or not _on_receipts(own))
        if line.payer == "customer" and counts:
            rates, charges = percents or {}, _charges(line.kind, line.key)
            general = rates.get((line.customer, ""), Fraction(0))
            percent = rates.get((line.customer, charges), general)
            bases[line.customer, line.version][percent] += line.rounded
    found = []
    for (customer, version), nets in sorted(bases.items()):
        base = sum(nets.values())
        if "tax" not in _taken_off(terms[version]):
            base += sum(half_up(net * percent / 100) for percent, net in nets.items())
        partner, platform = split(base, _bps(terms[version]), terms[version]["tie"])
        key = f"share:{customer}/{version}"
        old = booked.get(key, _NOTHING)
        found.append(
            Share(
                key,
                customer,
                version,
                terms[version]["collects"],
                partner - old["partner_minor"],
                platform - old["platform_minor"],
                platform,
            )
        )
    return found


def _receipt_shares(receipts: Sequence[Json], booked: Booked) -> list[Share]:
    """The share of what was paid on each invoice so far, less what statements showed of it."""
    found = []
    for receipt in sorted(receipts, key=lambda one: one["key"]):
        gross = receipt["gross_minor"]
        claimed = max(gross - receipt.get("credited_minor", 0), 0)
        paid = min(max(receipt["paid_minor"], 0), claimed) - receipt.get("reopened_minor", 0)
        whole = receipt["base_minor"] + receipt.get("tax_minor", 0)
        base = half_up(Fraction(whole * paid, gross)) if gross > 0 else 0
        fees = FEES + receipt["key"].removeprefix(COLLECTED)
        for key, amount in ((receipt["key"], base), (fees, -receipt.get("fee_minor", 0))):
            partner, platform = split(amount, receipt["partner_bps"], receipt["tie"])
            old = booked.get(key, _NOTHING)
            due = partner - old["partner_minor"]
            if due or amount != old["base_minor"]:
                ours = platform - old["platform_minor"]
                owner = receipt["customer_id"], receipt["version_id"]
                found.append(Share(key, *owner, "platform", due, ours, platform))
    return found


def _true_ups(
    groups: Sequence[Group], lines: Sequence[Line], shares: Sequence[Share], frozen: Json, unit: int
) -> list[Line]:
    """A version's cap on usage, then what is missing to its minimum, by the hours it was live.

    Base fees count towards neither. Engine 1 counted our part of customers' money towards the
    minimum only where the partner collects; engine 2 counts it always.
    """
    period = frozen["period"]
    hours = _hours(_at(period["start"]), _at(period["end"]))
    found: list[Line] = []
    live = [group for group in groups if group.phase == "live"]
    for version in dict.fromkeys(group.version for group in live):
        own = [group for group in live if group.version == version]
        covered = sum(_hours(start, end) for group in own for start, end in group.spans)
        counted = sum(
            line.rounded
            for line in lines
            if (line.payer, line.phase, line.version) == ("partner", "live", version)
            and line.kind != "base_fee"
        )
        for part in own[0].of("cap"):
            over = Fraction(counted, unit) - cut(
                Fraction(part["monthly_minor"] * covered, hours * unit)
            )
            if over > 0:
                found.append(_Charges(own[0], unit).add("cap", -over))
                counted += found[-1].rounded
        counted += sum(
            share.full_platform
            for share in shares
            if share.version == version and (share.collects == "partner" or frozen["engine"] != "1")
        )
        for part in own[0].of("minimum"):
            least = cut(Fraction(part["monthly_minor"] * covered, hours * unit))
            missing = least - Fraction(counted, unit)
            if missing > 0:
                found.append(_Charges(own[0], unit).add("minimum", missing))
    return found


def _less_booked(lines: Sequence[Line], booked: Sequence[Json]) -> list[Line]:
    before = {row["key"]: row for row in booked}
    for line in lines:
        old = before.pop(line.key, None)
        line.amount = line.rounded - (old["rounded_minor"] if old else 0)
        line.earned -= old["earned_minor"] if old else 0
        line.was_booked = old is not None
    gone = [
        Line(
            row["key"],
            row["kind"],
            row["payer"],
            row["customer_id"] or "",
            row["external_id"],
            row["version_id"],
            row["phase"],
            0,
            earned=-row["earned_minor"],
            amount=-row["rounded_minor"],
            rate_key=row["rate_key"],
            was_booked=True,
        )
        for row in before.values()
    ]
    return [*lines, *gone]


LineKey = tuple[str, str]


@dataclass
class Paper:
    """A document as it should be: (line kind, line key) → amount, its taxes, its sums."""

    lines: dict[LineKey, int]
    currency: str
    taxes: list[tuple[Fraction, int]] = field(default_factory=list)
    sums: dict[str, int] = field(default_factory=dict)

    @property
    def net(self) -> int:
        """The sum of the lines."""
        return sum(self.lines.values())

    @property
    def gross(self) -> int:
        """The net and the taxes."""
        return self.net + sum(amount for _, amount in self.taxes)


Identity = tuple[str, str, str]
STATEMENT, PARTNER_PAPER = ("statement", "platform", ""), ("partner", "platform", "")


def _tax(percent: Fraction, base: int) -> tuple[Fraction, int]:
    return percent, half_up(base * percent / 100)


def _tax_status(frozen: Json, party: str, charges: str = "") -> Json:
    own = [one for one in frozen.get("taxes", ()) if one["party"] == party]
    found = {one.get("charges", ""): one for one in own}
    status = found.get(charges, found.get(""))
    if status is None:
        raise NotCovered(f"run_input.json has no tax status of {party}, and documents carry tax")
    return dict(status)


def _with_tax(frozen: Json, paper: Paper, terms: Json, party: str) -> Paper:
    """A tax over the lines of each of the buyer's statuses that they fall under, or over the net;
    reverse charge and exemption state 0."""
    if terms.get("tax", "none") == "charged" and paper.lines:
        nets: dict[tuple[str, ...], int] = {}
        rows = {at: amount for at, amount in paper.lines.items() if at[0] != "shadow"}
        for (kind, key), amount in (rows or paper.lines).items():
            one = _tax_status(frozen, party, _charges(kind, key))
            same = tuple(one[name] for name in ("treatment", "country", "label", "percent",
                                                "reason"))  # fmt: skip
            nets[same] = nets.get(same, 0) + amount
        for (treatment, _country, _label, percent, _reason), net in nets.items():
            if treatment in ("standard", "reduced", "reverse_charge", "exempt"):
                added = treatment in ("standard", "reduced")
                paper.taxes.append(_tax(Fraction(percent) if added else Fraction(0), net))
    return paper


def _statement_tax(
    frozen: Json, terms: Json, earned: int, carried: int
) -> list[tuple[Fraction, int]]:
    """Added where the partner is self-billed, taken off where tax is withheld."""
    before = frozen["engine"] in _BEFORE_STATEMENT_TAX
    net = earned if before else earned + carried
    if terms.get("tax", "none") != "charged" or not net:
        return []
    status = _tax_status(frozen, "partner", "" if before else "share")
    percent, treatment = Fraction(status["percent"]), status["treatment"]
    if treatment == "withholding":
        return [_tax(-percent, net)]
    added = ("standard",) if before else ("standard", "reduced")
    nothing = ("reverse_charge",) if before else ("reverse_charge", "exempt")
    if terms["self_billing"] and treatment in added + nothing:
        return [_tax(percent if treatment in added else Fraction(0), net)]
    return []


def _converted(lines: Sequence[Line], base: str, quote: str, frozen: Json) -> dict[LineKey, int]:
    """A customer's lines in its own currency at the frozen rate, each rounded once."""
    if base == quote:
        return {(line.kind, line.key): line.amount for line in lines}
    fitting = [one for one in frozen.get("fx", ()) if (one["base"], one["quote"]) == (base, quote)]
    if not fitting:
        raise NotCovered(f"run_input.json has no exchange rate from {base} to {quote}")
    factor = Fraction(fitting[0]["rate"]) * Fraction(10 ** decimals(quote), 10 ** decimals(base))
    found: dict[LineKey, int] = {}
    taken: dict[str, int] = defaultdict(int)
    for line in sorted(lines, key=lambda one: one.kind == "poc_discount"):
        group = line.key.split(f"/{line.kind}/", 1)[0]
        if line.kind == "poc_discount":
            amount = -taken[group]
        else:
            booked = line.rounded - line.amount
            amount = half_up(line.rounded * factor) - half_up(booked * factor)
            taken[group] += amount
        found[line.kind, line.key] = amount
    return found


def _share_lines(lines: Sequence[Line], share: Share, amount: int) -> dict[LineKey, int]:
    if share.key.startswith(COLLECTED):
        return {("fees" if share.key.startswith(FEES) else "share", share.key): amount}
    own = {
        line.key: line.amount
        for line in lines
        if (line.payer, line.phase) == ("customer", "live")
        and line.shown
        and (line.customer, line.version) == (share.customer, share.version)
    }
    return {("share", key): part for key, part in spread(amount, own).items()}


def _shadow(lines: Sequence[Line]) -> dict[LineKey, int]:
    return {("shadow", line.key): 0 for line in lines if line.kind == "poc_discount" and line.shown}


def papers(
    frozen: Json, terms: Mapping[str, Json], lines: Sequence[Line], shares: Sequence[Share]
) -> dict[Identity, Paper]:
    """Every document of the run by (whose, issuer, customer)."""
    found = _customer_papers(frozen, terms, lines)
    last = list(terms.values())[-1]
    customers = [line for line in lines if line.payer == "customer"]
    owed = {(ln.kind, ln.key): ln.amount for ln in lines if ln.payer == "partner" and ln.shown}
    for share in shares:
        if share.collects == "partner":
            owed.update(_share_lines(lines, share, share.platform))
    owed.update(_shadow([c for c in customers if terms[c.version]["collects"] == "partner"]))
    if owed:
        paper = Paper(owed, last["currency"])
        found[PARTNER_PAPER] = _with_tax(frozen, paper, last, "partner")
    statement = _statement(frozen, terms, lines, shares, found.get(PARTNER_PAPER))
    return found if statement is None else {**found, STATEMENT: statement}


def _customer_papers(
    frozen: Json, terms: Mapping[str, Json], lines: Sequence[Line]
) -> dict[Identity, Paper]:
    own: dict[Identity, list[Line]] = defaultdict(list)
    for line in lines:
        portal = terms[line.version].get("sales", "portal") == "portal"
        if line.payer == "customer" and line.shown and portal:
            who = ("customer", terms[line.version]["collects"], line.external_id)
            own[who].append(line)
    currencies: dict[str, str] = {
        r["customer_id"]: r["currency"] for r in frozen["rows"] if r["currency"]
    }
    order = list(terms)
    found = {}
    for who, mine in own.items():
        version = max((line.version for line in mine), key=order.index)
        base: str = terms[version]["currency"]
        quote = currencies.get(mine[0].customer, base)
        paper = Paper(_converted(mine, base, quote, frozen), quote)
        found[who] = _with_tax(frozen, paper, terms[version], mine[0].customer)
    return found


def _statement(
    frozen: Json,
    terms: Mapping[str, Json],
    lines: Sequence[Line],
    shares: Sequence[Share],
    owed: Paper | None,
) -> Paper | None:
    paying = [t for t in terms.values() if t["collects"] == "platform" and _shares_revenue(t)]
    rows: dict[LineKey, int] = {}
    for share in shares:
        if share.collects == "platform":
            rows.update(_share_lines(lines, share, share.partner))
    pays = [ln for ln in lines if ln.payer == "customer" and terms[ln.version] in paying]
    rows.update(_shadow(pays))
    earned, carried = sum(rows.values()), frozen.get("carried", ())
    left = frozen["opening_minor"] - frozen["paid_minor"] or carried or rows
    if not paying and not left:
        return None
    fees = -sum(amount for (kind, _), amount in rows.items() if kind == "fees")
    rows.update({("carried", f"carried:{one['key']}"): one["amount_minor"] for one in carried})
    booked = [one for one in frozen["booked_shares"] if not one["key"].startswith(COLLECTED)]
    first = not frozen["booked_lines"] and not booked
    if not rows and not first:
        return None
    # Earlier terms paid the partner: what is left is stated, and nothing holds it back.
    last = (
        paying[-1] if paying else [*terms.values()][-1] | {"min_payout_minor": 0, "netting": False}
    )
    moved = sum(one["amount_minor"] for one in carried)
    paper = Paper(rows, last["currency"], _statement_tax(frozen, last, earned, moved))
    later = frozen["engine"] != "1" and not first
    adjustments = moved + (earned + fees if later else 0)
    tax = sum(amount for _, amount in paper.taxes)
    shown = 0 if later else earned + fees
    due = frozen["opening_minor"] - frozen["paid_minor"] + shown + adjustments - fees + tax
    sets_off = last["netting"] and frozen["engine"] != "1" and owed is not None
    netting = max(0, min(due, owed.gross)) if sets_off and owed is not None else 0
    closing = due - netting
    payable = closing if closing > 0 and closing >= last["min_payout_minor"] else 0
    paper.sums = {
        "opening_minor": frozen["opening_minor"],
        "paid_minor": frozen["paid_minor"],
        "shares_minor": shown,
        "adjustments_minor": adjustments,
        "fees_minor": fees,
        "tax_minor": tax,
        "netting_minor": netting,
        "closing_minor": closing,
        "payable_minor": payable,
        "carried_minor": closing - payable,
    }
    return paper


def _paying(groups: Sequence[Group], frozen: Json) -> list[Group]:
    """The groups that customers pay by: who is on a plan pays its prices, whatever the retail card.

    A part of the period takes its hours of the plan's fee and of what it includes.
    """
    plans = frozen.get("plans", ())
    planned = {customer for plan in plans for customer in plan["customers"]}
    found = [
        replace(one, usage=[row for row in one.usage if row.customer not in planned])
        for one in groups
    ]
    for plan in plans:
        members, by_key = set(plan["customers"]), dict[str, Group]()
        for one in groups:
            key = f"{one.version}/{plan['prices']['version_id']}/{one.phase}"
            mine = by_key.setdefault(key, replace(one, key=key, spans=[], usage=[]))
            mine.spans = sorted([*mine.spans, *one.spans])
            mine.usage += [row for row in one.usage if row.customer in members]
        for one in by_key.values():
            one.rates = [_part_of(rate, one, frozen) for rate in plan["prices"]["rates"]]
        found += by_key.values()
    return found


def _part_of(rate: Json, group: Group, frozen: Json) -> Json:
    whole = _hours(_at(frozen["period"]["start"]), _at(frozen["period"]["end"]))
    share = Fraction(sum(_hours(*span) for span in group.spans), whole)
    names = ("included", "unit_price") if rate["mode"] == "flat" else ("included",)
    return {**rate, **{name: str(cut(Fraction(rate[name]) * share)) for name in names}}


def _recompute(files: Mapping[str, bytes], result: Result) -> None:
    frozen, groups, told = _segments(files, result)
    usage = _usage(files["usage.csv"], told)
    _compare_usage(usage, frozen, result)
    plans = _place(groups, usage, frozen)
    terms = {group.version: group.terms for group in groups}
    result.currency = groups[-1].terms["currency"]
    unit = 10 ** decimals(result.currency)
    lines: list[Line] = []
    for group in _paying(groups, frozen):
        _refuse_unknown(group)
        awaits = group.terms.get("sales", "portal") == "reported" and group.phase == "live"
        if awaits and (frozen.get("sales_report") or group.rates is None):
            pass  # customers pay what the partner reports, or nobody knows what
        elif group.terms["kind"] in ("revenue_share", "direct") or _shares_revenue(group.terms):
            lines += _customer_lines(group, plans, unit)
    for group in groups:
        lines += _partner_lines(group, unit)
    lines += _sales_lines(groups, frozen, unit)
    booked = {row["key"]: row for row in frozen["booked_shares"]}
    rough = _shares(lines, terms, booked, uncollected=True)
    lines += _true_ups(groups, lines, rough, frozen, unit)
    lines += _rest_of_term(groups, frozen, unit)
    lines = _less_booked(lines, frozen["booked_lines"])
    shares = _shares(lines, terms, booked, _percents(frozen, terms))
    shares += _receipt_shares(frozen.get("receipts", ()), booked)
    _compare(files, papers(frozen, terms, lines, shares), result)


def _rest_of_term(groups: Sequence[Group], frozen: Json, unit: int) -> list[Line]:
    """With an early end the base fees of the rest of the term, less what was billed in advance."""
    lines = []
    for ending in frozen.get("endings", ()):
        last, at, before = groups[-1], _at(ending["ends_at"]), 0
        anchor, ends = _at(last.terms["anchor_at"]), last.terms["poc_ends_at"]
        for part in last.of("base_fee"):
            months = {"monthly": 0, "quarterly": 3, "yearly": 12}[part["interval"]]
            until, first, count = at, _at(ends) if ends else anchor, 0
            while months and _months_later(first, months * count) < at:
                count += 1
                until = _months_later(first, months * count)
            if until > at:
                before += yearly_part(part["yearly_minor"], anchor, at, until)
        due = ending["rest_minor"] - before
        lines.append(_Charges(last, unit).add(
            "rest_of_term", Fraction(due, unit), rounded=due, earned=ending["rest_minor"]
        ))  # fmt: skip
    return lines


def _sales_lines(groups: Sequence[Group], frozen: Json, unit: int) -> list[Line]:
    """What the partner reported per customer and currency, at the last terms that await it."""
    awaiting = [
        g for g in groups if g.terms.get("sales", "portal") == "reported" and g.phase == "live"
    ]
    if not (awaiting and frozen.get("sales_report")):
        return []
    group = awaiting[-1]
    sums: dict[tuple[str, str, str], int] = defaultdict(int)
    for sale in frozen.get("sales", ()):
        sums[sale["customer_id"], sale["currency"], sale["external_id"]] += sale["amount_minor"]
    lines: list[Line] = []
    for (customer, currency, external_id), minor in sorted(sums.items()):
        base = group.terms["currency"]
        if currency != base:
            rates = [r for r in frozen.get("fx", ()) if (r["base"], r["quote"]) == (base, currency)]
            if not rates:
                raise NotCovered(f"run_input.json has no exchange rate from {base} to {currency}")
            minor = half_up(Fraction(minor * unit, 10 ** decimals(currency))
                            / Fraction(rates[0]["rate"]))  # fmt: skip
        charges = _Charges(group, unit, customer, external_id)
        lines.append(charges.add("sale", Fraction(minor, unit), currency, rounded=minor))
    return lines


def _refuse_unknown(group: Group) -> None:
    unknown = sorted({part["type"] for part in group.terms["components"]} - _COMPONENTS)
    if unknown:
        raise NotCovered(f"charge component {unknown[0]!r} is not recomputed by this version")
    members = sorted(set(group.terms) - _KNOWN_TERMS)
    if members:
        raise NotCovered(f"the term {members[0]!r} is not recomputed by this version")


def _identity(document: Json) -> Identity:
    """Whose a document is; a credit note stands where the invoice would have."""
    if document["totals"]["statement"]:
        return STATEMENT
    first = document["lines"][0]
    key, kind = first["rated_line_key"], first["kind"]
    if key.startswith("customer:") and kind not in ("share", "shadow"):
        return "customer", document["issuer"], first["customer_external_id"]
    return PARTNER_PAPER


def _compare(files: Mapping[str, bytes], due: Mapping[Identity, Paper], result: Result) -> None:
    raw = [line for line in files["documents.jsonl"].split(b"\n") if line]
    statement = json.loads(files["statement.json"])
    result.statement = statement["number"]
    result.fingerprint = _sha(files["statement.json"])
    if files["statement.json"] not in raw:
        result.problems.append("statement.json is not among documents.jsonl")
    seen = set()
    for one in raw:
        document = json.loads(one)
        who = _identity(document)
        seen.add(who)
        _compare_paper(document, due.get(who), result)
    for who in sorted(set(due) - seen):
        result.differences.append(
            Difference(" ".join(filter(None, who)), "document", "absent", due[who].gross)
        )


def _compare_paper(document: Json, paper: Paper | None, result: Result) -> None:
    number, totals = document["number"], document["totals"]
    stated = totals["statement"]["closing_minor"] if totals["statement"] else totals["gross_minor"]
    if paper is None:
        result.totals[number] = Total(stated, None, document["currency"])
        result.differences.append(Difference(number, "document", stated, "absent"))
        return

    def same(what: str, told: Any, computed: Any) -> None:
        if told != computed:
            result.differences.append(Difference(number, what, told, computed))

    same("currency", document["currency"], paper.currency)
    lines = {(line["kind"], line["rated_line_key"]): line for line in document["lines"]}
    same("number of lines", len(document["lines"]), len(paper.lines))
    for key in sorted(set(lines) | set(paper.lines)):
        told = lines[key]["amount_minor"] if key in lines else "absent"
        where = f"line {lines[key]['position']}" if key in lines else "line"
        same(f"{where} {key[0]} {key[1].rsplit('/', 1)[-1]}", told, paper.lines.get(key, "absent"))
    same("net", totals["net_minor"], paper.net)
    taxes = [(Fraction(tax["percent"]), tax["amount_minor"]) for tax in totals["taxes"]]
    same("taxes", _tax_text(taxes), _tax_text(paper.taxes))
    same("gross", totals["gross_minor"], paper.gross)
    for name, value in paper.sums.items():
        same(name, totals["statement"][name], value)
    due = paper.sums.get("closing_minor", paper.gross)
    result.totals[number] = Total(stated, due, document["currency"])


def _tax_text(taxes: Sequence[tuple[Fraction, int]]) -> str:
    return ", ".join(f"{float(percent):g} % {amount}" for percent, amount in sorted(taxes))


# --- proof of inclusion (RFC 6962): this event is one of those that the day's root covers


def leaf_hash(event: Mapping[str, Any]) -> bytes:
    """SHA-256 of a zero byte and the event's canonical JSON."""
    return hashlib.sha256(b"\x00" + canonical(event)).digest()


def root_from_path(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes:
    """The root that a path leads to. Raises ValueError when the path does not fit the tree."""
    if not 0 <= index < size:
        raise ValueError(f"leaf {index} of a tree of {size}")
    node, last = index, size - 1
    for sibling in path:
        if not last:
            raise ValueError("the path is too long")
        if node % 2 or node == last:
            leaf = hashlib.sha256(b"\x01" + sibling + leaf).digest()
            while not node % 2 and node:
                node, last = node // 2, last // 2
        else:
            leaf = hashlib.sha256(b"\x01" + leaf + sibling).digest()
        node, last = node // 2, last // 2
    if last:
        raise ValueError("the path is too short")
    return leaf


def verify_proof(proof: Any, archive: Any = None) -> list[str]:
    """What is wrong with a proof (a path or the object); empty when it holds.

    With an archive, the root must also be the one the archive gives for that day.
    """
    try:
        data = json.loads(Path(proof).read_bytes()) if not isinstance(proof, Mapping) else proof
        if data["schema"] != PROOF_SCHEMA:
            return [f"the proof is {data['schema']}, this reads {PROOF_SCHEMA}"]
        path = [bytes.fromhex(one) for one in data["path"]]
        root = root_from_path(leaf_hash(data["event"]), data["index"], data["size"], path)
        if root.hex() != data["root"]:
            return ["the event is not in the tree with this root"]
        milliseconds = int(data["event"]["event_id"].replace("-", "")[:12], 16)
        if milliseconds // 86_400_000 != (_at(f"{data['day']}T00:00:00Z") - _at(_EPOCH)).days:
            return ["the event is not of that day: its id begins with its time"]
    except (KeyError, ValueError, TypeError, OSError) as error:
        return [f"the proof cannot be read: {error}"]
    return [] if archive is None else _in_archive(dict(data), Path(archive))


_EPOCH = "1970-01-01T00:00:00Z"


def _in_archive(proof: Json, path: Path) -> list[str]:
    result = Result()
    files = _read(path, result)
    _check_seal(files, result)
    if result.problems:
        return result.problems
    days = {one["day"]: one for one in json.loads(files["roots.json"])["days"]}
    found = days.get(proof["day"])
    if found is None:
        return [f"the archive has no root for {proof['day']}"]
    if (found["root"], found["size"]) != (proof["root"], proof["size"]):
        return [f"the archive's root for {proof['day']} is another one"]
    return []


def main(arguments: Sequence[str] | None = None) -> int:
    """`FILE` verifies an archive, `FILE PROOF` also that the proof's event is in it; exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if len(given) not in (1, 2):
        print("usage: verify-statement ARCHIVE.zip [PROOF.json]")  # noqa: T201
        return 2
    result = verify(given[0])
    print(result.text())  # noqa: T201
    wrong = verify_proof(given[1], given[0]) if len(given) == 2 else []
    for text in wrong:
        print(f"PROOF  {text}")  # noqa: T201
    if len(given) == 2 and not wrong:
        print("OK: the event is in the archive.")  # noqa: T201
    return 0 if result.ok and not wrong else 1


if __name__ == "__main__":
    raise SystemExit(main())
