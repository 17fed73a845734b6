"""What papers say about a partner's company beside its legal name. Pure.

The check digits of tax IDs are those of python-stdnum; where it knows no rule for a country, an ID
is taken as it is typed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

from stdnum import get_cc_module
from stdnum.eu.vat import MEMBER_STATES
from stdnum.exceptions import ValidationError

LANGUAGES = ("en", "de")
_COUNTRY = re.compile(r"[A-Z]{2}")
_ADDRESS_LINES, _LINE = 6, 120
_LONGEST = {"tax_id": 40, "email": 254}
_OWN_NAMES = {"us": "ein"}  # where a company's tax ID is no VAT number


class BadCompany(ValueError):
    """A fact that cannot stand on a paper; `member` names it, `code` says why."""

    def __init__(self, member: str, code: str) -> None:
        super().__init__(f"{member}: {code}")
        self.member, self.code = member, code


@dataclass(frozen=True, slots=True)
class Company:
    """`address` in lines, `country` ISO 3166 alpha-2, `language` of the partner's own papers."""

    address: str = ""
    country: str = ""
    tax_id: str = ""
    email: str = ""
    language: str = "en"

    def party(self) -> dict[str, str]:
        """The members that a paper prints of a party."""
        facts = asdict(self)
        del facts["language"]
        return facts


def checked(given: Mapping[str, str]) -> Company:
    """Facts tidied up. Raises BadCompany: country (unknown), address (long), tax_id (needs_country,
    wrong, long), email (bad), language (unknown)."""
    facts = {name: str(given.get(name, "")).strip() for name in Company.__dataclass_fields__}
    country = facts["country"].upper()
    if country and not _COUNTRY.fullmatch(country):
        raise BadCompany("country", "unknown")
    lines = [line.strip() for line in facts["address"].splitlines() if line.strip()]
    if len(lines) > _ADDRESS_LINES or any(len(line) > _LINE for line in lines):
        raise BadCompany("address", "long")
    for name, most in _LONGEST.items():
        if len(facts[name]) > most:
            raise BadCompany(name, "long")
    if facts["language"] not in LANGUAGES:
        raise BadCompany("language", "unknown")
    if "\0" in "".join(facts.values()):
        raise BadCompany("address", "long")
    tax_id = tax_id_of(facts["tax_id"], country) if facts["tax_id"] else ""
    return Company("\n".join(lines), country, tax_id, facts["email"], facts["language"])


def tax_id_of(text: str, country: str) -> str:
    """A tax ID in its written form; within the EU with the country before it, as invoices need.

    Raises BadCompany: tax_id (needs_country, wrong).
    """
    if not country:
        raise BadCompany("tax_id", "needs_country")
    code = country.lower()
    rule = _rule(code)
    if rule is None:
        return " ".join(text.split())
    try:
        number = str(rule.validate(text))
    except ValidationError as error:
        raise BadCompany("tax_id", "wrong") from error
    prefix = "EL" if code == "gr" else country
    within = code in MEMBER_STATES and not number.startswith(prefix)
    return f"{prefix}{number}" if within else number


@cache
def _rule(code: str) -> Any:
    return get_cc_module(code, _OWN_NAMES.get(code, "vat"))
