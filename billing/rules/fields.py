"""Read members of a JSON object with errors that name the member and what is expected."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from billing.rules.errors import BadPeriod, BadTerms
from billing.rules.periods import whole_hour
from tenants.rules.sayings import Said

_REQUIRED: Any = object()
PLACES = 12


class Fields:
    """One JSON object being read; `close()` refuses members nobody asked for."""

    def __init__(self, data: object, where: str) -> None:
        if not isinstance(data, Mapping):
            raise BadTerms(
                Said(
                    "%(where)s must be a JSON object, not %(kind)s.",
                    where=where,
                    kind=type(data).__name__,
                )
            )
        self.where = where
        self._left: dict[str, Any] = dict(data)

    def take(self, name: str, default: Any = _REQUIRED) -> Any:
        """A member as it is; remembered as read. Raises BadTerms when it is required and absent."""
        if name not in self._left and default is _REQUIRED:
            raise BadTerms(
                Said("%(where)s lacks the member %(name)s.", where=self.where, name=f"{name!r}")
            )
        return self._left.pop(name, default)

    def fail(self, name: str, value: object, expected: Said) -> BadTerms:
        """The error for a member of the wrong kind, to be raised by the caller."""
        return BadTerms(
            Said(
                "%(where)s: %(name)s must be %(expected)s, not %(value)s.",
                where=self.where,
                name=f"{name!r}",
                expected=expected,
                value=f"{value!r}",
            )
        )

    def text(self, name: str, default: Any = _REQUIRED) -> str:
        """A text member."""
        value = self.take(name, default)
        if not isinstance(value, str):
            raise self.fail(name, value, Said("text"))
        return value

    def choice(self, name: str, allowed: tuple[str, ...], default: Any = _REQUIRED) -> str:
        """One of the allowed texts."""
        value = self.take(name, default)
        if value not in allowed:
            raise self.fail(name, value, Said("one of %(known)s", known=", ".join(allowed)))
        return str(value)

    def flag(self, name: str, default: bool) -> bool:
        """True or false."""
        value = self.take(name, default)
        if not isinstance(value, bool):
            raise self.fail(name, value, Said("true or false"))
        return value

    def whole(
        self, name: str, default: Any = _REQUIRED, *, least: int = 0, most: int = 2**53 - 1
    ) -> int:
        """A whole number within bounds; the upper one is the largest that JSON carries exactly."""
        value = self.take(name, default)
        if type(value) is not int or not least <= value <= most:
            bounds = Said("a whole number from %(least)s to %(most)s", least=least, most=most)
            raise self.fail(name, value, bounds)
        return value

    def whole_or_none(self, name: str) -> int | None:
        """A whole number, or None when absent or null."""
        value = self.take(name, None)
        if value is None:
            return None
        self._left[name] = value
        return self.whole(name)

    def decimal(self, name: str, default: Any = _REQUIRED) -> Decimal:
        """A non-negative decimal written as text (or a whole number), at most 12 places."""
        value = self.take(name, default)
        if type(value) not in (str, int, Decimal):
            raise self.fail(name, value, Said("a decimal written as text, such as '0.002'"))
        try:
            number = Decimal(value)
        except InvalidOperation:
            raise self.fail(name, value, Said("a decimal such as '0.002'")) from None
        if not number.is_finite() or number < 0:
            raise self.fail(name, value, Said("a finite number that is not negative"))
        places = number.as_tuple().exponent
        if isinstance(places, int) and places < -PLACES:
            raise self.fail(name, value, Said("a number with at most %(n)s decimals", n=PLACES))
        return number

    def decimal_or_none(self, name: str) -> Decimal | None:
        """A decimal, or None when absent or null."""
        value = self.take(name, None)
        if value is None:
            return None
        self._left[name] = value
        return self.decimal(name)

    def instant(self, name: str) -> datetime:
        """A full UTC hour."""
        value = self.take(name)
        return parse_instant(value, f"{self.where}: {name!r}")

    def instant_or_none(self, name: str) -> datetime | None:
        """A full UTC hour, or None when absent or null."""
        value = self.take(name, None)
        return None if value is None else parse_instant(value, f"{self.where}: {name!r}")

    def items(self, name: str, default: Any = _REQUIRED) -> list[Any]:
        """A list member."""
        value = self.take(name, default)
        if not isinstance(value, list | tuple):
            raise self.fail(name, value, Said("a list"))
        return list(value)

    def close(self) -> None:
        """Raises BadTerms when the object has members that nobody read."""
        if self._left:
            unknown = ", ".join(sorted(self._left))
            raise BadTerms(
                Said(
                    "%(where)s has unknown members: %(unknown)s. Remove or correct them.",
                    where=self.where,
                    unknown=unknown,
                )
            )


def parse_instant(value: object, where: str) -> datetime:
    """`"2026-03-01T00:00:00Z"` on a full UTC hour. Raises BadTerms."""
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) else None
        if at is None:
            raise BadPeriod(Said("it is not text"))
        return whole_hour(at)
    except ValueError as error:
        raise BadTerms(
            Said(
                "%(where)s must be a full UTC hour such as 2026-03-01T00:00:00Z, not "
                "%(value)s: %(error)s",
                where=where,
                value=f"{value!r}",
                error=error,
            )
        ) from None


def instant_text(at: datetime) -> str:
    """The one spelling of an instant in stored JSON: `2026-03-01T00:00:00Z`."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def decimal_text(value: Decimal) -> str:
    """The one spelling of a Decimal in stored JSON: no exponent, no trailing zeros."""
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("", "-0") else text
