"""What a partner writes down about a customer, checked; and a table of customers. Pure."""

import csv
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cache_api.rules import entitlements
from tenants.rules.sayings import Said, saying

LONGEST_ID = 200
LONGEST = {"name": 120, "plan": 80, "legal_name": 160, "tax_id": 40, "email": 254, "reference": 60}
MOST_LINES, LONGEST_LINE = 6, 120
MOST_ROWS = 100_000
ERASED = "customer.erased"  # the verb of an erasure's receipt in the log
BILLING = ("legal_name", "address", "country", "tax_id", "email", "reference", "currency")
COLUMNS = ("external_id", "name", "plan", *BILLING, "quota_day", "quota_month", "quota_hard")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_CODES = {"country": re.compile("[A-Z]{2}"), "currency": re.compile("[A-Z]{3}")}
_YES = {"": False, "no": False, "false": False, "0": False, "yes": True, "true": True, "1": True}


class BadCustomer(ValueError):
    """A fact that cannot be kept; `str()` says why, `member` names it."""

    def __init__(self, member: str, message: str) -> None:
        super().__init__(message)
        self.member = member


@dataclass(frozen=True)
class CustomerRow:
    """One customer of a table; empty facts leave those of a known customer as they are."""

    external_id: str
    name: str = ""
    plan: str = ""
    billing: Mapping[str, Any] = field(default_factory=dict)
    quota: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Refusal:
    """A line of the table that cannot be taken; line 1 is the head."""

    line: int
    member: str
    reason: str


def external_id(text: str) -> str:
    """The partner's own id of a customer. Raises BadCustomer."""
    if not 1 <= len(text) <= LONGEST_ID or not text.isprintable() or text != text.strip():
        raise BadCustomer(
            "external_id",
            Said(
                "An id has 1 to %(longest_id)s printable characters, no spaces around it.",
                longest_id=LONGEST_ID,
            ),
        )
    if text == "_default":
        raise BadCustomer(
            "external_id", Said("_default stands for requests that name no customer.")
        )
    return text


def line(member: str, text: str) -> str:
    """One line of text, trimmed. Raises BadCustomer."""
    text = text.strip()
    if len(text) > LONGEST[member] or not (text.isprintable() or not text):
        raise BadCustomer(
            member,
            Said(
                "%(member)s: at most %(it)s printable characters.",
                member=member,
                it=LONGEST[member],
            ),
        )
    if member == "email" and text and not _EMAIL.fullmatch(text):
        raise BadCustomer(member, Said("%(text)s is no e-mail address.", text=f"{text!r}"))
    return text


def billing(given: Mapping[str, str]) -> dict[str, Any]:
    """BILLING, the address as a list of lines, without empty ones; `reference` is what the customer
    wants to read on its invoices, such as the number of its order.

    Raises BadCustomer.
    """
    lines_of_text = ("legal_name", "tax_id", "email", "reference")
    facts: dict[str, Any] = {name: line(name, given.get(name, "")) for name in lines_of_text}
    lines = [part.strip() for part in given.get("address", "").splitlines() if part.strip()]
    if len(lines) > MOST_LINES or any(
        len(part) > LONGEST_LINE or not part.isprintable() for part in lines
    ):
        raise BadCustomer(
            "address",
            Said(
                "An address has at most %(most_lines)s lines of %(longest_line)s characters.",
                most_lines=MOST_LINES,
                longest_line=LONGEST_LINE,
            ),
        )
    facts["address"] = lines
    for name, shape in _CODES.items():
        code = given.get(name, "").strip().upper()
        if code and not shape.fullmatch(code):
            raise BadCustomer(
                name,
                Said(
                    "%(name)s must be its ISO code, such as %(it)s.",
                    name=name,
                    it="DE" if name == "country" else "EUR",
                ),
            )
        facts[name] = code
    return {name: facts[name] for name in BILLING if facts[name]}


def read_table(text: str) -> tuple[list[CustomerRow], list[Refusal]]:
    """The customers of a CSV text with a head line of COLUMNS, and every line that is refused.

    A line of an address ends with `|`. Raises BadCustomer when the table as a whole is no good.
    """
    reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    _check_head(reader)
    rows: list[CustomerRow] = []
    refused: list[Refusal] = []
    seen: dict[str, int] = {}
    try:
        for cells in reader:
            number = reader.line_num
            if len(rows) + len(refused) >= MOST_ROWS:
                raise BadCustomer(
                    "file",
                    Said("At most %(most_rows)s customers at a time.", most_rows=f"{MOST_ROWS:,}"),
                )
            try:
                row = _row(cells)
                if row.external_id in seen:
                    raise BadCustomer(
                        "external_id",
                        Said("The same id as in line %(it)s.", it=seen[row.external_id]),
                    )
            except BadCustomer as bad:
                refused.append(Refusal(number, bad.member, saying(bad)))
            else:
                seen[row.external_id] = number
                rows.append(row)
    except csv.Error as error:
        raise BadCustomer(
            "file",
            Said("Line %(line_num)s is no CSV: %(error)s.", line_num=reader.line_num, error=error),
        ) from error
    return rows, refused


def _check_head(reader: "csv.DictReader[str]") -> None:
    try:
        head = list(reader.fieldnames or ())
    except csv.Error as error:
        raise BadCustomer(
            "file", Said("The first line is no CSV: %(error)s.", error=error)
        ) from error
    unknown = [name for name in head if name not in COLUMNS]
    if "external_id" not in head or unknown or len(set(head)) < len(head):
        found = f" Not known: {', '.join(unknown)[:200]}." if unknown else ""
        raise BadCustomer(
            "file",
            Said(
                "The first line must name columns, external_id among them, each once. Known: "
                "%(columns)s.%(found)s",
                columns=", ".join(COLUMNS),
                found=found,
            ),
        )


def _row(cells: Mapping[str | None, Any]) -> CustomerRow:
    if None in cells or None in cells.values():
        raise BadCustomer("file", Said("The line has more or fewer cells than the first line."))
    given = {str(name): str(value) for name, value in cells.items()}
    address = given.get("address", "").replace("|", "\n")
    return CustomerRow(
        external_id=external_id(given["external_id"].strip()),
        name=line("name", given.get("name", "")), plan=line("plan", given.get("plan", "")),
        billing=billing({**given, "address": address}), quota=_quota(given),
    )  # fmt: skip


def _quota(given: Mapping[str, str]) -> dict[str, Any] | None:
    counts = {name: given.get(f"quota_{name}", "").strip() for name in ("day", "month")}
    hard = given.get("quota_hard", "").strip().lower()
    if hard not in _YES:
        raise BadCustomer("quota_hard", Said("quota_hard must be yes or no."))
    try:
        members: dict[str, Any] = {name: int(text) for name, text in counts.items() if text}
        return entitlements.quota({**members, "hard": _YES[hard]}) if members else None
    except (ValueError, entitlements.BadEntitlement) as error:
        raise BadCustomer(
            "quota", Said("A quota is a whole number of lookups: %(error)s", error=error)
        ) from error
