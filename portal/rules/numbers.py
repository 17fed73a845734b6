"""Numbers for people: short forms with the same digits everywhere (pages, mails, PDFs)."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

STEPS = ((10**12, "T"), (10**9, "B"), (10**6, "M"), (10**3, "k"))
BYTES = ((10**12, "TB"), (10**9, "GB"), (10**6, "MB"), (10**3, "kB"))


def compact(value: int | float | Decimal) -> str:
    """Three digits and a letter: 950, 1.23k, 12.3k, 237M. Small fractions keep two places."""
    return _scaled(Decimal(str(value)), STEPS, "")


def compact_bytes(value: int | Decimal) -> str:
    """Bytes in decimal units, as billed: 0 B, 1.34 kB, 12.3 GB."""
    size = Decimal(value)
    return _scaled(size, BYTES, " ") if abs(size) >= 1000 else f"{size:.0f} B"


def grouped(value: int) -> str:
    """A whole number with thin groups of three: 1,234,567."""
    return f"{value:,}"


def percent(part: int | float | Decimal, whole: int | float | Decimal, places: int = 1) -> str:
    """`part` of `whole` as a percentage without the sign; an en dash when there is no whole."""
    if not whole:
        return "–"
    share = Decimal(str(part)) * 100 / Decimal(str(whole))
    return str(share.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP))


def change(now: int | float, before: int | float) -> float | None:
    """Relative change in percent, None when there is nothing to compare with."""
    return (float(now) - float(before)) * 100 / abs(float(before)) if before else None


def milliseconds(microseconds: float) -> str:
    """A latency in the unit people read: 0.42 ms, 9.3 ms, 140 ms, 1.42 s."""
    value = Decimal(str(microseconds)) / 1000
    if value >= 1000:
        return f"{_digits(value / 1000)} s"
    return f"{_digits(value)} ms"


def _scaled(value: Decimal, steps: tuple[tuple[int, str], ...], gap: str) -> str:
    size = abs(value)
    for unit, letter in steps:
        # 999,950 is a million once it is rounded to three digits.
        if size >= unit * Decimal("0.9995"):
            return f"{_digits(value / unit)}{gap}{letter}"
    return _digits(value)


def _digits(value: Decimal) -> str:
    """Three significant digits without trailing zeros after the point; whole from 100 on."""
    size = abs(value)
    places = 0 if size >= Decimal("99.95") else 1 if size >= Decimal("9.995") else 2
    text = str(value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP))
    return text.rstrip("0").rstrip(".") if "." in text else text
