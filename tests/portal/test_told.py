"""What rules say reaches a reader in the reader's language, by one way for every door."""

import json
import pickle
import re
from pathlib import Path

import pytest
from django.utils import translation

from billing.rules import payouts, runs
from billing.rules.errors import BadMoney, WrongState
from billing.rules.money import parse_amount
from cache_api.rules.customer_facts import BadCustomer, external_id, read_table
from portal import catalogs
from portal.words.codes import HOLES, in_words
from portal.words.told import LEAST_LETTERS, retold, told
from tenants.rules.sayings import Said, saying


@pytest.mark.parametrize(("language", "text"), [
    ("en", "An id has 1 to 200 printable characters, no spaces around it."),
    ("de", "Eine ID hat 1 bis 200 druckbare Zeichen und keine Leerzeichen davor oder dahinter."),
])  # fmt: skip
def test_an_error_is_told_in_the_language_of_who_reads_it(language, text):
    with pytest.raises(BadCustomer) as refused:
        external_id(" a")
    with translation.override(language):
        assert told(refused.value) == text
    assert str(refused.value).startswith("An id has 1 to 200")  # logs and programs


def test_a_line_of_a_table_keeps_its_sentence():
    _rows, [line] = read_table("external_id\n_default\n")
    with translation.override("de"):
        assert told(line.reason) == "_default steht für Anfragen, die keinen Kunden nennen."


def test_a_fact_that_is_a_sentence_is_told_too_and_plain_text_stays():
    inner = BadMoney(Said("%(text)s is not an amount. Write it like 1204.10.", text="'x'"))
    outer = Said("A quota is a whole number of lookups: %(error)s", error=inner)
    with translation.override("de"):
        assert told(outer) == ("Ein Kontingent ist eine ganze Zahl von Abfragen: 'x' ist kein "
                               "Betrag. Schreiben Sie ihn wie 1204.10.")  # fmt: skip
        assert told(ValueError("as it is: 100 %")) == "as it is: 100 %"
        assert told(ValueError()) == "" and told("plain") == "plain"


def test_a_sentence_is_a_text_like_any_other():
    said = Said("%(n)s of 100 %%", n=5)
    assert said == "5 of 100 %" and json.dumps(said) == '"5 of 100 %"'
    again = pickle.loads(pickle.dumps(said))
    assert (again, again.msgid, again.facts) == (said, said.msgid, {"n": 5})
    assert Said("100 % as it is") == "100 % as it is"
    assert saying(ValueError(said)) is said


def test_what_a_person_typed_is_no_template():
    with pytest.raises(BadMoney) as refused:
        parse_amount("%(x)s %d", "USD")
    with translation.override("de"):
        assert told(refused.value).startswith("'%(x)s %d' ist kein Betrag")


@pytest.mark.parametrize(("kept", "german"), [
    ("No open invoice has this number or amount.",
     "Keine offene Rechnung hat diese Nummer oder diesen Betrag."),
    ("It names R-1, which is paid already.", "Sie nennt R-1, das ist schon bezahlt."),
    ("'a customer' has no tax status, and this agreement's documents carry tax. Enter its country "
     "and treatment (standard, reduced, reverse charge, exempt, none), then settle again.",
     "'a customer' hat keinen Steuerstatus, und die Belege dieser Vereinbarung enthalten Steuer. "
     "Tragen Sie Land und Behandlung ein (normal, ermäßigt, umgekehrt, befreit, keine), dann "
     "rechnen Sie erneut ab."),
    ("The boat sank.\nNo invoice has a number.", "The boat sank.\nNo invoice has a number."),
    ("approved", "approved"),
    ("", ""),
])  # fmt: skip
def test_what_a_row_kept_in_english_is_told_again(kept, german):
    with translation.override("de"):
        assert retold(kept) == german
    assert retold(kept) == kept


def test_no_sentence_of_the_rules_is_taken_for_another():
    """Each one with facts, kept as text, comes back as what it says in German."""
    facts = {name: f"‹{name}›" for name in "abcdefgh"}
    with translation.override("de"):
        for msgid in _with_holes():
            holes = dict.fromkeys(re.findall(r"%\((\w+)\)s", msgid))
            said = Said(msgid, **dict(zip(holes, facts.values(), strict=False)))
            assert retold(str(said)) == told(said), msgid


def _with_holes() -> list[str]:
    base = Path(__file__).resolve().parents[2]
    said = [one.id for one in catalogs.read(base / "locale" / "de" / catalogs.INSIDE)
            if isinstance(one.id, str) and "%(" in one.id
            and any(path.startswith(("billing/", "tenants/", "cache_api/")) for path, _ in
                    one.locations)]  # fmt: skip
    assert len(said) > 300
    return [one for one in said if len(re.sub(r"%\(\w+\)s|\s", "", one)) >= LEAST_LETTERS]


@pytest.mark.parametrize(("language", "text"), [
    ("en", "A run that is in review cannot be issued. It can: be approved, be sent back, be "
           "parked."),
    ("de", "Ein Lauf im Zustand „in Prüfung“ kann nicht ausgestellt werden. Er kann: genehmigt "
           "werden, zurückgeschickt werden, geparkt werden."),
])  # fmt: skip
def test_states_and_verbs_are_said_in_words_and_written_as_codes(language, text):
    with pytest.raises(WrongState) as refused:
        runs.next_state("in_review", "issue")
    with translation.override(language):
        assert told(refused.value) == text
    with translation.override("de"):  # also where a row kept it as English text
        assert retold(str(refused.value)) == told(refused.value)
    assert str(refused.value).startswith("A run that is in_review cannot issue.")


def test_every_state_and_verb_has_its_words():
    for rules in (runs, payouts):
        codes = {"state": rules.STATES, "verb": {verb for _, verb in rules.TRANSITIONS}}
        for hole, names in codes.items():
            assert {name for name in names if name not in HOLES[hole]} == set()
    assert in_words("state", "odd_one") == "odd_one" and in_words("name", "open") == "open"
