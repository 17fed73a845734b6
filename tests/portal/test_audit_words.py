"""Every verb of the audit log has its words, found in the code that writes it."""

import ast
import re
from pathlib import Path

import pytest
from django.utils import translation

from billing.models import BankLine
from billing.rules import books, disputes, finance_requests, payouts, runs, status
from portal.words import CHARGEBACK_STATES, PERMISSIONS
from portal.words.audit import ACTS, THINGS, act
from portal.words.facts import FACTS, Fact, facts
from tenants.rules.domain_states import Cert, Routing
from tenants.rules.senders import Sending

BASE = Path(__file__).resolve().parents[2]
FILES = [path for app in ("tenants", "cache_api", "billing", "portal")
         for path in (BASE / app).rglob("*.py")]  # fmt: skip
# What is written as f"thing.{act}", from the tables it comes from.
MADE = {
    "bankline": BankLine.State.values,
    "books": (books.CLOSE, books.ASK, books.REOPEN),
    "brand": {f"sender_{state}" for state in Sending},
    "dispute": disputes.ENTRY_KINDS,
    "domain": {*map(str, Routing), *(f"certificate_{cert}" for cert in Cert)} - {"draft"},
    "document": status.EVENT_KINDS,
    "payout": {verb for _state, verb in payouts.TRANSITIONS},
    "run": runs.VERBS,
    **dict.fromkeys(finance_requests.KINDS, ("asked", "approved", "declined")),
}
NOTED = re.compile(r"_note\(\w+, \"(\w+)\"(?: if \w+ else \"(\w+)\")?")


def written() -> set[str]:
    """The verbs that stand in the code: `verb=`, or given to a helper that writes them down."""
    before = (r"(?:verb=|verb = |_log\(\w+, (?:\w+, )?|log\(circle, |_record\(|"
              r"^_?(?:VERB|ASKED|ERASED) = |else )")  # fmt: skip
    quoted = re.compile(before + rf'"((?:{"|".join(THINGS)})\.[a-z_]+)"', re.MULTILINE)
    strict = re.compile(r'record\([^()]*verb="([a-z_.]+)"')
    texts = [path.read_text() for path in FILES]
    return {one for text in texts for found in (quoted, strict) for one in found.findall(text)}


def test_every_verb_that_is_written_has_words():
    verbs = written() | {f"{thing}.{one}" for thing, acts in MADE.items() for one in acts}
    for name, thing in (("cache_api/actions/alerts.py", "alert"),
                        ("cache_api/actions/hooks/endpoints.py", "webhook")):  # fmt: skip
        noted = NOTED.findall((BASE / name).read_text())
        verbs |= {f"{thing}.{one}" for pair in noted for one in pair if one}

    verbs -= set(PERMISSIONS)  # some are called alike
    assert len(verbs) > 150 and {"key.revoked", "run.park", "webhook.rolled"} <= verbs
    assert sorted(verb for verb in verbs if act(verb) == verb) == []
    assert set(CHARGEBACK_STATES) - set(ACTS) == set()


@pytest.mark.parametrize(("verb", "german"), [
    ("key.revoked", "API-Schlüssel: widerrufen"), ("person.invented", "person.invented"),
    ("nonsense", "nonsense"),
])  # fmt: skip
def test_a_verb_in_words(verb, german):
    with translation.override("de"):
        assert act(verb) == german


def fact_names():
    """The members of every `data={…}` that is given beside a verb."""
    for path in FILES:
        for call in ast.walk(ast.parse(path.read_text())):
            given = {one.arg: one.value for one in getattr(call, "keywords", [])}
            if "verb" in given and isinstance(given.get("data"), ast.Dict):
                yield from (one.value for one in given["data"].keys if one is not None)


def test_every_fact_that_is_written_has_words():
    names = set(fact_names())

    assert len(names) > 50 and {"reason", "invited_by", "net_minor"} <= names
    assert names - set(FACTS) == set()


ID = "0199f2a4-7c1e-7d30-8a55-0123456789ab"


@pytest.mark.parametrize(("verb", "data", "german"), [
    ("payment.recorded", {"amount_minor": 123456, "currency": "USD"},
     [Fact("Betrag", "1.234,56\xa0$"), Fact("Währung", "USD")]),
    ("run.park", {"state": "parked", "reason": "Kurs fehlt", "note": ""},
     [Fact("Status", "Geparkt"), Fact("Grund", "Kurs fehlt")]),
    ("person.invited", {"role": "analyst", "customer_id": ID}, [Fact("Rolle", "Analyst")]),
    ("customer.quota", {"before": None, "after": {"day": 10, "hard": False}},
     [Fact("Nachher", "Tag: 10, Harte Grenze: nein")]),
    ("look.page", {"look": ID, "path": "/x/", "odd_one": 1},
     [Fact("Ansicht des Supports", "0199f2a4…89ab", ID), Fact("Seite", "/x/"),
      Fact("odd one", "1")]),
    ("counts.kept", {"sha256": "ab" * 32}, [Fact("SHA-256", "abababab…abab", "ab" * 32)]),
])  # fmt: skip
def test_a_rows_facts_in_words(verb, data, german):
    with translation.override("de"):
        assert facts(verb, data, frozenset({"customer_id"})) == german
