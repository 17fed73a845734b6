"""A price list as people write it: one price a line.

`cached: cached_requests 0.002` is a key, a meter and its price per unit (without a key the meter is
the key); everything else, tiers, packages, what is included, is the rate's JSON object.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from billing.rules.errors import BadTerms
from billing.rules.rates import PER_UNIT, Rate, dump_rate, parse_rate
from tenants.rules.sayings import Said

# What a tier holds where it does not say otherwise.
_TIER = {"unit_price": "0", "flat_price": "0", "block": "1"}


def parse_prices(text: str) -> list[dict[str, Any]]:
    """The rates in full, as `parse_rate_card` reads them. Raises BadTerms naming the line."""
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            found.append(dump_rate(parse_rate(_read(line.strip()))))
        except ValueError as error:
            raise BadTerms(
                Said("Line %(number)s: %(error)s", number=number, error=error)
            ) from error
    if not found:
        raise BadTerms(Said("Give at least one price, such as: cached_requests 0.002"))
    return found


def written(rates: Iterable[Mapping[str, Any]]) -> str:
    """The lines that `parse_prices` reads back as these rates."""
    return "\n".join(_line(rate) for rate in rates)


def shown(rates: Iterable[Mapping[str, Any]]) -> str:
    """The same to be read: tiers as `served: gb_served graduated, 48 up to 500, 36 beyond`."""
    return "\n".join(_tiers(rate) or _line(rate) for rate in rates)


def _tiers(rate: Mapping[str, Any]) -> str:
    """'' for a rate that is more, or less, than tiers of unit prices."""
    plain = dump_rate(Rate(rate["key"], rate["meter"], rate["mode"]))
    said = {name for name, value in rate.items() if value != plain.get(name)}
    tiers = rate.get("tiers") or []
    others = {one.get(name, _TIER[name]) == _TIER[name] for one in tiers
              for name in ("flat_price", "block")}  # fmt: skip
    if said != {"tiers"} or False in others:
        return ""
    steps = [
        f"{one.get('unit_price', '0')} " + (f"up to {one['up_to']}" if one["up_to"] else "beyond")
        for one in tiers
    ]
    return f"{rate['key']}: {rate['meter']} {rate['mode']}, {', '.join(steps)}"


def _read(line: str) -> dict[str, Any]:
    if line.startswith("{"):
        data: dict[str, Any] = json.loads(line)
        return data
    key, colon, rest = line.partition(":")
    words = (rest if colon else line).split()
    if len(words) != 2:
        raise ValueError(
            Said(
                "%(line)s is not a meter and a price, such as: cached_requests 0.002",
                line=f"{line!r}",
            )
        )
    meter, price = words
    return {"key": key.strip() if colon else meter, "meter": meter, "mode": PER_UNIT,
            "unit_price": price}  # fmt: skip


def _line(rate: Mapping[str, Any]) -> str:
    plain = dump_rate(Rate(rate["key"], rate["meter"], rate["mode"]))
    said = {name: value for name, value in rate.items() if value != plain.get(name)}
    if rate["mode"] == PER_UNIT and set(said) <= {"unit_price"}:
        key = "" if rate["key"] == rate["meter"] else f"{rate['key']}: "
        return f"{key}{rate['meter']} {rate['unit_price']}"
    named = {name: rate[name] for name in ("key", "meter", "mode")}
    if "tiers" in said:
        said["tiers"] = [
            {name: value for name, value in tier.items() if (name, value) not in _TIER.items()}
            for tier in said["tiers"]
        ]
    return json.dumps({**named, **said}, ensure_ascii=False)
